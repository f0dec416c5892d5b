-- Reported as: rename-table
-- setup
CREATE SEQUENCE tickets;
-- migration
SET lock_timeout = '2s';
ALTER SEQUENCE tickets RENAME TO ticket_numbers;
-- client
SELECT nextval('tickets');
