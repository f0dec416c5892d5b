-- Pattern known from: Boundary.

-- setup
CREATE DOMAIN public_id AS text CHECK (length(VALUE) > 3);
CREATE TABLE hosts (id public_id PRIMARY KEY, name public_id);
INSERT INTO hosts SELECT 'host' || g, 'name' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
ALTER TABLE hosts ALTER COLUMN name TYPE text;
