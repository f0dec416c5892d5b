ALTER TABLE orders DROP COLUMN weight_grams;
