-- Reported as: drop-table
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int, note text);
INSERT INTO users SELECT g, 'u' || g || '@x.org', g % 90 FROM generate_series(1, 2000) g;
CREATE VIEW people AS SELECT id FROM users;
-- migration
SET lock_timeout = '2s';
DROP VIEW people;
-- client
SELECT id FROM people;
