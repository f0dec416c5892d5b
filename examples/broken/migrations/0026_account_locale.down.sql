ALTER TABLE accounts DISABLE TRIGGER accounts_touch;
UPDATE accounts SET status = 'new' WHERE locale <> 'en';
ALTER TABLE accounts DROP COLUMN locale;
