-- Reported as: new-constraint-rejects-old-writer
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int, note text);
INSERT INTO users SELECT g, 'u' || g || '@x.org', g % 90 FROM generate_series(1, 2000) g;
-- migration, no transaction
SET lock_timeout = 0;
CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);
-- client
INSERT INTO users (id, email) VALUES (88888, 'u1@x.org');
