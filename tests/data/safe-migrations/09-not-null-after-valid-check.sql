-- Pattern known from: GitLab, Sentry.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;
ALTER TABLE users ADD CONSTRAINT users_name_present CHECK (name IS NOT NULL) NOT VALID;

-- migration
SET lock_timeout = '2s';
ALTER TABLE users VALIDATE CONSTRAINT users_name_present;

-- migration
SET lock_timeout = '2s';
ALTER TABLE users ALTER COLUMN name SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_name_present;

-- client
INSERT INTO users (id, email, name) VALUES (0, 'a@example.org', 'a');
