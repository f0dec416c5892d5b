-- Reported as: drop-default-of-required-column
-- setup
CREATE TABLE a (id int PRIMARY KEY, s text NOT NULL DEFAULT 'x');
-- migration
SET lock_timeout = '2s';
ALTER TABLE a ALTER COLUMN s SET DEFAULT NULL;
-- client
INSERT INTO a (id) VALUES (1);
