-- Pattern known from: GitLab, Rudder.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;
CREATE INDEX users_name_idx ON users (name);

-- migration, no transaction
CREATE INDEX CONCURRENTLY users_name_seen_idx ON users (name, seen);

-- migration, no transaction
DROP INDEX CONCURRENTLY users_name_idx;

-- migration
SET lock_timeout = '2s';
ALTER INDEX users_name_seen_idx RENAME TO users_name_idx;
