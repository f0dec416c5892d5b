-- Pattern known from: GitLab, Mastodon.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
ALTER TABLE users SET (autovacuum_vacuum_scale_factor = 0.01, fillfactor = 90);
ALTER TABLE users ALTER COLUMN name SET STATISTICS 1000;
ALTER TABLE users ALTER COLUMN note SET STORAGE EXTERNAL;
CREATE STATISTICS users_name_email ON name, email FROM users;
