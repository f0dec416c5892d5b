-- Reported as: drop-or-replace-routine
-- setup
CREATE FUNCTION price(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
-- migration
SET lock_timeout = '2s';
DROP FUNCTION price(int);
CREATE FUNCTION price(a int) RETURNS text LANGUAGE sql AS 'SELECT a::text';
-- client
SELECT price(2) + 1;
