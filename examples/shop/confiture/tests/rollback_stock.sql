-- Rolled back to the search, suppliers, payments, prices and stock are gone.
-- confiture: migrate to 0008
CREATE SCHEMA test;
-- What is not built in has an oid from 16384 on.
CREATE VIEW test.names AS
SELECT 'column' AS kind, attrelid::regclass || '.' || attname AS name FROM pg_attribute
WHERE attrelid >= 16384 AND attnum > 0 AND NOT attisdropped
UNION ALL SELECT 'type', oid::regtype::text FROM pg_type WHERE oid >= 16384
UNION ALL SELECT 'function', oid::regprocedure::text FROM pg_proc WHERE oid >= 16384
UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'schema', nspname FROM pg_namespace
UNION ALL SELECT 'extension', extname FROM pg_extension;
CREATE TABLE test.before (kind text, name text);
INSERT INTO test.before TABLE test.names;

-- confiture: migrate to 0015
-- confiture: rollback to 0008
-- confiture: assert
SELECT NOT EXISTS (TABLE test.names EXCEPT TABLE test.before) AS nothing_new,
       NOT EXISTS (TABLE test.before EXCEPT TABLE test.names) AS nothing_gone;
