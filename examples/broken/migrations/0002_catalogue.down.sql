DROP FUNCTION price_with_tax(numeric);
DROP TABLE shipping_zones;
DROP TABLE coupons;
DROP TABLE items;
