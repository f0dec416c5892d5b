ALTER TABLE accounts DROP COLUMN initial;
