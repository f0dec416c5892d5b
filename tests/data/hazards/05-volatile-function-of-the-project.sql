-- Reported as: add-column-volatile-default
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int, note text);
INSERT INTO users SELECT g, 'u' || g || '@x.org', g % 90 FROM generate_series(1, 2000) g;
CREATE FUNCTION short_id() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'x'; END $$;
-- migration
SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN short text DEFAULT short_id();
