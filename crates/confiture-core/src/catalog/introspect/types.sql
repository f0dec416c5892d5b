-- Enums, domains, ranges and base types (composite types are relations).
SELECT 'type', 'pg_type'::regclass::oid, t.oid, t.oid, 0,
  ARRAY[t.typtype::text, n.nspname, t.typname, pg_get_userbyid(t.typowner), array_to_string(t.typacl, chr(1)),
    CASE t.typtype
      WHEN 'e' THEN (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder)::text
        FROM pg_enum e WHERE e.enumtypid = t.oid)
      WHEN 'd' THEN jsonb_build_object(
        'base_type', format_type(t.typbasetype, t.typtypmod), 'not_null', t.typnotnull,
        'default', COALESCE(pg_get_expr(t.typdefaultbin, 0), t.typdefault),
        'collation', CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::regcollation::text END)::text
      WHEN 'r' THEN (SELECT jsonb_build_object(
          'subtype', format_type(r.rngsubtype, NULL),
          'subtype_opclass', CASE WHEN NOT oc.opcdefault THEN quote_ident(ocn.nspname) || '.' || quote_ident(oc.opcname) END,
          'collation', CASE WHEN r.rngcollation <> st.typcollation THEN r.rngcollation::regcollation::text END,
          'canonical', NULLIF(r.rngcanonical::regproc::text, '-'),
          'subtype_diff', NULLIF(r.rngsubdiff::regproc::text, '-'),
          'multirange', format_type(r.rngmultitypid, NULL))::text
        FROM pg_range r JOIN pg_type st ON st.oid = r.rngsubtype
        JOIN pg_opclass oc ON oc.oid = r.rngsubopc JOIN pg_namespace ocn ON ocn.oid = oc.opcnamespace
        WHERE r.rngtypid = t.oid)
      ELSE CASE WHEN t.typisdefined THEN jsonb_strip_nulls(jsonb_build_object(
          'input', t.typinput::regproc::text, 'output', t.typoutput::regproc::text,
          'receive', NULLIF(t.typreceive::regproc::text, '-'), 'send', NULLIF(t.typsend::regproc::text, '-'),
          'typmod_in', NULLIF(t.typmodin::regproc::text, '-'), 'typmod_out', NULLIF(t.typmodout::regproc::text, '-'),
          'analyze', NULLIF(t.typanalyze::regproc::text, '-'),
          'subscript', NULLIF(t.typsubscript::regproc::text, '-'),
          'internallength', t.typlen::text, 'passedbyvalue', t.typbyval::text, 'alignment', t.typalign::text,
          'storage', t.typstorage::text, 'category', t.typcategory::text, 'preferred', t.typispreferred::text,
          'default', t.typdefault, 'element', CASE WHEN t.typelem <> 0 THEN format_type(t.typelem, NULL) END,
          'delimiter', t.typdelim::text, 'collatable', (t.typcollation <> 0)::text))::text
        ELSE '{"shell": "true"}' END
    END]::text[]
FROM /*rows types pg_type t oid*/
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE t.oid >= 16384 AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'b' AND t.typcategory <> 'A'
  OR t.typtype = 'p') AND /*own t.typnamespace pg_type t.oid*/

UNION ALL
SELECT 'constraint', 'pg_constraint'::regclass::oid, k.contypid, k.oid, 0,
  ARRAY[k.conname, k.contype::text, pg_get_constraintdef(k.oid), NULL, NULL, NULL,
    k.convalidated::text, 'false', 'false', 'true', 'false', 'false', NULL]::text[]
FROM /*rows types pg_constraint k contypid*/
WHERE k.contype = 'c' AND k.contypid >= 16384 AND /*own t.typnamespace pg_type t.oid*/
