ALTER TABLE accounts DROP COLUMN imported_from;
