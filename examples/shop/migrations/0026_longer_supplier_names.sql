ALTER TABLE suppliers ALTER COLUMN name TYPE text;
ALTER TABLE suppliers ADD COLUMN country char(2) NOT NULL DEFAULT 'FR';
ALTER TABLE products ALTER COLUMN description DROP DEFAULT;
ALTER TABLE products ALTER COLUMN description DROP NOT NULL;
COMMENT ON TABLE customers IS 'People who have an account, and guests who bought once';
