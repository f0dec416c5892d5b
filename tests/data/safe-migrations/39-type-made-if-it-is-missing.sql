-- Pattern known from: Drizzle projects, Documenso.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;

-- migration
DO $$ BEGIN
 CREATE TYPE plan AS ENUM ('free', 'paid');
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
CREATE TABLE IF NOT EXISTS subscriptions (id bigint PRIMARY KEY, plan plan NOT NULL DEFAULT 'free');
