ALTER TABLE accounts ALTER COLUMN status DROP DEFAULT;
ALTER TABLE accounts ADD COLUMN status_since timestamptz;
