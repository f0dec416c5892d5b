-- Reported as: rename-table
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int, note text);
INSERT INTO users SELECT g, 'u' || g || '@x.org', g % 90 FROM generate_series(1, 2000) g;
-- migration
SET lock_timeout = '2s';
ALTER TABLE users RENAME TO accounts;
CREATE VIEW users AS SELECT id, max(email) AS email, max(age) AS age, max(note) AS note FROM accounts GROUP BY id;
-- client
UPDATE users SET age = 3 WHERE id = 1;
