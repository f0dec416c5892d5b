-- Pattern known from: docs.rs, Sourcegraph.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
UPDATE users SET note = 'y' WHERE id BETWEEN 1 AND 100;
UPDATE users SET note = 'y' WHERE id IN (SELECT id FROM users WHERE note = 'x' ORDER BY id LIMIT 100);
DELETE FROM users WHERE id = 300;
