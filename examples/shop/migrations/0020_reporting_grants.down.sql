ALTER DEFAULT PRIVILEGES IN SCHEMA reporting REVOKE SELECT ON TABLES FROM pg_monitor;
REVOKE EXECUTE ON PROCEDURE refresh_stock_levels() FROM pg_monitor;
GRANT EXECUTE ON PROCEDURE refresh_stock_levels() TO PUBLIC;
REVOKE SELECT (id, created_at) ON customers FROM pg_monitor;
REVOKE SELECT ON reporting.order_totals FROM pg_monitor;
REVOKE USAGE ON SCHEMA reporting FROM pg_monitor;
