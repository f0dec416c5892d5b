//! `Gauge`: the relations of a database and the locks of a session, to be read before and after a statement.

use std::collections::BTreeMap;

use confiture_core::db::{DbFailure, LockMode, Session};
use confiture_core::sql::Quoted;

/// A relation as one reading of a [`Gauge`] found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaugedRelation {
    /// Its schema, without quotes.
    pub schema: String,
    /// Its name, without quotes.
    pub name: String,
    /// `pg_class.relkind`.
    pub kind: char,
    /// `pg_class.relfilenode`; another one means that it was written anew.
    pub file: u32,
    /// Sequential scans (of a table) or scans (of an index) that the open transaction has begun.
    pub scans: u64,
    /// Tuples they returned.
    pub returned: u64,
    /// Rows that the open transaction has updated or deleted.
    pub changed: u64,
    /// Rows that it has inserted, less those it has deleted.
    pub grown: i64,
    /// Whether it is an index that `CREATE INDEX CONCURRENTLY` left unusable.
    pub invalid: bool,
}

impl GaugedRelation {
    /// Whether it is an index.
    pub fn is_index(&self) -> bool {
        matches!(self.kind, 'i' | 'I')
    }

    /// Whether it holds rows of its own or of its partitions.
    pub fn is_table(&self) -> bool {
        matches!(self.kind, 'r' | 'p' | 'm')
    }

    /// Schema and name as SQL writes them.
    pub fn sql_name(&self) -> String {
        Quoted::qualified([self.schema.as_str(), self.name.as_str()]).as_str().to_owned()
    }
}

/// The user's relations by OID, and the strongest lock the session holds on each.
#[derive(Debug, Clone, Default)]
pub struct Gauge {
    /// Tables, indexes, views and sequences outside of the system's schemas; no temporary ones.
    pub relations: BTreeMap<u32, GaugedRelation>,
    /// Locks on any relation of the database, also on one that the transaction has dropped.
    pub locks: BTreeMap<u32, LockMode>,
    /// Whether a `lock_timeout` is in force.
    pub lock_timeout: bool,
}

impl Gauge {
    /// Reads both, in the transaction the session is in; three queries in one round trip.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn read(session: &Session) -> Result<Self, DbFailure> {
        const RELATIONS: &str = "SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relfilenode, \
             pg_catalog.pg_stat_get_xact_numscans(c.oid), pg_catalog.pg_stat_get_xact_tuples_returned(c.oid), \
             NOT coalesce(i.indisvalid, true), pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), \
             pg_catalog.pg_stat_get_xact_tuples_updated(c.oid), pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
             WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm', 'p', 'i', 'I', 'v', 'f', 'S') \
             AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
        const TIMEOUT: &str = "SELECT pg_catalog.current_setting('lock_timeout') <> '0'";
        let pid = session.backend_pid();
        // Boxed: three queries in flight are large.
        let asked = Box::pin(async {
            tokio::join!(
                session.query_prepared(RELATIONS, &[]),
                Self::locks_of(session, pid),
                session.query_prepared(TIMEOUT, &[])
            )
        });
        let (rows, locks, timeout) = asked.await;
        let lock_timeout = timeout?.first().is_some_and(|row| row.get(0));
        let mut gauge = Self { relations: BTreeMap::new(), locks: locks?, lock_timeout };
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        for row in rows? {
            let (inserted, updated, deleted): (i64, i64, i64) = (row.get(8), row.get(9), row.get(10));
            let relation = GaugedRelation {
                schema: row.get(1),
                name: row.get(2),
                kind: row.get::<_, &str>(3).chars().next().unwrap_or_default(),
                file: row.get(4),
                scans: count(row.get(5)),
                returned: count(row.get(6)),
                changed: count(updated + deleted),
                grown: inserted - deleted,
                invalid: row.get(7),
            };
            gauge.relations.insert(row.get(0), relation);
        }
        Ok(gauge)
    }

    /// The strongest lock that `backend` holds on each relation of the database `session` is in.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn locks_of(session: &Session, backend: i32) -> Result<BTreeMap<u32, LockMode>, DbFailure> {
        const LOCKS: &str = "SELECT l.relation, l.mode FROM pg_catalog.pg_locks l \
             WHERE l.pid = $1 AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384 AND l.database = \
             (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";
        let mut strongest: BTreeMap<u32, LockMode> = BTreeMap::new();
        for row in session.query_prepared(LOCKS, &[&backend]).await? {
            if let Ok(mode) = row.get::<_, &str>(1).parse::<LockMode>() {
                let known = strongest.entry(row.get(0)).or_insert(mode);
                *known = mode.max(*known);
            }
        }
        Ok(strongest)
    }

    /// Rows of every table, in one question for up to 200 of them.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn rows(&self, session: &Session) -> Result<BTreeMap<u32, u64>, DbFailure> {
        let tables = self.relations.iter().filter(|(_, relation)| relation.is_table());
        let counts: Vec<String> = tables
            .map(|(oid, relation)| {
                format!("SELECT {oid}::oid, (SELECT count(*) FROM {})", relation.sql_name())
            })
            .collect();
        let mut rows = BTreeMap::new();
        for some in counts.chunks(200) {
            for row in session.query(&some.join(" UNION ALL "), &[]).await? {
                rows.insert(row.get(0), u64::try_from(row.get::<_, i64>(1)).unwrap_or_default());
            }
        }
        Ok(rows)
    }
}
