-- Everything a database holds few of: read whole at every observation.
SELECT 'schema', 'pg_namespace'::regclass::oid, n.oid, n.oid, 0,
  ARRAY[n.nspname, pg_get_userbyid(n.nspowner), array_to_string(n.nspacl, chr(1)), (n.nspowner = 10)::text]::text[]
FROM pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND /*member pg_namespace n.oid*/

UNION ALL
SELECT 'extension', 'pg_extension'::regclass::oid, e.oid, e.oid, 0,
  ARRAY[e.extname, e.extversion, n.nspname, pg_get_userbyid(e.extowner)]::text[]
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace

UNION ALL
SELECT 'role', 'pg_authid'::regclass::oid, r.oid, r.oid, 0,
  ARRAY[r.rolname, r.rolsuper::text, r.rolinherit::text, r.rolcreaterole::text, r.rolcreatedb::text,
    r.rolcanlogin::text, r.rolreplication::text, r.rolbypassrls::text, r.rolconnlimit::text,
    r.rolvaliduntil::text,
    (SELECT jsonb_agg(m ORDER BY m)::text FROM (
       SELECT quote_ident(pg_get_userbyid(m.roleid)) || CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END AS m
       FROM pg_auth_members m WHERE m.member = r.oid) m),
    (SELECT jsonb_agg(s ORDER BY s)::text FROM pg_db_role_setting d, unnest(d.setconfig) s
       WHERE d.setrole = r.oid AND d.setdatabase = 0)]::text[]
FROM pg_roles r
WHERE r.oid >= 16384

UNION ALL
SELECT 'setting', 'pg_db_role_setting'::regclass::oid, 0, 0, 0,
  ARRAY[CASE WHEN d.setrole = 0 THEN NULL ELSE pg_get_userbyid(d.setrole) END, s]::text[]
FROM pg_db_role_setting d
JOIN pg_database b ON b.oid = d.setdatabase AND b.datname = current_database(), unnest(d.setconfig) s

UNION ALL
SELECT 'database', 'pg_database'::regclass::oid, b.oid, b.oid, 0,
  ARRAY[pg_get_userbyid(b.datdba), array_to_string(b.datacl, chr(1)), session_user::text, current_user::text]::text[]
FROM pg_database b WHERE b.datname = current_database()

UNION ALL
SELECT 'shared-comment', d.classoid, d.objoid, d.objoid, 0, ARRAY[d.description]::text[]
FROM pg_shdescription d WHERE d.classoid = 'pg_authid'::regclass AND d.objoid >= 16384

UNION ALL
SELECT 'default-privilege', 'pg_default_acl'::regclass::oid, a.oid, a.oid, 0,
  ARRAY[pg_get_userbyid(a.defaclrole), n.nspname, a.defaclobjtype::text, array_to_string(a.defaclacl, chr(1))]::text[]
FROM pg_default_acl a LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace

UNION ALL
SELECT 'event-trigger', 'pg_event_trigger'::regclass::oid, e.oid, e.oid, 0,
  ARRAY[e.evtname, pg_get_userbyid(e.evtowner), e.evtevent, e.evtenabled::text, e.evtfoid::regproc::text,
    array_to_string(e.evttags, chr(1))]::text[]
FROM pg_event_trigger e WHERE /*member pg_event_trigger e.oid*/

UNION ALL
SELECT 'publication', 'pg_publication'::regclass::oid, p.oid, p.oid, 0,
  ARRAY[p.pubname, pg_get_userbyid(p.pubowner), p.puballtables::text,
    concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
      CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END),
    p.pubviaroot::text,
    (SELECT jsonb_agg(r.prrelid::regclass::text ORDER BY r.prrelid::regclass::text)::text -- before 15
       FROM pg_publication_rel r WHERE r.prpubid = p.oid), -- before 15
    NULL, -- before 15
    (SELECT jsonb_agg(t ORDER BY t)::text FROM ( -- since 15
       SELECT r.prrelid::regclass::text -- since 15
         || COALESCE((SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) || ')' -- since 15
              FROM pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)), '') -- since 15
         || COALESCE(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '') AS t -- since 15
       FROM pg_publication_rel r WHERE r.prpubid = p.oid) t), -- since 15
    (SELECT jsonb_agg(quote_ident(n.nspname) ORDER BY n.nspname)::text FROM pg_publication_namespace r -- since 15
       JOIN pg_namespace n ON n.oid = r.pnnspid WHERE r.pnpubid = p.oid), -- since 15
    NULL -- before 18
    CASE p.pubgencols WHEN 's' THEN 'stored' END -- since 18
  ]::text[]
FROM pg_publication p WHERE /*member pg_publication p.oid*/

UNION ALL
SELECT 'other', 'pg_subscription'::regclass::oid, s.oid, s.oid, 0,
  ARRAY['subscription', s.subname, pg_get_userbyid(s.subowner), NULL,
    jsonb_strip_nulls(jsonb_build_object('enabled', s.subenabled::text, 'slot_name', s.subslotname,
      'synchronous_commit', s.subsynccommit, 'binary', s.subbinary::text,
      'publications', to_jsonb(s.subpublications)))::text]::text[]
FROM pg_subscription s JOIN pg_database b ON b.oid = s.subdbid AND b.datname = current_database()

UNION ALL
SELECT 'other', 'pg_operator'::regclass::oid, o.oid, o.oid, 0,
  ARRAY['operator', concat_ws(chr(1), n.nspname, o.oprname,
      CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END,
      CASE WHEN o.oprright = 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END),
    pg_get_userbyid(o.oprowner), NULL,
    jsonb_strip_nulls(jsonb_build_object('function', o.oprcode::regproc::text,
      'commutator', NULLIF(o.oprcom::regoperator::text, '0'), 'negator', NULLIF(o.oprnegate::regoperator::text, '0'),
      'restrict', NULLIF(o.oprrest::regproc::text, '-'), 'join', NULLIF(o.oprjoin::regproc::text, '-'),
      'hashes', NULLIF(o.oprcanhash, false)::text, 'merges', NULLIF(o.oprcanmerge, false)::text))::text]::text[]
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE o.oid >= 16384 AND /*own o.oprnamespace pg_operator o.oid*/

UNION ALL
SELECT 'other', 'pg_opfamily'::regclass::oid, f.oid, f.oid, 0,
  ARRAY['operator-family', concat_ws(chr(1), n.nspname, f.opfname, am.amname), pg_get_userbyid(f.opfowner), NULL,
    jsonb_strip_nulls(jsonb_build_object('members', (SELECT jsonb_agg(m ORDER BY m) FROM (
        SELECT 'OPERATOR ' || a.amopstrategy || ' ' || a.amopopr::regoperator
          || CASE WHEN a.amopsortfamily <> 0 THEN ' FOR ORDER BY' ELSE '' END
        FROM pg_amop a WHERE a.amopfamily = f.oid
        UNION ALL
        SELECT 'FUNCTION ' || a.amprocnum || ' (' || format_type(a.amproclefttype, NULL) || ', '
          || format_type(a.amprocrighttype, NULL) || ') ' || a.amproc::regprocedure
        FROM pg_amproc a WHERE a.amprocfamily = f.oid) x (m))))::text]::text[]
FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am am ON am.oid = f.opfmethod
WHERE f.oid >= 16384 AND /*own f.opfnamespace pg_opfamily f.oid*/

UNION ALL
SELECT 'other', 'pg_opclass'::regclass::oid, o.oid, o.oid, 0,
  ARRAY['operator-class', concat_ws(chr(1), n.nspname, o.opcname, am.amname), pg_get_userbyid(o.opcowner), NULL,
    jsonb_strip_nulls(jsonb_build_object('type', format_type(o.opcintype, NULL),
      'family', quote_ident(fn.nspname) || '.' || quote_ident(f.opfname),
      'default', NULLIF(o.opcdefault, false)::text,
      'storage', CASE WHEN o.opckeytype <> 0 THEN format_type(o.opckeytype, NULL) END))::text]::text[]
FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace JOIN pg_am am ON am.oid = o.opcmethod
JOIN pg_opfamily f ON f.oid = o.opcfamily JOIN pg_namespace fn ON fn.oid = f.opfnamespace
WHERE o.oid >= 16384 AND /*own o.opcnamespace pg_opclass o.oid*/

UNION ALL
SELECT 'other', 'pg_cast'::regclass::oid, k.oid, k.oid, 0,
  ARRAY['cast', concat_ws(chr(1), format_type(k.castsource, NULL), format_type(k.casttarget, NULL)), NULL, NULL,
    jsonb_strip_nulls(jsonb_build_object('function', CASE WHEN k.castfunc <> 0 THEN k.castfunc::regprocedure::text END,
      'context', CASE k.castcontext WHEN 'a' THEN 'assignment' WHEN 'i' THEN 'implicit' ELSE 'explicit' END,
      'method', CASE k.castmethod WHEN 'f' THEN 'function' WHEN 'i' THEN 'inout' ELSE 'binary' END))::text]::text[]
FROM pg_cast k WHERE k.oid >= 16384 AND /*member pg_cast k.oid*/
  -- casts between a range and its multirange belong to the type
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = k.oid AND d.deptype = 'i')

UNION ALL
SELECT 'other', 'pg_collation'::regclass::oid, l.oid, l.oid, 0,
  ARRAY['collation', concat_ws(chr(1), n.nspname, l.collname), pg_get_userbyid(l.collowner), NULL,
    jsonb_strip_nulls(jsonb_build_object(
      'provider', CASE l.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' END,
      'locale', CASE WHEN l.collprovider = 'i' THEN l.collcollate END, -- before 15
      'locale', l.colliculocale, -- since 15 before 17
      'locale', l.colllocale, -- since 17
      'rules', l.collicurules, -- since 16
      'lc_collate', CASE WHEN l.collprovider <> 'i' THEN l.collcollate END,
      'lc_ctype', CASE WHEN l.collprovider <> 'i' THEN l.collctype END,
      'nondeterministic', NULLIF(NOT l.collisdeterministic, false)::text))::text]::text[]
FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
WHERE l.oid >= 16384 AND /*own l.collnamespace pg_collation l.oid*/

UNION ALL
SELECT 'other', 'pg_conversion'::regclass::oid, v.oid, v.oid, 0,
  ARRAY['conversion', concat_ws(chr(1), n.nspname, v.conname), pg_get_userbyid(v.conowner), NULL,
    jsonb_strip_nulls(jsonb_build_object('from', pg_encoding_to_char(v.conforencoding), 'to', pg_encoding_to_char(v.contoencoding),
      'function', v.conproc::regproc::text, 'default', NULLIF(v.condefault, false)::text))::text]::text[]
FROM pg_conversion v JOIN pg_namespace n ON n.oid = v.connamespace
WHERE v.oid >= 16384 AND /*own v.connamespace pg_conversion v.oid*/

UNION ALL
SELECT 'other', 'pg_ts_config'::regclass::oid, x.oid, x.oid, 0,
  ARRAY['text-search-configuration', concat_ws(chr(1), n.nspname, x.cfgname), pg_get_userbyid(x.cfgowner), NULL,
    jsonb_strip_nulls(jsonb_build_object('parser', quote_ident(pn.nspname) || '.' || quote_ident(p.prsname),
      'mappings', (SELECT jsonb_agg(m ORDER BY m) FROM (
         SELECT tt.alias || ' WITH ' || string_agg(mm.mapdict::regdictionary::text, ', ' ORDER BY mm.mapseqno) AS m
         FROM pg_ts_config_map mm JOIN ts_token_type(x.cfgparser) tt ON tt.tokid = mm.maptokentype
         WHERE mm.mapcfg = x.oid GROUP BY tt.alias) m)))::text]::text[]
FROM pg_ts_config x JOIN pg_namespace n ON n.oid = x.cfgnamespace
JOIN pg_ts_parser p ON p.oid = x.cfgparser JOIN pg_namespace pn ON pn.oid = p.prsnamespace
WHERE x.oid >= 16384 AND /*own x.cfgnamespace pg_ts_config x.oid*/

UNION ALL
SELECT 'other', 'pg_ts_dict'::regclass::oid, x.oid, x.oid, 0,
  ARRAY['text-search-dictionary', concat_ws(chr(1), n.nspname, x.dictname), pg_get_userbyid(x.dictowner), NULL,
    jsonb_strip_nulls(jsonb_build_object('template', quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname),
      'options', x.dictinitoption))::text]::text[]
FROM pg_ts_dict x JOIN pg_namespace n ON n.oid = x.dictnamespace
JOIN pg_ts_template t ON t.oid = x.dicttemplate JOIN pg_namespace tn ON tn.oid = t.tmplnamespace
WHERE x.oid >= 16384 AND /*own x.dictnamespace pg_ts_dict x.oid*/

UNION ALL
SELECT 'other', 'pg_ts_parser'::regclass::oid, x.oid, x.oid, 0,
  ARRAY['text-search-parser', concat_ws(chr(1), n.nspname, x.prsname), NULL, NULL,
    jsonb_strip_nulls(jsonb_build_object('start', x.prsstart::regproc::text, 'gettoken', x.prstoken::regproc::text,
      'end', x.prsend::regproc::text, 'headline', NULLIF(x.prsheadline::regproc::text, '-'),
      'lextypes', x.prslextype::regproc::text))::text]::text[]
FROM pg_ts_parser x JOIN pg_namespace n ON n.oid = x.prsnamespace
WHERE x.oid >= 16384 AND /*own x.prsnamespace pg_ts_parser x.oid*/

UNION ALL
SELECT 'other', 'pg_ts_template'::regclass::oid, x.oid, x.oid, 0,
  ARRAY['text-search-template', concat_ws(chr(1), n.nspname, x.tmplname), NULL, NULL,
    jsonb_strip_nulls(jsonb_build_object('init', NULLIF(x.tmplinit::regproc::text, '-'),
      'lexize', x.tmpllexize::regproc::text))::text]::text[]
FROM pg_ts_template x JOIN pg_namespace n ON n.oid = x.tmplnamespace
WHERE x.oid >= 16384 AND /*own x.tmplnamespace pg_ts_template x.oid*/

UNION ALL
SELECT 'other', 'pg_language'::regclass::oid, l.oid, l.oid, 0,
  ARRAY['language', l.lanname, pg_get_userbyid(l.lanowner), array_to_string(l.lanacl, chr(1)),
    jsonb_strip_nulls(jsonb_build_object('trusted', l.lanpltrusted::text,
      'handler', NULLIF(l.lanplcallfoid::regproc::text, '-'), 'inline', NULLIF(l.laninline::regproc::text, '-'),
      'validator', NULLIF(l.lanvalidator::regproc::text, '-')))::text]::text[]
FROM pg_language l WHERE l.lanispl AND /*member pg_language l.oid*/

UNION ALL
SELECT 'other', 'pg_transform'::regclass::oid, x.oid, x.oid, 0,
  ARRAY['transform', concat_ws(chr(1), format_type(x.trftype, NULL), l.lanname), NULL, NULL,
    jsonb_strip_nulls(jsonb_build_object('from_sql', CASE WHEN x.trffromsql <> 0 THEN x.trffromsql::regprocedure::text END,
      'to_sql', CASE WHEN x.trftosql <> 0 THEN x.trftosql::regprocedure::text END))::text]::text[]
FROM pg_transform x JOIN pg_language l ON l.oid = x.trflang WHERE /*member pg_transform x.oid*/

UNION ALL
SELECT 'other', 'pg_am'::regclass::oid, a.oid, a.oid, 0,
  ARRAY['access-method', a.amname, NULL, NULL,
    jsonb_build_object('type', CASE a.amtype WHEN 'i' THEN 'index' ELSE 'table' END, 'handler', a.amhandler::regproc::text)::text]::text[]
FROM pg_am a WHERE a.oid >= 16384 AND /*member pg_am a.oid*/

UNION ALL
SELECT 'other', 'pg_foreign_data_wrapper'::regclass::oid, w.oid, w.oid, 0,
  ARRAY['foreign-data-wrapper', w.fdwname, pg_get_userbyid(w.fdwowner), array_to_string(w.fdwacl, chr(1)),
    jsonb_strip_nulls(jsonb_build_object('handler', NULLIF(w.fdwhandler::regproc::text, '-'),
      'validator', NULLIF(w.fdwvalidator::regproc::text, '-'),
      'options', (SELECT jsonb_agg(CASE WHEN o ~* '^[^=]*(pass|secret|key|token)' THEN split_part(o, '=', 1) || '=(hidden)' ELSE o END ORDER BY o) FROM unnest(w.fdwoptions) o)))::text]::text[]
FROM pg_foreign_data_wrapper w WHERE /*member pg_foreign_data_wrapper w.oid*/

UNION ALL
SELECT 'other', 'pg_foreign_server'::regclass::oid, s.oid, s.oid, 0,
  ARRAY['server', s.srvname, pg_get_userbyid(s.srvowner), array_to_string(s.srvacl, chr(1)),
    jsonb_strip_nulls(jsonb_build_object('wrapper', w.fdwname, 'type', s.srvtype, 'version', s.srvversion,
      'options', (SELECT jsonb_agg(CASE WHEN o ~* '^[^=]*(pass|secret|key|token)' THEN split_part(o, '=', 1) || '=(hidden)' ELSE o END ORDER BY o) FROM unnest(s.srvoptions) o)))::text]::text[]
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE /*member pg_foreign_server s.oid*/

UNION ALL
SELECT 'other', 'pg_user_mapping'::regclass::oid, u.umid, u.umid, 0,
  ARRAY['user-mapping', concat_ws(chr(1), u.usename, u.srvname), NULL, NULL,
    jsonb_strip_nulls(jsonb_build_object('options', (
      SELECT jsonb_agg(CASE WHEN o ~* '^[^=]*(pass|secret|key|token)' THEN split_part(o, '=', 1) || '=(hidden)' ELSE o END ORDER BY o)
      FROM unnest(u.umoptions) o)))::text]::text[]
FROM pg_user_mappings u
