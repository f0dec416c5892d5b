-- Reported as: domain-constraint-not-valid-missing
-- setup
CREATE DOMAIN pos AS int;
CREATE TABLE d (id int PRIMARY KEY, v pos);
INSERT INTO d SELECT g, g FROM generate_series(1, 2000) g;
ALTER DOMAIN pos ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID;
-- migration
SET lock_timeout = '2s';
ALTER DOMAIN pos VALIDATE CONSTRAINT positive;
