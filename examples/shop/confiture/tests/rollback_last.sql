-- Rolled back to 0015, everything is defined as it was.
-- confiture: migrate to 0015
CREATE SCHEMA test;
-- What is not built in has an oid from 16384 on.
CREATE VIEW test.facts AS
SELECT c.oid::regclass::text AS name,
       concat_ws(' ', c.relkind, c.reloptions, c.relrowsecurity, obj_description(c.oid, 'pg_class'),
                 CASE c.relkind WHEN 'i' THEN pg_get_indexdef(c.oid) WHEN 'v' THEN pg_get_viewdef(c.oid) END) AS fact
FROM pg_class c WHERE c.relnamespace::regnamespace::text IN ('public', 'reporting')
UNION ALL
SELECT a.attrelid::regclass || '.' || a.attname,
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, nullif(a.attstattarget, -1),
                 pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum))
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE oid >= 16384
UNION ALL
SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT oid::regprocedure::text, prosrc FROM pg_proc WHERE oid >= 16384
UNION ALL
SELECT enumtypid::regtype::text, string_agg(enumlabel, ' ' ORDER BY enumsortorder) FROM pg_enum GROUP BY enumtypid
UNION ALL
SELECT polname, polrelid::regclass::text FROM pg_policy
UNION ALL
SELECT stxname, stxrelid::regclass::text FROM pg_statistic_ext
UNION ALL
SELECT seqrelid::regclass::text, format('%s %s', seqincrement, seqcache) FROM pg_sequence;
CREATE TABLE test.before (name text, fact text);
INSERT INTO test.before TABLE test.facts;

-- confiture: migrate to 0027
-- confiture: rollback to 0015
-- confiture: assert
SELECT NOT EXISTS (TABLE test.facts EXCEPT TABLE test.before) AS nothing_new,
       NOT EXISTS (TABLE test.before EXCEPT TABLE test.facts) AS nothing_gone;
