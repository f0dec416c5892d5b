COMMENT ON TABLE customers IS 'People who have an account';
UPDATE products SET description = '' WHERE description IS NULL;
ALTER TABLE products ALTER COLUMN description SET NOT NULL;
ALTER TABLE products ALTER COLUMN description SET DEFAULT '';
ALTER TABLE suppliers DROP COLUMN country;
ALTER TABLE suppliers ALTER COLUMN name TYPE varchar(120);
