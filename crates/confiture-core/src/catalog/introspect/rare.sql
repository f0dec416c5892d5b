-- A value for the catalogs of which a database holds few rows: equal while none of them changed. A row's
-- xmin changes with the row, its cmin with each statement of one transaction; views without them are taken
-- by their text.
SELECT 'rare', 0::oid, 0::oid, 0::oid, 0, ARRAY[concat_ws(' ',
  (SELECT concat(count(*), '/', sum(c * 1000003 + o * 31 + x::text::bigint + m::text::bigint * 7919)) FROM (
    SELECT 1::bigint, oid::bigint, xmin, cmin FROM pg_namespace
    UNION ALL SELECT 2::bigint, oid::bigint, xmin, cmin FROM pg_extension
    UNION ALL SELECT 3::bigint, oid::bigint, xmin, cmin FROM pg_language
    UNION ALL SELECT 4::bigint, oid::bigint, xmin, cmin FROM pg_default_acl
    UNION ALL SELECT 5::bigint, oid::bigint, xmin, cmin FROM pg_event_trigger
    UNION ALL SELECT 6::bigint, oid::bigint, xmin, cmin FROM pg_publication
    UNION ALL SELECT 7::bigint, oid::bigint, xmin, cmin FROM pg_publication_rel
    UNION ALL SELECT 8::bigint, oid::bigint, xmin, cmin FROM pg_publication_namespace -- since 15
    UNION ALL SELECT 9::bigint, oid::bigint, xmin, cmin FROM pg_foreign_data_wrapper
    UNION ALL SELECT 10::bigint, oid::bigint, xmin, cmin FROM pg_foreign_server
    UNION ALL SELECT 11::bigint, oid::bigint, xmin, cmin FROM pg_transform
    UNION ALL SELECT 12::bigint, oid::bigint, xmin, cmin FROM pg_operator WHERE oid >= 16384
    UNION ALL SELECT 13::bigint, oid::bigint, xmin, cmin FROM pg_opfamily WHERE oid >= 16384
    UNION ALL SELECT 14::bigint, oid::bigint, xmin, cmin FROM pg_opclass WHERE oid >= 16384
    UNION ALL SELECT 15::bigint, oid::bigint, xmin, cmin FROM pg_amop WHERE oid >= 16384
    UNION ALL SELECT 16::bigint, oid::bigint, xmin, cmin FROM pg_amproc WHERE oid >= 16384
    UNION ALL SELECT 17::bigint, oid::bigint, xmin, cmin FROM pg_cast WHERE oid >= 16384
    UNION ALL SELECT 18::bigint, oid::bigint, xmin, cmin FROM pg_collation WHERE oid >= 16384
    UNION ALL SELECT 19::bigint, oid::bigint, xmin, cmin FROM pg_conversion WHERE oid >= 16384
    UNION ALL SELECT 20::bigint, oid::bigint, xmin, cmin FROM pg_ts_config WHERE oid >= 16384
    UNION ALL SELECT 21::bigint, oid::bigint, xmin, cmin FROM pg_ts_dict WHERE oid >= 16384
    UNION ALL SELECT 22::bigint, oid::bigint, xmin, cmin FROM pg_ts_parser WHERE oid >= 16384
    UNION ALL SELECT 23::bigint, oid::bigint, xmin, cmin FROM pg_ts_template WHERE oid >= 16384
    UNION ALL SELECT 24::bigint, oid::bigint, xmin, cmin FROM pg_am WHERE oid >= 16384
    UNION ALL SELECT 25::bigint, mapcfg::bigint, xmin, cmin FROM pg_ts_config_map WHERE mapcfg >= 16384
    UNION ALL SELECT 26::bigint, setrole::bigint, xmin, cmin FROM pg_db_role_setting
    UNION ALL SELECT 27::bigint, member::bigint, xmin, cmin FROM pg_auth_members
    UNION ALL SELECT 90, d.objoid::bigint, d.xmin, d.cmin FROM pg_shdescription d WHERE d.classoid = 'pg_authid'::regclass
    UNION ALL SELECT 91, 0, b.xmin, b.cmin FROM pg_database b WHERE b.datname = current_database()) r (c, o, x, m)),
  (SELECT md5(string_agg(r::text, ' ' ORDER BY r.oid)) FROM pg_roles r WHERE r.oid >= 16384),
  (SELECT md5(string_agg(u::text, ' ' ORDER BY u.umid)) FROM pg_user_mappings u),
  (SELECT md5(string_agg(concat(s.oid, s.subname, s.subowner, s.subenabled, s.subslotname, s.subpublications), ' '
     ORDER BY s.oid)) FROM pg_subscription s))]::text[]
