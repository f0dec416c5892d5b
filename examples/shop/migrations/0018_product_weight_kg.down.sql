COMMENT ON COLUMN products.weight_kg IS NULL;
ALTER TABLE products DROP CONSTRAINT products_weight_positive;
ALTER TABLE products RENAME COLUMN weight_kg TO weight_grams;
ALTER TABLE products ALTER COLUMN weight_grams TYPE integer USING (weight_grams * 1000)::integer;
ALTER TABLE products ADD CONSTRAINT products_weight_positive CHECK (weight_grams > 0);
