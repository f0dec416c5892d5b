-- Pattern known from: PowerSync, Electric.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;
CREATE PUBLICATION changes;

-- migration
SET lock_timeout = '2s';
ALTER PUBLICATION changes ADD TABLE users;

-- client
UPDATE users SET note = 'y' WHERE id = 1;
