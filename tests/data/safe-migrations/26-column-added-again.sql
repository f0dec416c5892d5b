-- Pattern known from: Supabase Auth.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
ALTER TABLE IF EXISTS users ADD COLUMN IF NOT EXISTS banned_until timestamptz;
COMMENT ON COLUMN users.banned_until IS 'no login before';
