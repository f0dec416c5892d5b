-- Reported as: set-schema
-- setup
CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('ok');
-- migration
SET lock_timeout = '2s';
ALTER TYPE mood SET SCHEMA app;
-- client
SELECT 'ok'::mood;
