-- Reported as: rename-table
-- setup
CREATE SCHEMA app;
CREATE TABLE app.a (id int PRIMARY KEY);
-- migration
SET lock_timeout = '2s';
ALTER SCHEMA app RENAME TO shop;
-- client
SELECT id FROM app.a;
