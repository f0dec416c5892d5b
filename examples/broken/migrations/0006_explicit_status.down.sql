ALTER TABLE accounts DROP COLUMN status_since;
