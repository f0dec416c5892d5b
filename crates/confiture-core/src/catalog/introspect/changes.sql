-- Rows written since the transaction confiture.since (text of a 32-bit xid), by the unit they belong to.
SELECT 'changed', 'pg_class'::regclass::oid,
  CASE WHEN c.relkind IN ('i', 'I') THEN COALESCE((SELECT indrelid FROM pg_index WHERE indexrelid = c.oid), c.oid)
    ELSE c.oid END, c.oid, 0, ARRAY[n.nspname, c.relname, c.relkind::text]::text[]
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE age(c.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND /*alive pg_class c*/
UNION ALL
SELECT 'column', 'pg_class'::regclass::oid, a.attrelid, a.attrelid, a.attnum::int4,
  ARRAY[a.attname, a.attisdropped::text]::text[]
FROM pg_attribute a
WHERE age(a.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND a.attnum > 0 AND a.attrelid >= 16384
UNION ALL
SELECT DISTINCT 'touched', 'pg_class'::regclass::oid, u.unit, 0::oid, 0, NULL::text[]
FROM (
  SELECT d.adrelid FROM pg_attrdef d WHERE age(d.xmin) <= (SELECT age(current_setting('confiture.since')::xid))
  UNION ALL SELECT i.indrelid FROM pg_index i WHERE age(i.xmin) <= (SELECT age(current_setting('confiture.since')::xid))
  UNION ALL SELECT h.inhrelid FROM pg_inherits h WHERE age(h.xmin) <= (SELECT age(current_setting('confiture.since')::xid))
  UNION ALL SELECT s.seqrelid FROM pg_sequence s WHERE age(s.xmin) <= (SELECT age(current_setting('confiture.since')::xid))
  UNION ALL SELECT f.ftrelid FROM pg_foreign_table f WHERE age(f.xmin) <= (SELECT age(current_setting('confiture.since')::xid))
  UNION ALL SELECT t.typrelid FROM pg_type t WHERE age(t.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND t.typtype = 'c'
  UNION ALL SELECT g.tgrelid FROM pg_trigger g WHERE age(g.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND g.tgisinternal
  UNION ALL SELECT r.ev_class FROM pg_rewrite r WHERE age(r.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND r.rulename = '_RETURN'
) u (unit)
WHERE u.unit >= 16384
UNION ALL
SELECT 'changed', 'pg_constraint'::regclass::oid, CASE WHEN k.conrelid = 0 THEN k.contypid ELSE k.conrelid END,
  k.oid, (k.conrelid = 0)::int4, NULL
FROM pg_constraint k WHERE age(k.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND /*alive pg_constraint k*/
UNION ALL
SELECT 'changed', 'pg_trigger'::regclass::oid, g.tgrelid, g.oid, 0, NULL
FROM pg_trigger g WHERE age(g.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND /*alive pg_trigger g*/
UNION ALL
SELECT 'changed', 'pg_policy'::regclass::oid, p.polrelid, p.oid, 0, NULL
FROM pg_policy p WHERE age(p.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND /*alive pg_policy p*/
UNION ALL
SELECT 'changed', 'pg_rewrite'::regclass::oid, r.ev_class, r.oid, 0, NULL
FROM pg_rewrite r WHERE age(r.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND /*alive pg_rewrite r*/
UNION ALL
SELECT 'changed', 'pg_statistic_ext'::regclass::oid, s.stxrelid, s.oid, 0, NULL
FROM pg_statistic_ext s WHERE age(s.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND /*alive pg_statistic_ext s*/
UNION ALL
SELECT 'changed', 'pg_type'::regclass::oid, t.oid, t.oid, 0, ARRAY[n.nspname, t.typname]::text[]
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE age(t.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND /*alive pg_type t*/
UNION ALL
SELECT 'labels', 'pg_type'::regclass::oid, e.enumtypid, e.enumtypid, 0, NULL
FROM pg_enum e WHERE age(e.xmin) <= (SELECT age(current_setting('confiture.since')::xid))
UNION ALL
SELECT 'changed', 'pg_proc'::regclass::oid, p.oid, p.oid, 0, ARRAY[n.nspname, p.proname]::text[]
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE age(p.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND /*alive pg_proc p*/
UNION ALL
SELECT 'comment', d.classoid, d.objoid, d.objoid, d.objsubid, ARRAY[d.description]
FROM pg_description d
WHERE age(d.xmin) <= (SELECT age(current_setting('confiture.since')::xid)) AND (d.objoid >= 16384 OR d.objoid = 2200 AND d.classoid = 'pg_namespace'::regclass)
