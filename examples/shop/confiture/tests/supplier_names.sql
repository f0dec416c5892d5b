-- 0026: longer names, a country, and products without a description; what its rollback makes of them.
-- confiture: migrate to 0025
INSERT INTO suppliers (name) VALUES ('Orchard');
INSERT INTO products (sku, name, price) VALUES ('JAM-1', 'Plum jam', 4.20);

-- confiture: migrate to 0026
-- confiture: assert
SELECT name = 'Orchard' AND country = 'FR' AS french FROM suppliers;
INSERT INTO products (sku, name, price) VALUES ('TEA-1', 'Tea', 3);
-- confiture: assert
SELECT bool_and((description IS NULL) = (sku = 'TEA-1')) AS only_new_ones FROM products;

-- confiture: rollback to 0025
INSERT INTO products (sku, name, price) VALUES ('TEA-2', 'Tea', 3);
-- confiture: assert
SELECT bool_and(description = '') AND count(*) = 3 AS all_described FROM products;
-- confiture: catch not_null_violation
UPDATE products SET description = NULL;
-- confiture: assert
SELECT name = 'Orchard' AS kept FROM suppliers;
-- confiture: catch string_data_right_truncation
UPDATE suppliers SET name = repeat('x', 121);
