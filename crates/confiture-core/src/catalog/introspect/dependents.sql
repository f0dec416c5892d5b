-- Units whose printed text mentions the units in confiture.relations, confiture.types and confiture.routines.
WITH named (class, oid) AS (
  SELECT 'pg_class'::regclass::oid, unnest(current_setting('confiture.relations')::oid[])
  UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_type t WHERE t.typrelid = ANY (current_setting('confiture.relations')::oid[])
  UNION ALL SELECT 'pg_type'::regclass, t.typarray FROM pg_type t WHERE t.typrelid = ANY (current_setting('confiture.relations')::oid[])
  UNION ALL SELECT 'pg_type'::regclass, unnest(current_setting('confiture.types')::oid[])
  UNION ALL SELECT 'pg_type'::regclass, t.typarray FROM pg_type t WHERE t.oid = ANY (current_setting('confiture.types')::oid[])
  UNION ALL SELECT 'pg_type'::regclass, r.rngmultitypid FROM pg_range r WHERE r.rngtypid = ANY (current_setting('confiture.types')::oid[])
  UNION ALL SELECT 'pg_proc'::regclass, unnest(current_setting('confiture.routines')::oid[])
), found AS (
  SELECT DISTINCT d.classid, d.objid FROM named JOIN pg_depend d ON d.refclassid = named.class AND d.refobjid = named.oid
)
SELECT 'relation', u.oid FROM (
  SELECT COALESCE(i.indrelid, c.oid) FROM found JOIN pg_class c ON c.oid = objid LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE classid = 'pg_class'::regclass
  UNION SELECT d.adrelid FROM found JOIN pg_attrdef d ON d.oid = objid WHERE classid = 'pg_attrdef'::regclass
  UNION SELECT k.conrelid FROM found JOIN pg_constraint k ON k.oid = objid WHERE classid = 'pg_constraint'::regclass AND k.conrelid <> 0
  UNION SELECT r.ev_class FROM found JOIN pg_rewrite r ON r.oid = objid WHERE classid = 'pg_rewrite'::regclass
  UNION SELECT g.tgrelid FROM found JOIN pg_trigger g ON g.oid = objid WHERE classid = 'pg_trigger'::regclass
  UNION SELECT p.polrelid FROM found JOIN pg_policy p ON p.oid = objid WHERE classid = 'pg_policy'::regclass
  UNION SELECT s.stxrelid FROM found JOIN pg_statistic_ext s ON s.oid = objid WHERE classid = 'pg_statistic_ext'::regclass
) u (oid)
UNION ALL
SELECT 'type', u.oid FROM (
  SELECT objid FROM found WHERE classid = 'pg_type'::regclass
  UNION SELECT k.contypid FROM found JOIN pg_constraint k ON k.oid = objid WHERE classid = 'pg_constraint'::regclass AND k.contypid <> 0
) u (oid)
UNION ALL
SELECT 'routine', objid FROM found WHERE classid = 'pg_proc'::regclass
