-- Pattern known from: Discourse.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;
CREATE UNIQUE INDEX users_email_key ON users (email);

-- migration
SET lock_timeout = '2s';
ALTER TABLE users ALTER COLUMN email TYPE varchar, ALTER COLUMN name TYPE varchar;
