-- pg_monitor exists on every server. A role of our own would be shared by all databases of the server.
GRANT USAGE ON SCHEMA reporting TO pg_monitor;
GRANT SELECT ON reporting.order_totals TO pg_monitor;
GRANT SELECT (id, created_at) ON customers TO pg_monitor;
REVOKE EXECUTE ON PROCEDURE refresh_stock_levels() FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE refresh_stock_levels() TO pg_monitor;
ALTER DEFAULT PRIVILEGES IN SCHEMA reporting GRANT SELECT ON TABLES TO pg_monitor;
