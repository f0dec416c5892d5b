-- Tables, partitioned and foreign tables, views, materialized views, sequences and composite types.
SELECT 'relation', 'pg_class'::regclass::oid, c.oid, c.oid, 0,
  ARRAY[c.relkind::text, n.nspname, c.relname, pg_get_userbyid(c.relowner),
    array_to_string(CASE WHEN c.relkind = 'c' THEN (SELECT t.typacl FROM pg_type t WHERE t.oid = c.reltype)
      ELSE c.relacl END, chr(1)),
    c.relpersistence::text,
    CASE WHEN c.relam NOT IN (0, 2) THEN (SELECT m.amname FROM pg_am m WHERE m.oid = c.relam) END, -- 2: heap
    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
    (SELECT string_agg(i.inhparent::text, chr(1) ORDER BY i.inhseqno)
       FROM pg_inherits i WHERE i.inhrelid = c.oid),
    array_to_string(c.reloptions, chr(1)),
    (SELECT string_agg('toast.' || o, chr(1)) FROM pg_class toast, unnest(toast.reloptions) o
       WHERE toast.oid = c.reltoastrelid),
    c.relrowsecurity::text, c.relforcerowsecurity::text,
    c.relreplident::text,
    CASE WHEN c.reltablespace <> 0 THEN (SELECT p.spcname FROM pg_tablespace p WHERE p.oid = c.reltablespace) END,
    CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
    c.relispopulated::text,
    CASE WHEN c.relkind = 'f' THEN (SELECT s.srvname FROM pg_foreign_table f
      JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid) END,
    CASE WHEN c.relkind = 'f' THEN (SELECT array_to_string(f.ftoptions, chr(1)) FROM pg_foreign_table f
      WHERE f.ftrelid = c.oid) END,
    c.reltype::text]::text[]
FROM /*rows relations pg_class c oid*/
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND /*own c.relnamespace pg_class c.oid*/

UNION ALL
SELECT 'sequence', 'pg_class'::regclass::oid, c.oid, c.oid, 0,
  ARRAY[n.nspname, c.relname, pg_get_userbyid(c.relowner), array_to_string(c.relacl, chr(1)),
    c.relpersistence::text,
    format_type(s.seqtypid, NULL), s.seqstart::text, s.seqincrement::text, s.seqmin::text, s.seqmax::text,
    s.seqcache::text, s.seqcycle::text, d.refobjid::text, d.refobjsubid::text, d.deptype::text]::text[]
FROM /*rows relations pg_class c oid*/
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
  AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
WHERE c.relkind = 'S' AND /*own c.relnamespace pg_class c.oid*/

UNION ALL
SELECT 'column', 'pg_class'::regclass::oid, a.attrelid, a.attrelid, a.attnum::int,
  ARRAY[a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
    CASE WHEN a.atthasdef THEN (SELECT pg_get_expr(d.adbin, d.adrelid)
      FROM pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) END,
    NULLIF(a.attgenerated::text, ''), NULLIF(a.attidentity::text, ''),
    CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
    CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END,
    NULLIF(a.attcompression::text, ''),
    NULLIF(a.attstattarget, -1)::text,
    array_to_string(a.attoptions, chr(1)), array_to_string(a.attfdwoptions, chr(1)),
    CASE WHEN a.attinhcount > 0 THEN 'false' END, array_to_string(a.attacl, chr(1))]::text[]
FROM /*rows tables pg_attribute a attrelid*/
JOIN LATERAL (SELECT typcollation, typstorage FROM pg_type WHERE pg_type.oid = a.atttypid /*each*/) t ON true
WHERE a.attnum > 0 AND NOT a.attisdropped
  -- IS TRUE keeps it from becoming a join: hashed, it costs one pass whatever the planner expects
  /*whole*/ AND (a.attrelid IN (SELECT c.oid FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
    AND /*own c.relnamespace pg_class c.oid*/)) IS TRUE /*end*/

UNION ALL
SELECT 'constraint', 'pg_constraint'::regclass::oid, k.conrelid, k.oid, 0,
  ARRAY[k.conname, k.contype::text, pg_get_constraintdef(k.oid), array_to_string(k.conkey, ' '),
    NULLIF(k.confrelid, 0)::text, array_to_string(k.confkey, ' '),
    k.convalidated::text, k.condeferrable::text, k.condeferred::text,
    'true', -- before 18
    k.conenforced::text, -- since 18
    k.connoinherit::text,
    (k.conparentid <> 0 OR NOT k.conislocal)::text,
    (SELECT 'disabled' FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgisinternal
       AND g.tgenabled = 'D' AND k.contype = 'f' LIMIT 1)]::text[]
FROM /*rows relations pg_constraint k conrelid*/
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND /*own c.relnamespace pg_class c.oid*/

UNION ALL -- since 18
SELECT 'not-null', 'pg_constraint'::regclass::oid, k.conrelid, k.oid, k.conkey[1]::int, -- since 18
  ARRAY[k.convalidated::text, k.connoinherit::text]::text[] -- since 18
FROM /*rows relations pg_constraint k conrelid*/ -- since 18
WHERE k.contype = 'n' AND (NOT k.convalidated OR k.connoinherit) -- since 18
  AND /*own c.relnamespace pg_class c.oid*/ -- since 18

UNION ALL
SELECT 'index', 'pg_class'::regclass::oid, i.indrelid, i.indexrelid, 0,
  ARRAY[x.relname, k.conname, CASE WHEN k.oid IS NULL THEN pg_get_indexdef(i.indexrelid) END,
    i.indisunique::text, i.indkey::text, i.indnkeyatts::text, i.indisvalid::text, i.indisready::text,
    i.indisclustered::text, i.indisreplident::text,
    CASE WHEN x.relispartition
      THEN (SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = i.indexrelid) END,
    CASE WHEN k.oid IS NOT NULL THEN array_to_string(x.reloptions, chr(1)) END,
    CASE WHEN x.reltablespace <> 0 THEN (SELECT p.spcname FROM pg_tablespace p WHERE p.oid = x.reltablespace) END,
    CASE WHEN i.indexprs IS NOT NULL THEN
      (SELECT string_agg(a.attnum || '=' || a.attstattarget, chr(1) ORDER BY a.attnum)
         FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0) END,
    (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)::text, ia.amname]::text[]
FROM /*rows relations pg_index i indrelid*/
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_am ia ON ia.oid = x.relam
LEFT JOIN LATERAL (SELECT k.oid, k.conname FROM pg_constraint k
  WHERE (i.indisunique OR i.indisexclusion) AND k.conrelid = i.indrelid AND k.conindid = i.indexrelid
    AND k.contype IN ('p', 'u', 'x') OFFSET 0) k ON true
WHERE /*own c.relnamespace pg_class c.oid*/

UNION ALL
SELECT 'trigger', 'pg_trigger'::regclass::oid, g.tgrelid, g.oid, 0,
  ARRAY[g.tgname, pg_get_triggerdef(g.oid), g.tgenabled::text, (g.tgparentid <> 0)::text]::text[]
FROM /*rows relations pg_trigger g tgrelid*/
LEFT JOIN LATERAL (SELECT tgenabled FROM pg_trigger WHERE pg_trigger.oid = g.tgparentid /*each*/) parent ON true
WHERE (CASE WHEN g.tgparentid = 0 THEN NOT g.tgisinternal
    ELSE g.tgenabled <> parent.tgenabled AND g.tgconstraint = 0 END)
  AND /*own c.relnamespace pg_class c.oid*/

UNION ALL
SELECT 'policy', 'pg_policy'::regclass::oid, p.polrelid, p.oid, 0,
  ARRAY[p.polname, p.polcmd::text, p.polpermissive::text,
    (SELECT string_agg(CASE WHEN r = 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(r)) END, chr(1)
        ORDER BY CASE WHEN r = 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(r)) END COLLATE "C")
       FROM unnest(p.polroles) r),
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)]::text[]
FROM /*rows relations pg_policy p polrelid*/
WHERE /*own c.relnamespace pg_class c.oid*/

UNION ALL
SELECT 'rule', 'pg_rewrite'::regclass::oid, r.ev_class, r.oid, 0,
  ARRAY[r.rulename, pg_get_ruledef(r.oid), r.ev_enabled::text]::text[]
FROM /*rows relations pg_rewrite r ev_class*/
WHERE r.rulename <> '_RETURN' AND /*own c.relnamespace pg_class c.oid*/

UNION ALL
SELECT 'statistics', 'pg_statistic_ext'::regclass::oid, s.stxrelid, s.oid, 0,
  ARRAY[n.nspname, s.stxname, pg_get_userbyid(s.stxowner), pg_get_statisticsobjdef(s.oid),
    NULLIF(s.stxstattarget, -1)::text]::text[]
FROM /*rows relations pg_statistic_ext s stxrelid*/
JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE /*own s.stxnamespace pg_statistic_ext s.oid*/
