-- Pattern known from: Omnivore, docs.rs.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;
ALTER TABLE users ADD CONSTRAINT email_sane CHECK (email LIKE '%@%');

-- migration
SET lock_timeout = '2s';
ALTER TABLE users ALTER COLUMN email DROP NOT NULL;
ALTER TABLE users DROP CONSTRAINT email_sane;

-- client
INSERT INTO users (id, email) VALUES (0, 'a@example.org');
