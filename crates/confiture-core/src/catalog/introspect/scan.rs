//! Looking through the system catalogs for what changed.

/// A system catalog that is looked through for what changed.
pub(super) struct Scan {
    /// Its OID, fixed by PostgreSQL's `*.dat` files.
    class: u32,
    /// Its name; its rows are called `x`.
    pub(super) catalog: &'static str,
    /// Which of its rows are looked at.
    among: &'static str,
    /// Whether a row can go away without a trace in another one: such rows are counted.
    counted: &'static str,
    /// What is said of a changed row: kind, catalog, unit, id, sub, and up to two texts.
    says: &'static str,
}

/// Rows of a relation: it is read again when they change.
const fn touching(class: u32, catalog: &'static str, says: &'static str) -> Scan {
    Scan { class, catalog, among: "true", counted: "false", says }
}

/// In the order they are looked through.
pub(super) const SCANS: &[Scan] = &[
    Scan {
        class: 1259,
        catalog: "pg_class",
        among: "x.oid >= 16384 AND x.relkind <> 't' AND x.relnamespace <> 99",
        counted: "true",
        says: "'changed', 1259, COALESCE((SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = x.oid), x.oid), \
               x.oid, 0, (SELECT n.nspname FROM pg_namespace n WHERE n.oid = x.relnamespace), x.relname",
    },
    Scan {
        class: 1249,
        catalog: "pg_attribute",
        among: "x.attrelid >= 16384 AND x.attnum > 0",
        counted: "false",
        says: "'column', 1259, x.attrelid, x.attrelid, x.attnum, x.attisdropped, x.attname",
    },
    touching(2604, "pg_attrdef", "'touched', 1259, x.adrelid, 0, 0"),
    Scan {
        class: 2610,
        catalog: "pg_index",
        among: "x.indrelid >= 16384",
        counted: "false",
        says: "'touched', 1259, x.indrelid, 0, 0",
    },
    touching(2611, "pg_inherits", "'touched', 1259, x.inhrelid, 0, 0"),
    touching(2224, "pg_sequence", "'touched', 1259, x.seqrelid, 0, 0"),
    touching(3118, "pg_foreign_table", "'touched', 1259, x.ftrelid, 0, 0"),
    Scan {
        class: 1247,
        catalog: "pg_type",
        among: "x.oid >= 16384 AND x.typcategory <> 'A'",
        counted: "x.typtype <> 'c'",
        says: "CASE WHEN x.typtype = 'c' THEN concat_ws(chr(1), 'touched', 1259, x.typrelid, 0, 0) \
               ELSE concat_ws(chr(1), 'changed', 1247, x.oid, x.oid, 0, \
               (SELECT n.nspname FROM pg_namespace n WHERE n.oid = x.typnamespace), x.typname) END",
    },
    Scan {
        class: 2620,
        catalog: "pg_trigger",
        among: "true",
        counted: "NOT x.tgisinternal",
        says: "CASE WHEN x.tgisinternal THEN 'touched' ELSE 'changed' END, \
               CASE WHEN x.tgisinternal THEN 1259 ELSE 2620 END, \
               COALESCE((SELECT k.conrelid FROM pg_constraint k WHERE k.oid = x.tgconstraint AND x.tgisinternal), x.tgrelid), \
               x.oid, 0",
    },
    Scan {
        class: 2618,
        catalog: "pg_rewrite",
        among: "x.ev_class >= 16384",
        counted: "x.rulename <> '_RETURN'",
        says: "CASE WHEN x.rulename = '_RETURN' THEN 'touched' ELSE 'changed' END, \
               CASE WHEN x.rulename = '_RETURN' THEN 1259 ELSE 2618 END, x.ev_class, x.oid, 0",
    },
    Scan {
        class: 2606,
        catalog: "pg_constraint",
        among: "x.oid >= 16384",
        counted: "true",
        says: "'changed', 2606, CASE WHEN x.conrelid = 0 THEN x.contypid ELSE x.conrelid END, x.oid, \
               (x.conrelid = 0)::int4, x.conname",
    },
    Scan {
        class: 3256,
        catalog: "pg_policy",
        among: "true",
        counted: "true",
        says: "'changed', 3256, x.polrelid, x.oid, 0",
    },
    Scan {
        class: 3381,
        catalog: "pg_statistic_ext",
        among: "true",
        counted: "true",
        says: "'changed', 3381, x.stxrelid, x.oid, 0",
    },
    Scan {
        class: 3501,
        catalog: "pg_enum",
        among: "true",
        counted: "false",
        says: "'labels', 1247, x.enumtypid, x.enumtypid, 0",
    },
    Scan {
        class: 1255,
        catalog: "pg_proc",
        among: "x.oid >= 16384",
        counted: "true",
        says: "'changed', 1255, x.oid, x.oid, 0, \
               (SELECT n.nspname FROM pg_namespace n WHERE n.oid = x.pronamespace), x.proname",
    },
    Scan {
        class: 2609,
        catalog: "pg_description",
        among: "(x.objoid >= 16384 OR x.objoid = 2200 AND x.classoid = 2615)",
        counted: "false",
        says: "'comment', x.classoid, x.objoid, x.objoid, x.objsubid, x.description",
    },
];

/// The catalogs of `rare.sql`; the number is `pg_publication_namespace`, which PostgreSQL 14 does not have.
pub(super) const RARE: &[&str] = &[
    "pg_namespace",
    "pg_extension",
    "pg_language",
    "pg_default_acl",
    "pg_event_trigger",
    "pg_publication",
    "pg_publication_rel",
    "6237",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_transform",
    "pg_operator",
    "pg_opfamily",
    "pg_opclass",
    "pg_amop",
    "pg_amproc",
    "pg_cast",
    "pg_collation",
    "pg_conversion",
    "pg_ts_config",
    "pg_ts_dict",
    "pg_ts_parser",
    "pg_ts_template",
    "pg_am",
    "pg_ts_config_map",
    "pg_db_role_setting",
    "pg_auth_members",
    "pg_shdescription",
    "pg_database",
    "pg_authid",
    "pg_user_mapping",
    "pg_subscription",
];

/// The horizon changes are looked for since, as a CTE.
pub(super) const HORIZON: &str =
    "horizon AS MATERIALIZED (SELECT age(current_setting('confiture.since')::xid) AS since)";

impl Scan {
    /// Whether any of its rows is counted.
    pub(super) fn counts(&self) -> bool {
        self.counted != "false"
    }

    /// What changed, and the count and a checksum of the OIDs of what is counted, in one pass.
    ///
    /// One row, or none where the transaction the session is in is known to be the only one that wrote
    /// (`confiture.within`) and has not written here: `pg_stat_get_xact_tuples_…` count, per relation,
    /// what the current transaction wrote (manual, "The Cumulative Statistics System").
    pub(super) fn changes(&self) -> String {
        let Self { class, catalog, among, counted, says } = self;
        let sum = match *counted {
            "false" => "NULL".to_owned(),
            counted => {
                format!("COALESCE(sum(x.oid::int8 * (x.oid::int8 % {OID_MIX})) FILTER (WHERE {counted}), 0)")
            }
        };
        format!(
            "SELECT 'scan', {class}::oid, 0::oid, 0::oid, count(*)::int4, \
             ARRAY[{sum}::text] || array_agg(concat_ws(chr(1), {says})) FILTER (WHERE age(x.xmin) <= (SELECT since FROM horizon)) \
             FROM {catalog} x WHERE {among} HAVING {}",
            written(&[catalog])
        )
    }

    /// The OIDs of what is counted.
    pub(super) fn alive(&self) -> String {
        let Self { class, catalog, among, counted, .. } = self;
        format!(
            "SELECT 'alive', {class}::oid, 0::oid, 0::oid, 0, ARRAY[string_agg(x.oid::text, ' ')] \
             FROM {catalog} x WHERE {among} AND {counted}"
        )
    }
}

/// Divisor in the checksum of OIDs: the sum of `oid * (oid % OID_MIX)`.
pub(in crate::catalog) const OID_MIX: u32 = 32_749;

/// Whether one of `catalogs` may have been written to by other than the current transaction, or was by it.
pub(super) fn written(catalogs: &[&str]) -> String {
    let writes: Vec<String> = catalogs
        .iter()
        .flat_map(|catalog| {
            ["inserted", "updated", "deleted"]
                .map(|how| format!("pg_stat_get_xact_tuples_{how}('{catalog}'::regclass)"))
        })
        .collect();
    format!(
        "(SELECT current_setting('confiture.within', true) IS DISTINCT FROM 'on' OR NOT current_setting('track_counts')::bool OR {} > 0)",
        writes.join(" + ")
    )
}

/// The system catalog with this OID whose rows are counted.
pub(in crate::catalog) fn alive_in(class: u32) -> Option<&'static str> {
    SCANS.iter().find(|scan| scan.counts() && scan.class == class).map(|scan| scan.catalog)
}
