-- Pattern known from: Sentry.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration, no transaction
CREATE UNIQUE INDEX CONCURRENTLY users_email_id_key ON users (email, id);

-- migration
SET lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT users_email_id_key UNIQUE USING INDEX users_email_id_key;
