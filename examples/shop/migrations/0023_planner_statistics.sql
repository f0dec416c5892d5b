CREATE STATISTICS orders_customer_status (ndistinct, dependencies) ON customer_id, status FROM orders;
ALTER TABLE orders ALTER COLUMN customer_id SET STATISTICS 500;
ALTER TABLE stock_movements_default SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
