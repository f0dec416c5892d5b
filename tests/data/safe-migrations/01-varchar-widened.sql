-- Pattern known from: Mastodon, Lemmy.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;
CREATE INDEX users_name_idx ON users (name);

-- migration
SET lock_timeout = '2s';
ALTER TABLE users ALTER COLUMN name TYPE varchar(255);

-- client
SELECT id FROM users WHERE name = $1;
INSERT INTO users (id, email, name) VALUES (0, 'a@example.org', 'a');
