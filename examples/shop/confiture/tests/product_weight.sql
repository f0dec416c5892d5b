-- 0018 weighs products in kilograms instead of grams.
-- confiture: migrate to 0017
INSERT INTO products (id, sku, name, price, weight_grams)
VALUES (1, 'JAM-1', 'Plum jam', 4.20, 1), (2, 'JAM-2', 'Jam for all', 4.20, 40500), (3, 'TEA-1', 'Tea', 3, NULL);

-- confiture: migrate to 0018
-- confiture: assert
SELECT array_agg(weight_kg ORDER BY id) IS NOT DISTINCT FROM '{0.001,40.500,NULL}' AS in_kilograms FROM products;
-- confiture: catch check_violation
UPDATE products SET weight_kg = 0;
-- confiture: assert
SELECT col_description('products'::regclass, attnum) = 'With packaging' AS says_how
FROM pg_attribute WHERE attrelid = 'products'::regclass AND attname = 'weight_kg';

-- confiture: rollback to 0017
-- confiture: assert
SELECT array_agg(weight_grams ORDER BY id) IS NOT DISTINCT FROM '{1,40500,NULL}' AS in_grams FROM products;
-- confiture: catch check_violation
UPDATE products SET weight_grams = 0;
-- confiture: assert
SELECT format_type(atttypid, atttypmod) = 'integer' AND col_description(attrelid, attnum) IS NULL AS as_before
FROM pg_attribute WHERE attrelid = 'products'::regclass AND attname = 'weight_grams';
-- confiture: assert
SELECT pg_get_constraintdef(oid) = 'CHECK ((weight_grams > 0))' AS as_before
FROM pg_constraint WHERE conname = 'products_weight_positive';
