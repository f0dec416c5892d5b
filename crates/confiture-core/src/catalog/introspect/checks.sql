-- What no row's xmin tells: what went away, and where we are.
SELECT 'check', 0::oid, 0::oid, 0::oid, 0, ARRAY[
  -- members of extensions
  (SELECT concat_ws(' ', count(*), sum(d.objid::bigint))
     FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),
  -- the transaction we are in, if it has written, and the oldest one that was running
  COALESCE(pg_current_xact_id_if_assigned()::text, ''),
  pg_snapshot_xmin(pg_current_snapshot())::text,
  -- whether the kinds of which a database holds few may have changed
  /*rare written*/::text]::text[]
