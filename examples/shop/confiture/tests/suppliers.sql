-- 0009 moves the repeated supplier names of products into a table; its rollback brings them back.
-- confiture: migrate to 0008
INSERT INTO products (sku, name, price, supplier_name)
VALUES ('JAM-1', 'Plum jam', 4.20, 'Orchard'), ('JAM-2', 'Quince jam', 4.80, 'Orchard'), ('TEA-1', 'Tea', 3, NULL),
       ('TEA-2', 'Green tea', 3, repeat('x', 120));

-- confiture: migrate to 0009
-- confiture: assert
SELECT count(*) = 2 AND min(name) = 'Orchard' AS each_once FROM suppliers;

-- confiture: assert
SELECT (p.supplier_id IS NULL) = (p.sku = 'TEA-1') AS has_its_supplier FROM products p;

-- confiture: catch foreign_key_violation
UPDATE products SET supplier_id = 99;
-- confiture: catch string_data_right_truncation
UPDATE suppliers SET name = repeat('x', 121) WHERE name = 'Orchard';

-- confiture: rollback to 0008
-- confiture: assert
SELECT array_agg(supplier_name::text ORDER BY sku) = ARRAY['Orchard', 'Orchard', NULL, repeat('x', 120)] AS names_are_back
FROM products;
-- confiture: catch string_data_right_truncation
UPDATE products SET supplier_name = repeat('x', 121);
