-- confiture: no-transaction
ALTER TABLE coupons ADD COLUMN expires_on date;
CREATE UNIQUE INDEX CONCURRENTLY coupons_code_lower_uidx ON coupons (lower(code));
