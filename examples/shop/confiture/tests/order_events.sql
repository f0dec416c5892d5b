-- 0022 writes down what happens to orders, from the orders there are.
-- confiture: migrate to 0021
INSERT INTO customers (email, full_name) VALUES ('ada@example.org', 'Ada');
INSERT INTO orders (id, customer_id, status, placed_at)
SELECT n, c.id, CASE n WHEN 1 THEN 'paid' ELSE 'shipped' END::order_status, '2020-01-01 00:00:00+00'
FROM customers c, generate_series(1, 2) n;

-- confiture: migrate to 0022
-- confiture: assert
SELECT array_agg(format('%s %s %s %s %s', id, order_id, from_status, to_status, happened_at = '2020-01-01 00:00:00+00')
                 ORDER BY id) = '{1 1  paid t,2 2  shipped t}' AS those_there_are
FROM order_events;

INSERT INTO orders (id, customer_id) SELECT 3, id FROM customers;
UPDATE orders SET status = 'paid' WHERE id IN (1, 3);
UPDATE orders SET note = 'ring twice', status = status;
-- confiture: assert
SELECT array_agg(format('%s>%s', from_status, to_status) ORDER BY id) = '{>pending,pending>paid}' AS and_what_happens
FROM order_events WHERE order_id = 3;
-- confiture: assert
SELECT count(*) = 4 AS nothing_else FROM order_events;

DELETE FROM orders WHERE id = 3;
-- confiture: assert
SELECT count(*) = 2 AS go_with_their_order FROM order_events;

-- confiture: rollback to 0021
-- confiture: catch undefined_table
SELECT FROM order_events;
UPDATE orders SET status = 'cancelled';
