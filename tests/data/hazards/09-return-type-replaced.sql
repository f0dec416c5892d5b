-- Reported as: drop-or-replace-routine
-- setup
CREATE FUNCTION price(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
-- migration
SET lock_timeout = '2s';
CREATE OR REPLACE FUNCTION price(a int) RETURNS bigint LANGUAGE sql AS 'SELECT a::bigint';
