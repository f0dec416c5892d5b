ALTER TABLE accounts ADD COLUMN initial text;
UPDATE accounts SET initial = left(owner, 1);
ALTER TABLE accounts ALTER COLUMN initial SET NOT NULL;
ALTER TABLE accounts ALTER COLUMN initial SET DEFAULT '?';
