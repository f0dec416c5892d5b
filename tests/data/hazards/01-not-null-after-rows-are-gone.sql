-- Reported as: set-not-null-without-check
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int, note text);
INSERT INTO users SELECT g, 'u' || g || '@x.org', g % 90 FROM generate_series(1, 2000) g;
-- migration
SET lock_timeout = '2s';
DELETE FROM users WHERE id > 500;
ALTER TABLE users ALTER COLUMN age SET NOT NULL;
