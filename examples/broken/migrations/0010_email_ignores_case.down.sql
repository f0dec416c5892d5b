DROP INDEX accounts_email_lower_idx;
CREATE INDEX accounts_email_uidx ON accounts (email);
