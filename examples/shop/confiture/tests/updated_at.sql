-- 0006 stamps rows with the time of their last change; those that exist take the time they were made.
-- confiture: migrate to 0005
INSERT INTO customers (email, full_name, created_at)
VALUES ('ada@example.org', 'Ada', '2020-01-01'), ('bob@example.org', 'Bob', '2021-01-01');
INSERT INTO customers (email, full_name, created_at)
SELECT format('guest%s@example.org', n), 'Guest', '2022-01-01' FROM generate_series(1, 8) n;
INSERT INTO orders (customer_id, status, placed_at, note)
SELECT id, 'paid', created_at + interval '1 day', 'ring twice' FROM customers;

-- confiture: migrate to 0006
-- confiture: assert
SELECT bool_and(updated_at = created_at) AS since_they_exist FROM customers;
-- confiture: assert
SELECT bool_and(updated_at = placed_at) AND count(*) = 10 AS since_they_were_placed FROM orders;

-- confiture: catch not_null_violation
INSERT INTO orders (customer_id, updated_at) SELECT id, NULL FROM customers;

UPDATE customers SET phone = '555' WHERE full_name = 'Ada';
UPDATE orders SET note = NULL WHERE placed_at < '2021-01-01';
-- confiture: assert
SELECT bool_and((updated_at > now() - interval '1 hour') = (phone IS NOT NULL)) AS changes_are_stamped FROM customers;
-- confiture: assert
SELECT bool_and((updated_at > now() - interval '1 hour') = (note IS NULL)) AS changes_are_stamped FROM orders;

INSERT INTO customers (email, full_name) VALUES ('eve@example.org', 'Eve');
INSERT INTO orders (customer_id) SELECT id FROM customers WHERE full_name = 'Eve';
-- confiture: assert
SELECT c.updated_at = c.created_at AND o.updated_at = o.placed_at AS new_rows_are_stamped
FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.full_name = 'Eve';

-- confiture: rollback to 0005
-- confiture: catch undefined_column
SELECT updated_at FROM orders;
-- confiture: catch undefined_column
SELECT updated_at FROM customers;
