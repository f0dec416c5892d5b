ALTER TABLE items DROP CONSTRAINT items_price_floor;
ALTER TABLE items ADD CONSTRAINT items_price_check CHECK (price >= 0) NOT VALID;
