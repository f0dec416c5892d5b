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
SELECT has_table_privilege('pg_monitor', 'reporting.order_totals', 'SELECT') AS totals,
       obj_description('reporting.order_totals'::regclass) = 'One row per order, also for orders without lines' AS explained,
       (SELECT array_agg(attname ORDER BY attnum) = '{order_id,customer_id,status,total}' FROM pg_attribute
        WHERE attrelid = 'reporting.order_totals'::regclass AND attnum > 0) AS columns;

DROP TABLE reporting.monthly;
-- confiture: rollback to 0019
CREATE TABLE reporting.monthly ();
-- confiture: assert
SELECT NOT has_schema_privilege('pg_monitor', 'reporting', 'USAGE')
   AND NOT has_table_privilege('pg_monitor', 'reporting.order_totals', 'SELECT')
   AND NOT has_table_privilege('pg_monitor', 'reporting.monthly', 'SELECT')
   AND NOT has_any_column_privilege('pg_monitor', 'customers', 'SELECT')
   AND has_function_privilege('public', 'refresh_stock_levels()', 'EXECUTE') AS as_before;
-- confiture: assert
SELECT proacl::text NOT LIKE '%pg_monitor%' AS nothing_of_its_own FROM pg_proc WHERE proname = 'refresh_stock_levels';
