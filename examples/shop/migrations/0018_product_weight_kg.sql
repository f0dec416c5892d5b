-- The CHECK is dropped and written anew: carried along through both type changes it would come back as
-- (weight_grams)::numeric > (0)::numeric, which is not what it was.
ALTER TABLE products DROP CONSTRAINT products_weight_positive;
ALTER TABLE products ALTER COLUMN weight_grams TYPE numeric(12, 3) USING weight_grams / 1000.0;
ALTER TABLE products RENAME COLUMN weight_grams TO weight_kg;
ALTER TABLE products ADD CONSTRAINT products_weight_positive CHECK (weight_kg > 0);
COMMENT ON COLUMN products.weight_kg IS 'With packaging';
