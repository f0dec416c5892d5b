//! Big loads: indexes are built and foreign keys checked once, behind the rows, by the server.
//!
//! Dropping an index and creating it again would have to restore its name, comment, statistics targets,
//! dependencies and more. Instead its entry in `pg_index` says for a while that it is not ready, which is
//! what CREATE INDEX CONCURRENTLY says of an unfinished one: rows are not entered, no query uses it, and
//! REINDEX makes it ready and checks uniqueness and exclusion. Foreign keys are marked as not validated,
//! their triggers rest, and VALIDATE CONSTRAINT checks all rows. All of it stands in the caller's
//! transaction; a failure anywhere takes it back. Only a superuser may write to these catalogs, and only on a
//! server of our own does confiture do so.

use confiture_core::db::{DbFailure, Session};
use confiture_core::sql::quote_literal;

use super::plan::Plan;

/// Fewest rows for which it pays.
const ROWS: u64 = 5000;

/// A table whose indexes and foreign keys rest.
#[derive(Debug)]
pub(super) struct Bulk {
    /// Makes them as they were.
    finish: String,
}

/// Whether so many new rows are worth it in a table of `existing` ones, all of which are indexed again.
pub(super) fn is_worth_it(plan: &Plan, existing: u64, missing: u64) -> bool {
    missing >= ROWS && existing / 4 <= missing && !plan.altered && !plan.columns.is_empty()
}

impl Bulk {
    /// Lets the indexes and foreign keys of a table rest; `None` where that would not be sound or is not
    /// allowed, and nothing was done then.
    pub(super) async fn begin(session: &Session, plan: &Plan) -> Result<Option<Self>, DbFailure> {
        let found = session.query_simple(&question(plan)).await?.rows;
        let of = |kind: &str| -> Vec<(&str, &str)> {
            let rows = found.iter().filter_map(|row| match row.as_slice() {
                [Some(of), Some(oid), Some(name)] if of == kind => Some((oid.as_str(), name.as_str())),
                _ => None,
            });
            rows.collect()
        };
        let (indexes, mut keys) = (of("index"), of("key"));
        if !of("refused").is_empty() || indexes.is_empty() {
            return Ok(None);
        }
        if !of("odd key").is_empty() {
            keys.clear();
        }
        let oids = |found: &[(&str, &str)]| found.iter().map(|(oid, _)| *oid).collect::<Vec<_>>().join(", ");
        let mut begin = format!(
            "UPDATE pg_catalog.pg_index SET indisready = false, indisvalid = false WHERE indexrelid IN ({});",
            oids(&indexes)
        );
        let mut finish = String::new();
        if !keys.is_empty() {
            begin.push_str(&format!(
                "UPDATE pg_catalog.pg_constraint SET convalidated = false WHERE oid IN ({}); \
                 SET LOCAL session_replication_role = replica;",
                oids(&keys)
            ));
            finish.push_str("SET LOCAL session_replication_role = origin;");
        }
        for (_, index) in &indexes {
            finish.push_str(&format!("REINDEX INDEX {index};"));
        }
        for (_, key) in &keys {
            finish.push_str(&format!("ALTER TABLE {} VALIDATE CONSTRAINT {key};", plan.sql()));
        }
        session.execute(&begin).await?;
        Ok(Some(Self { finish }))
    }

    /// Builds the indexes and checks the foreign keys.
    ///
    /// # Errors
    /// When rows break one of them.
    pub(super) async fn finish(self, session: &Session, plan: &Plan) -> Result<(), DbFailure> {
        let settle = if plan.deferrable { "SET CONSTRAINTS ALL IMMEDIATE;" } else { "" };
        session.execute(&format!("{settle}{}", self.finish)).await.map(drop)
    }
}

/// Asks for `(kind, oid, name)` of what there is: each `index`, each foreign `key`; an `odd key` where the
/// keys have to stay (partitions take part, or one is not validated or resting already), `refused` where all
/// has to (triggers, no superuser, checks and defaults whose functions may look into the table).
fn question(plan: &Plan) -> String {
    format!(
        "WITH root AS (SELECT {}::pg_catalog.regclass::pg_catalog.oid AS oid), \
         tables AS (SELECT oid FROM root UNION SELECT relid FROM pg_catalog.pg_partition_tree((SELECT oid FROM root))), \
         keys AS (SELECT k.oid, pg_catalog.quote_ident(k.conname) AS name, \
             k.convalidated AND NOT k.condeferred AND k.conparentid = 0 AND c.relkind = 'r' AND r.relkind = 'r' \
             AND NOT r.relispartition AND pg_catalog.current_setting('session_replication_role') = 'origin' \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = k.conrelid AND t.tgenabled <> 'O') AS plain \
           FROM pg_catalog.pg_constraint k JOIN tables ON tables.oid = k.conrelid \
           JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_class r ON r.oid = k.confrelid \
           WHERE k.contype = 'f') \
         SELECT 'index', i.indexrelid::text, pg_catalog.format('%I.%I', n.nspname, c.relname) \
           FROM tables JOIN pg_catalog.pg_index i ON i.indrelid = tables.oid \
           JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i' \
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
           WHERE i.indisready AND i.indisvalid AND i.indislive AND NOT i.indcheckxmin \
         UNION ALL SELECT CASE WHEN plain THEN 'key' ELSE 'odd key' END, oid::text, name FROM keys \
         UNION ALL SELECT 'refused', '0', '' WHERE pg_catalog.current_setting('is_superuser') <> 'on' \
           OR EXISTS (SELECT FROM pg_catalog.pg_trigger t JOIN tables ON t.tgrelid = tables.oid \
             WHERE NOT t.tgisinternal AND t.tgtype::int4 & 4 <> 0) \
           OR EXISTS (SELECT FROM pg_catalog.pg_depend d LEFT JOIN pg_catalog.pg_constraint k ON k.oid = d.objid \
               AND d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass \
             LEFT JOIN pg_catalog.pg_attrdef a ON a.oid = d.objid \
               AND d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass \
             JOIN tables ON tables.oid IN (k.conrelid, a.adrelid) \
             WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid >= 16384)",
        quote_literal(&plan.sql())
    )
}
