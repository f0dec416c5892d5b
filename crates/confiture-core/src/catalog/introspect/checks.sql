-- What tells that something went away, or changed in pg_depend alone.
SELECT 'check', 0::oid, 0::oid, 0::oid, 0, ARRAY[
  -- OWNED BY of sequences
  (SELECT concat_ws(' ', count(*), sum(d.objid::bigint * 31 + d.refobjid::bigint * 17 + d.refobjsubid))
     FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
       AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
     WHERE c.relkind = 'S'),
  -- members of extensions
  (SELECT concat_ws(' ', count(*), sum(d.objid::bigint))
     FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),
  (SELECT count(*)::text FROM pg_description d WHERE d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass),
  -- the transaction we are in, if it has written, and the oldest one that was running
  COALESCE(pg_current_xact_id_if_assigned()::text, ''),
  pg_snapshot_xmin(pg_current_snapshot())::text]::text[]
