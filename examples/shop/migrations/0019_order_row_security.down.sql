DROP POLICY orders_place_own ON orders;
DROP POLICY orders_read_own ON orders;
ALTER TABLE orders DISABLE ROW LEVEL SECURITY;
DROP FUNCTION current_customer_id();
