-- 0020: what monitoring may read and run. 0021 replaces the view, and its rollback drops it: the rights stay.
-- confiture: migrate to 0020
-- confiture: assert
SELECT has_schema_privilege('pg_monitor', 'reporting', 'USAGE') AS may_look,
       has_table_privilege('pg_monitor', 'reporting.order_totals', 'SELECT') AS totals,
       has_column_privilege('pg_monitor', 'customers', 'created_at', 'SELECT') AS growth,
       NOT has_column_privilege('pg_monitor', 'customers', 'email', 'SELECT') AS no_addresses,
       has_function_privilege('pg_monitor', 'refresh_stock_levels()', 'EXECUTE') AS refresh,
       NOT has_function_privilege('public', 'refresh_stock_levels()', 'EXECUTE') AS nobody_else;
CREATE TABLE reporting.monthly ();
-- confiture: assert
SELECT has_table_privilege('pg_monitor', 'reporting.monthly', 'SELECT') AS new_reports_as_well;

-- confiture: migrate to 0021
-- confiture: assert
SELECT has_table_privilege('pg_monitor', 'reporting.order_totals', 'SELECT') AS totals;
-- confiture: rollback to 0020
-- confiture: assert
SELECT has_table_privilege('pg_monitor', 'reporting.order_totals', 'SELECT') AS totals;

DROP TABLE reporting.monthly;
-- confiture: rollback to 0019
CREATE TABLE reporting.monthly ();
-- confiture: assert
SELECT NOT has_schema_privilege('pg_monitor', 'reporting', 'USAGE')
   AND NOT has_table_privilege('pg_monitor', 'reporting.order_totals', 'SELECT')
   AND NOT has_table_privilege('pg_monitor', 'reporting.monthly', 'SELECT')
   AND NOT has_any_column_privilege('pg_monitor', 'customers', 'SELECT')
   AND has_function_privilege('public', 'refresh_stock_levels()', 'EXECUTE') AS as_before;
