-- Pattern known from: Boundary
-- setup
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t VALUES (1, 'a');
CREATE DOMAIN label AS text;
-- migration
SET lock_timeout = '2s';
ALTER TABLE t ALTER COLUMN a TYPE label;
-- client
SELECT id FROM t WHERE a = 'a';
