-- An example: it runs after the last migration, on a database of its own. Say here what your application relies on.
-- confiture: assert
SELECT count(*) > 0 FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema');
