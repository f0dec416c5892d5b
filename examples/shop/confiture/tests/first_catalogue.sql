-- What the first versions promised, where later ones have changed it.
-- confiture: migrate to 0001
-- confiture: assert
SELECT obj_description('customers'::regclass) = 'People who have an account' AS guests_come_later;
INSERT INTO customers (id, email, full_name, phone, created_at) OVERRIDING SYSTEM VALUE
VALUES (1, 'ada@example.org', 'Ada', '555', '2020-01-01');
-- confiture: catch unique_violation (the number alone is the account)
INSERT INTO customers (id, email, full_name, phone, created_at) OVERRIDING SYSTEM VALUE
VALUES (1, 'bob@example.org', 'Bob', '556', '2021-01-01');

-- confiture: migrate to 0002
INSERT INTO products (id, sku, name, price, weight_grams, supplier_name)
VALUES (1, 'JAM-1', 'Plum jam', 4.20, 1, repeat('x', 120));
-- confiture: catch unique_violation (the number alone is the product)
INSERT INTO products (id, sku, name, description, price, weight_grams, supplier_name)
VALUES (1, 'TEA-1', 'Tea', 'Green', 3, 50, 'Orchard');
-- confiture: assert
SELECT description = '' AND pg_typeof(weight_grams) = 'integer'::regtype AS described FROM products;
-- confiture: catch check_violation
UPDATE products SET weight_grams = 0;
-- confiture: catch check_violation
UPDATE products SET weight_grams = -1;
-- confiture: catch not_null_violation
UPDATE products SET description = NULL;
-- confiture: catch string_data_right_truncation
UPDATE products SET supplier_name = repeat('x', 121);

-- confiture: migrate to 0003
INSERT INTO orders (customer_id) SELECT id FROM customers;
-- confiture: assert
SELECT status = 'pending' AS not_yet_paid FROM orders;
