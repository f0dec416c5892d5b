-- What the account page asks. From 0003 on, no migration may break it.
SELECT id, status, placed_at, note FROM orders WHERE customer_id = $1 ORDER BY placed_at DESC LIMIT 20;

INSERT INTO customers (email, full_name) VALUES ('query@example.org', 'Query');
INSERT INTO orders (customer_id, note)
SELECT id, 'ring twice' FROM customers WHERE email = 'query@example.org'
RETURNING id, status, placed_at;
