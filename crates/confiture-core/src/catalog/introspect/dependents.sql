-- Units whose printed text mentions the units in confiture.relations, confiture.types and confiture.routines,
-- or the constraints in confiture.constraints.
WITH named (class, oid) AS (
  SELECT 1259::oid, u FROM unnest(current_setting('confiture.relations')::oid[]) u
  UNION ALL SELECT 1247, c.reltype FROM unnest(current_setting('confiture.relations')::oid[]) u
    JOIN LATERAL (SELECT x.reltype FROM pg_class x WHERE x.oid = u OFFSET 0) c ON c.reltype <> 0
  UNION ALL SELECT 1247, t.typarray FROM unnest(current_setting('confiture.relations')::oid[]) u
    JOIN LATERAL (SELECT x.reltype FROM pg_class x WHERE x.oid = u OFFSET 0) c ON true
    JOIN LATERAL (SELECT x.typarray FROM pg_type x WHERE x.oid = c.reltype OFFSET 0) t ON t.typarray <> 0
  UNION ALL SELECT 1247, u FROM unnest(current_setting('confiture.types')::oid[]) u
  UNION ALL SELECT 1247, t.typarray FROM unnest(current_setting('confiture.types')::oid[]) u
    JOIN LATERAL (SELECT x.typarray FROM pg_type x WHERE x.oid = u OFFSET 0) t ON t.typarray <> 0
  UNION ALL SELECT 1247, r.rngmultitypid FROM unnest(current_setting('confiture.types')::oid[]) u
    JOIN LATERAL (SELECT x.rngmultitypid FROM pg_range x WHERE x.rngtypid = u OFFSET 0) r ON true
  UNION ALL SELECT 1255, u FROM unnest(current_setting('confiture.routines')::oid[]) u
  UNION ALL SELECT 2606, u FROM unnest(current_setting('confiture.constraints')::oid[]) u
), found AS MATERIALIZED (
  SELECT DISTINCT d.classid, d.objid FROM named
  JOIN LATERAL (SELECT x.classid, x.objid FROM pg_depend x
    WHERE x.refclassid = named.class AND x.refobjid = named.oid OFFSET 0) d ON true
)
SELECT DISTINCT u.sort, u.oid FROM (
  SELECT CASE WHEN classid = 'pg_proc'::regclass THEN 'routine'
      WHEN classid = 'pg_type'::regclass THEN 'type'
      WHEN classid = 'pg_constraint'::regclass
        AND EXISTS (SELECT FROM pg_constraint k WHERE k.oid = objid AND k.conrelid = 0) THEN 'type'
      ELSE 'relation' END,
    CASE classid
      WHEN 'pg_proc'::regclass THEN objid
      WHEN 'pg_type'::regclass THEN objid
      WHEN 'pg_class'::regclass THEN COALESCE((SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = objid), objid)
      WHEN 'pg_attrdef'::regclass THEN (SELECT d.adrelid FROM pg_attrdef d WHERE d.oid = objid)
      WHEN 'pg_constraint'::regclass THEN
        (SELECT CASE WHEN k.conrelid = 0 THEN k.contypid ELSE k.conrelid END FROM pg_constraint k WHERE k.oid = objid)
      WHEN 'pg_rewrite'::regclass THEN (SELECT r.ev_class FROM pg_rewrite r WHERE r.oid = objid)
      WHEN 'pg_trigger'::regclass THEN (SELECT g.tgrelid FROM pg_trigger g WHERE g.oid = objid)
      WHEN 'pg_policy'::regclass THEN (SELECT p.polrelid FROM pg_policy p WHERE p.oid = objid)
      WHEN 'pg_statistic_ext'::regclass THEN (SELECT s.stxrelid FROM pg_statistic_ext s WHERE s.oid = objid)
    END
  FROM found
) u (sort, oid) WHERE u.oid IS NOT NULL
