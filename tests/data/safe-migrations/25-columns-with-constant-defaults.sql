-- Pattern known from: Pocket ID, Feldera.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN active boolean NOT NULL DEFAULT true, ADD COLUMN made timestamptz NOT NULL DEFAULT now(), ADD COLUMN tags text[] NOT NULL DEFAULT '{}', ADD COLUMN settings jsonb NOT NULL DEFAULT '{}'::jsonb, ADD COLUMN day date DEFAULT CURRENT_DATE, ADD COLUMN nick text;

-- client
INSERT INTO users (id, email) VALUES (0, 'a@example.org');
SELECT id, email, name FROM users WHERE id = $1;
