-- Pattern known from: Sourcegraph, Hasura.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
ALTER TABLE users RENAME TO accounts;
CREATE VIEW users AS SELECT * FROM accounts;

-- client
SELECT id, email FROM users WHERE id = $1;
INSERT INTO users (id, email) VALUES (0, 'a@example.org');
UPDATE users SET name = 'b' WHERE id = 1;
