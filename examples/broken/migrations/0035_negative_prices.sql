ALTER TABLE items DROP CONSTRAINT items_price_check;
ALTER TABLE items ADD CONSTRAINT items_price_floor CHECK (price >= -100);
