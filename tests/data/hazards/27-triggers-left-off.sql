-- Reported as: disable-trigger-all
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int, note text);
INSERT INTO users SELECT g, 'u' || g || '@x.org', g % 90 FROM generate_series(1, 2000) g;
-- migration
SET lock_timeout = '2s';
ALTER TABLE users DISABLE TRIGGER USER;
