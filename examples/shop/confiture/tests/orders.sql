-- 0003 to 0005: an order, its lines and what they add up to; then the way back, a version at a time.
-- confiture: migrate to 0003
INSERT INTO customers (email, full_name) VALUES ('ada@example.org', 'Ada');
INSERT INTO orders (id, customer_id) SELECT n, id FROM customers, generate_series(1, 2) n;
INSERT INTO products (id, sku, name, price) VALUES (1, 'JAM-1', 'Plum jam', 4.20);
INSERT INTO order_lines (order_id, line_no, product_id, quantity, unit_price) VALUES (1, 1, 1, 2, 4.20), (1, 2, 1, 3, 4);

-- confiture: catch unique_violation
UPDATE order_lines SET line_no = 1;
-- confiture: catch foreign_key_violation
UPDATE order_lines SET order_id = 99;
-- confiture: catch foreign_key_violation
UPDATE order_lines SET product_id = 99;
-- confiture: catch check_violation
UPDATE order_lines SET quantity = 0;
-- confiture: uses-index orders_pending_idx
SELECT id FROM orders WHERE status = 'pending' AND placed_at < '2020-01-01';
-- confiture: uses-index order_lines_product_idx
SELECT product_id FROM order_lines WHERE product_id = 1;

-- confiture: migrate to 0004
-- confiture: assert
SELECT array_agg(line_total ORDER BY line_no) = '{8.40,12.00}' AS a_line_s_total FROM order_lines;

-- confiture: migrate to 0005
-- confiture: assert
SELECT array_agg(format('%s %s %s', order_id, status, total) ORDER BY order_id) = '{1 pending 20.40,2 pending 0}'
   AND count(DISTINCT customer_id) = 1 AS an_order_s_total
FROM reporting.order_totals;

-- confiture: rollback to 0004
-- confiture: catch undefined_table
SELECT FROM reporting.order_totals;
-- confiture: rollback to 0003
-- confiture: catch undefined_column
SELECT line_total FROM order_lines;
-- confiture: rollback to 0002
-- confiture: catch undefined_table
SELECT FROM orders;
-- confiture: assert
SELECT count(*) = 1 AS the_product_stays FROM products;
