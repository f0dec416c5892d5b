ALTER TABLE orders ADD COLUMN weight_grams integer;
UPDATE orders SET weight_grams = 0 WHERE placed_on < now();
ALTER TABLE orders ADD CONSTRAINT orders_weight_check CHECK (weight_grams >= 0);
