-- Reported as: new-constraint-rejects-old-writer
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int, note text);
INSERT INTO users SELECT g, 'u' || g || '@x.org', g % 90 FROM generate_series(1, 2000) g;
-- migration
SET lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT aged CHECK (age IS NOT NULL) NOT VALID;
-- client
INSERT INTO users (id, email) VALUES (88888, 'x');
