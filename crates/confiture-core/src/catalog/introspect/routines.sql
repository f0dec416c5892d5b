-- Functions, procedures, window functions and aggregates.
SELECT 'routine', 'pg_proc'::regclass::oid, p.oid, p.oid, 0,
  ARRAY[p.prokind::text, n.nspname, p.proname, oidvectortypes(p.proargtypes),
    pg_get_userbyid(p.proowner), array_to_string(p.proacl, chr(1)),
    pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), l.lanname,
    COALESCE(pg_get_function_sqlbody(p.oid), p.prosrc), (p.prosqlbody IS NOT NULL)::text, p.probin,
    p.provolatile::text, p.proisstrict::text, p.prosecdef::text, p.proleakproof::text, p.proparallel::text,
    p.procost::text, p.prorows::text, NULLIF(p.prosupport::regprocedure::text, '-'),
    array_to_string(p.proconfig, chr(1)),
    (SELECT string_agg(format_type(t, NULL), ', ' ORDER BY o) FROM unnest(p.protrftypes) WITH ORDINALITY x (t, o))]::text[]
FROM /*rows routines pg_proc p oid*/
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
WHERE p.prokind <> 'a' AND p.oid >= 16384 AND /*own p.pronamespace pg_proc p.oid*/
  -- the constructor functions of range types belong to the type
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
    AND d.refclassid = 'pg_type'::regclass AND d.deptype = 'i')

UNION ALL
SELECT 'aggregate', 'pg_proc'::regclass::oid, p.oid, p.oid, 0,
  ARRAY[n.nspname, p.proname, pg_get_function_identity_arguments(p.oid),
    pg_get_userbyid(p.proowner), array_to_string(p.proacl, chr(1)),
    (jsonb_strip_nulls(jsonb_build_object(
      'result', pg_get_function_result(p.oid),
      'sfunc', NULLIF(a.aggtransfn::regproc::text, '-'),
      'stype', format_type(a.aggtranstype, NULL),
      'sspace', NULLIF(a.aggtransspace, 0)::text,
      'finalfunc', NULLIF(a.aggfinalfn::regproc::text, '-'),
      'finalfunc_extra', NULLIF(a.aggfinalextra, false)::text,
      'finalfunc_modify', CASE WHEN a.aggfinalmodify <> CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END::"char"
        THEN CASE a.aggfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
      'combinefunc', NULLIF(a.aggcombinefn::regproc::text, '-'),
      'serialfunc', NULLIF(a.aggserialfn::regproc::text, '-'),
      'deserialfunc', NULLIF(a.aggdeserialfn::regproc::text, '-'),
      'initcond', a.agginitval,
      'msfunc', NULLIF(a.aggmtransfn::regproc::text, '-'),
      'minvfunc', NULLIF(a.aggminvtransfn::regproc::text, '-'),
      'mstype', NULLIF(format_type(NULLIF(a.aggmtranstype, 0), NULL), '-'),
      'msspace', NULLIF(a.aggmtransspace, 0)::text,
      'mfinalfunc', NULLIF(a.aggmfinalfn::regproc::text, '-'),
      'mfinalfunc_extra', NULLIF(a.aggmfinalextra, false)::text,
      'minitcond', a.aggminitval,
      'sortop', NULLIF(a.aggsortop::regoperator::text, '0'),
      'hypothetical', CASE WHEN a.aggkind = 'h' THEN 'true' END,
      'parallel', CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' END)))::text]::text[]
FROM /*rows routines pg_proc p oid*/
JOIN pg_aggregate a ON a.aggfnoid = p.oid
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid >= 16384 AND /*own p.pronamespace pg_proc p.oid*/
