-- Reported as: new-constraint-rejects-old-writer
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int, note text);
INSERT INTO users SELECT g, 'u' || g || '@x.org', g % 90 FROM generate_series(1, 2000) g;
-- migration
SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN tenant int;
UPDATE users SET tenant = 1 WHERE id < 3000;
ALTER TABLE users ALTER COLUMN tenant SET NOT NULL;
