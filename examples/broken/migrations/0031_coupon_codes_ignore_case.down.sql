DROP INDEX coupons_code_lower_uidx;
ALTER TABLE coupons DROP COLUMN expires_on;
