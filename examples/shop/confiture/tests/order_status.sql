-- 0016 adds the status refunded; rolled back, such an order is cancelled. All others keep what they have.
-- confiture: migrate to 0015
INSERT INTO customers (email, full_name) VALUES ('ada@example.org', 'Ada');
INSERT INTO orders (customer_id, status)
SELECT c.id, s FROM customers c, unnest(enum_range(NULL::order_status)) s;
INSERT INTO products (id, sku, name, price) VALUES (1, 'JAM-1', 'Plum jam', 4.20);
INSERT INTO order_lines (order_id, line_no, product_id, quantity, unit_price)
SELECT id, n, 1, 2, 10 FROM orders, generate_series(1, 2) n WHERE status = 'paid';

-- confiture: assert
SELECT array_agg(status ORDER BY status) = '{pending,paid,shipped,cancelled}' AS all_of_them FROM orders;

-- confiture: migrate to 0016
-- confiture: assert
SELECT array_agg(status ORDER BY status) = '{pending,paid,shipped,cancelled}' AS kept FROM orders;
-- confiture: assert
SELECT enum_range(NULL::order_status)::text = '{pending,paid,shipped,refunded,cancelled}' AS in_this_order;

INSERT INTO orders (customer_id) SELECT id FROM customers;
-- confiture: assert
SELECT status = 'pending' AS by_default FROM orders ORDER BY id DESC LIMIT 1;

UPDATE orders SET status = 'refunded' WHERE status = 'paid';
-- confiture: assert
SELECT count(DISTINCT order_id) = 5 AND count(DISTINCT customer_id) = 1 AND max(total) FILTER (WHERE status = 'refunded') = 40
   AND sum(total) = 40 AS totals
FROM reporting.order_totals;
-- confiture: uses-index orders_pending_idx
SELECT id FROM orders WHERE status = 'pending' AND placed_at < '2020-01-01';

-- confiture: rollback to 0015
-- confiture: assert
SELECT array_agg(status ORDER BY status)::text = '{pending,pending,shipped,cancelled,cancelled}' AS refunded_is_cancelled
FROM orders;
-- confiture: catch invalid_text_representation
UPDATE orders SET status = 'refunded';
INSERT INTO orders (customer_id) SELECT id FROM customers;
-- confiture: assert
SELECT status = 'pending' AS by_default FROM orders ORDER BY id DESC LIMIT 1;
