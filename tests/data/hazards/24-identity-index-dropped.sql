-- Reported as: drop-replica-identity
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int, note text);
INSERT INTO users SELECT g, 'u' || g || '@x.org', g % 90 FROM generate_series(1, 2000) g;
CREATE UNIQUE INDEX by_email ON users (email);
ALTER TABLE users REPLICA IDENTITY USING INDEX by_email;
CREATE PUBLICATION changes FOR TABLE users;
-- migration
SET lock_timeout = '2s';
DROP INDEX by_email;
-- client
UPDATE users SET age = 1 WHERE id = 1;
