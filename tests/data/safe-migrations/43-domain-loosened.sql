-- Pattern known from: Boundary.

-- setup
CREATE DOMAIN email AS text DEFAULT 'nobody@example.org' CONSTRAINT email_at CHECK (VALUE LIKE '%@%');
CREATE TABLE contacts (id int PRIMARY KEY, email email NOT NULL);
INSERT INTO contacts SELECT g, 'u@example.org' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
ALTER DOMAIN email DROP CONSTRAINT email_at;
ALTER DOMAIN email DROP DEFAULT;

-- client
INSERT INTO contacts VALUES (0, 'a@example.org');
