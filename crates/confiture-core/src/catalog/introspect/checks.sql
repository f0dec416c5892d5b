-- What no row's xmin tells: what went away, and where we are.
SELECT 'check', 0::oid, 0::oid, 0::oid, 0, ARRAY[
  -- members of extensions
  (SELECT concat_ws(' ', count(*), sum(d.objid::bigint))
     FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),
  (SELECT count(*)::text FROM pg_description d WHERE d.objoid >= 16384 OR d.objoid = 2200 AND d.classoid = 'pg_namespace'::regclass),
  -- the transaction we are in, if it has written, and the oldest one that was running
  COALESCE(pg_current_xact_id_if_assigned()::text, ''),
  pg_snapshot_xmin(pg_current_snapshot())::text]::text[]
