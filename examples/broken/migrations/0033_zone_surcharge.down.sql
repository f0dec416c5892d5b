ALTER TABLE shipping_zones DROP COLUMN surcharge;
