-- 0015 numbers the orders that exist, in the order they came, and goes on from there.
-- confiture: migrate to 0014
INSERT INTO customers (email, full_name) VALUES ('ada@example.org', 'Ada');
INSERT INTO orders (id, customer_id, placed_at, updated_at)
SELECT n, c.id, '2020-01-01'::timestamptz - n * interval '1 day', '2020-02-02' FROM customers c, generate_series(11, 14) n;

-- confiture: migrate to 0015
-- confiture: assert
SELECT array_agg(order_number ORDER BY id) = '{100001,100002,100003,100004}' AS in_order FROM orders;
-- confiture: assert
SELECT bool_and(updated_at = '2020-02-02') AS nobody_changed_them FROM orders;

INSERT INTO orders (id, customer_id) SELECT 15, id FROM customers;
-- confiture: assert
SELECT order_number = 100005 AS the_next_one FROM orders WHERE id = 15;

-- confiture: catch unique_violation
UPDATE orders SET order_number = 100001;
-- confiture: catch not_null_violation
UPDATE orders SET order_number = NULL;

UPDATE orders SET note = 'ring twice';
-- confiture: assert
SELECT bool_and(updated_at > '2020-02-02') AS the_trigger_is_back FROM orders;
