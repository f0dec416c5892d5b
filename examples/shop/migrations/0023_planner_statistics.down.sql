ALTER TABLE stock_movements_default RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE orders ALTER COLUMN customer_id SET STATISTICS -1;
DROP STATISTICS orders_customer_status;
