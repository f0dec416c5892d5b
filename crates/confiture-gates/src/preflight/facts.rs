//! Questions to production. No text of other sessions' statements is read: it may hold secrets.

use std::time::Duration;

use confiture_core::db::{DbFailure, Session};
use confiture_core::migration::layout::Loaded;
use confiture_core::{Diagnostic, Severity};
use confiture_fixtures::FixtureError;

use super::{Live, changes_rows, mentions};

/// A table of production that a pending migration names.
#[derive(Debug, Clone)]
pub(super) struct Touched {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) indexes: Vec<String>,
    /// Whether policies decide which rows this role sees.
    policies: bool,
}

fn failed(source: DbFailure) -> FixtureError {
    FixtureError::Query { doing: "look at production", source }
}

/// The tables that pending migrations name, by themselves or by an index.
pub(super) async fn touched(session: &Session, live: &Live<'_>) -> Result<Vec<Touched>, FixtureError> {
    const TABLES: &str = "SELECT c.oid, n.nspname::text, c.relname::text, \
         ARRAY(SELECT i.relname::text FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid \
               WHERE x.indrelid = c.oid), \
         pg_catalog.row_security_active(c.oid) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' \
         AND n.nspname <> 'information_schema' ORDER BY 2, 3";
    let rows = session.query(TABLES, &[]).await.map_err(failed)?;
    let all = rows.iter().map(|row| Touched {
        oid: row.get(0),
        schema: row.get(1),
        name: row.get(2),
        indexes: row.get(3),
        policies: row.get(4),
    });
    Ok(all.filter(|table| live.pending().any(|migration| mentions(migration, table))).collect())
}

/// What the tool's own table says went wrong last time.
pub(super) async fn unfinished(
    session: &Session,
    loaded: &Loaded,
    live: &mut Live<'_>,
) -> Result<(), FixtureError> {
    // Each only where the layout is that of its tool.
    const MARKS: [(&str, &str); 4] = [
        ("_sqlx_migrations", "SELECT version::text FROM _sqlx_migrations WHERE NOT success"),
        (
            "flyway_schema_history",
            "SELECT coalesce(version, description) FROM flyway_schema_history WHERE NOT success",
        ),
        ("dirty", "SELECT version::text FROM schema_migrations WHERE dirty"),
        (
            "_prisma_migrations",
            "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL",
        ),
    ];
    let Some(tracking) = &loaded.tracking else { return Ok(()) };
    let Some((_, sql)) = MARKS.iter().find(|(mark, _)| tracking.insert.contains(mark)) else { return Ok(()) };
    let rows = match session.query(sql, &[]).await {
        Ok(rows) => rows,
        // No table: said where its list was asked for. No column: the tool is another or an older one.
        Err(failure) if matches!(failure.sqlstate.as_deref(), Some("42P01" | "42703" | "42501")) => {
            return Ok(());
        }
        Err(failure) => return Err(failed(failure)),
    };
    for row in rows {
        let version: String = row.get(0);
        let message = format!("{version} was begun there and did not succeed");
        let diagnostic = Diagnostic::new("live-migration-unfinished", Severity::High, message)
            .with_help("the tool refuses to go on: repair the schema and its table first")
            .with_evidence("version", version);
        live.push(diagnostic, None);
    }
    Ok(())
}

/// Everything about sessions, indexes, sequences, replication, publications and policies.
pub(super) async fn ask(
    session: &Session,
    touched: &[Touched],
    oldest: Duration,
    live: &mut Live<'_>,
) -> Result<(), FixtureError> {
    transactions(session, touched, oldest, live).await?;
    vacuums(session, touched, live).await?;
    indexes(session, touched, live).await?;
    sequences(session, touched, live).await?;
    replication(session, live).await?;
    publications(session, touched, live).await?;
    for table in touched.iter().filter(|table| table.policies) {
        if live.pending().any(|migration| changes_rows(migration, table)) {
            let name = full(table);
            let message = format!("policies hide rows of {name} from this role");
            let diagnostic = Diagnostic::new("live-rls-hides-rows", Severity::Medium, message)
                .with_help("migrate as a role with BYPASSRLS, or as the owner of a table without FORCE")
                .with_evidence("table", name);
            live.push(diagnostic, Some(table));
        }
    }
    Ok(())
}

fn full(table: &Touched) -> String {
    format!("{}.{}", table.schema, table.name)
}

fn oids(touched: &[Touched]) -> Vec<u32> {
    touched.iter().map(|table| table.oid).collect()
}

fn of(touched: &[Touched], oid: Option<u32>) -> Option<&Touched> {
    touched.iter().find(|table| Some(table.oid) == oid)
}

async fn transactions(
    session: &Session,
    touched: &[Touched],
    oldest: Duration,
    live: &mut Live<'_>,
) -> Result<(), FixtureError> {
    const MAY_SEE: &str = "SELECT pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')";
    let row = session.query(MAY_SEE, &[]).await.map_err(failed)?;
    if !row.first().is_some_and(|row| row.get(0)) {
        let message = "this role does not see what other sessions do";
        let diagnostic = Diagnostic::new("live-not-visible", Severity::Medium, message);
        live.push(diagnostic.with_help("GRANT pg_monitor to the role that looks"), None);
    }
    const SQL: &str = "SELECT a.pid, coalesce(a.usename::text, ''), coalesce(a.application_name, ''), \
         coalesce(a.state, ''), extract(epoch FROM clock_timestamp() - a.xact_start)::bigint, \
         (SELECT l.relation FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND l.granted \
          AND l.locktype = 'relation' AND l.relation = ANY($1) \
          AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
          ORDER BY l.relation LIMIT 1) \
         FROM pg_catalog.pg_stat_activity a WHERE a.pid <> pg_catalog.pg_backend_pid() \
         AND a.backend_type = 'client backend' AND a.xact_start IS NOT NULL ORDER BY a.xact_start, a.pid";
    for row in session.query(SQL, &[&oids(touched)]).await.map_err(failed)? {
        let (pid, user, application, state): (i32, String, String, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        let seconds: i64 = row.get(4);
        let table = of(touched, row.get(5));
        let idle = state.starts_with("idle in transaction");
        let old = u64::try_from(seconds).unwrap_or_default() >= oldest.as_secs();
        let in_the_way = old || idle && table.is_some();
        if !in_the_way {
            continue;
        }
        let (code, what) = match idle {
            true => ("live-idle-in-transaction", "sits idle in a transaction"),
            false => ("live-old-transaction", "is in a transaction"),
        };
        let holds = table.map(|table| format!(", with a lock on {}", full(table))).unwrap_or_default();
        let message = format!("{user} {what} since {seconds} s{holds}");
        let severity = if table.is_some() { Severity::High } else { Severity::Medium };
        let help = "end it first: a statement that waits for it makes all others wait behind it, and \
                    CONCURRENTLY waits for every old snapshot";
        let mut diagnostic = Diagnostic::new(code, severity, message)
            .with_help(help)
            .with_evidence("pid", pid)
            .with_evidence("user", user)
            .with_evidence("application", application)
            .with_evidence("seconds", seconds);
        if let Some(table) = table {
            diagnostic = diagnostic.with_evidence("table", full(table));
        }
        live.push(diagnostic, table);
    }
    Ok(())
}

async fn vacuums(session: &Session, touched: &[Touched], live: &mut Live<'_>) -> Result<(), FixtureError> {
    const SQL: &str = "SELECT p.relid, p.phase, coalesce(a.backend_type = 'autovacuum worker', false), \
         coalesce(a.query LIKE 'autovacuum: %(to prevent wraparound)', false) \
         FROM pg_catalog.pg_stat_progress_vacuum p LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid \
         WHERE p.datname = current_database() AND p.relid = ANY($1) ORDER BY p.relid";
    for row in session.query(SQL, &[&oids(touched)]).await.map_err(failed)? {
        let Some(table) = of(touched, Some(row.get(0))) else { continue };
        let (phase, auto, wraparound): (String, bool, bool) = (row.get(1), row.get(2), row.get(3));
        let (who, severity) = match (auto, wraparound) {
            (true, true) => ("an autovacuum against wraparound, which does not give way,", Severity::High),
            (true, false) => ("an autovacuum, which is cancelled by whoever waits for it,", Severity::Low),
            (false, _) => ("a VACUUM, which does not give way,", Severity::Medium),
        };
        let name = full(table);
        let diagnostic =
            Diagnostic::new("live-vacuum-running", severity, format!("{who} is at {name}: {phase}"))
                .with_help("wait for its end: pg_stat_progress_vacuum shows it")
                .with_evidence("table", name);
        live.push(diagnostic, Some(table));
    }
    Ok(())
}

async fn indexes(session: &Session, touched: &[Touched], live: &mut Live<'_>) -> Result<(), FixtureError> {
    const SQL: &str = "SELECT x.indrelid, n.nspname || '.' || c.relname FROM pg_catalog.pg_index x \
         JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT x.indisvalid AND c.relkind = 'i' AND x.indrelid = ANY($1) ORDER BY 2";
    for row in session.query(SQL, &[&oids(touched)]).await.map_err(failed)? {
        let (table, index): (_, String) = (of(touched, Some(row.get(0))), row.get(1));
        let message = format!("the index {index} is INVALID: it is written and never read");
        let diagnostic = Diagnostic::new("live-invalid-index", Severity::Medium, message)
            .with_help(format!("DROP INDEX CONCURRENTLY {index};  or  REINDEX INDEX CONCURRENTLY {index};"))
            .with_evidence("index", index);
        live.push(diagnostic, table);
    }
    Ok(())
}

/// Shares of the numbers of a sequence that are used, in percent.
const LOW: i64 = 75;
const VERY_LOW: i64 = 90;

async fn sequences(session: &Session, touched: &[Touched], live: &mut Live<'_>) -> Result<(), FixtureError> {
    // The column may be narrower than its sequence.
    const SQL: &str = "SELECT d.refobjid, n.nspname || '.' || c.relname, a.attname::text, \
         trunc(100 * coalesce(pg_catalog.pg_sequence_last_value(c.oid), 0)::numeric / \
           LEAST(s.seqmax, CASE a.atttypid WHEN 21 THEN 32767 WHEN 23 THEN 2147483647 ELSE s.seqmax END))::bigint \
         FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S' \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
         WHERE d.classid = 1259 AND d.refclassid = 1259 AND d.deptype IN ('a', 'i') AND d.refobjid = ANY($1) \
         AND s.seqincrement > 0 AND NOT s.seqcycle \
         AND pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE') ORDER BY 2";
    for row in session.query(SQL, &[&oids(touched)]).await.map_err(failed)? {
        let (sequence, column, used): (String, String, i64) = (row.get(1), row.get(2), row.get(3));
        if used < LOW {
            continue;
        }
        let table = of(touched, Some(row.get(0)));
        let severity = if used < VERY_LOW { Severity::Medium } else { Severity::High };
        let message = format!("{sequence} has used {used} % of the numbers that {column} can hold");
        let diagnostic = Diagnostic::new("live-sequence-low", severity, message)
            .with_help("widen the column and its sequence to bigint before a backfill draws more")
            .with_evidence("sequence", sequence)
            .with_evidence("used_percent", used);
        live.push(diagnostic, table);
    }
    Ok(())
}

/// Bytes of WAL behind which a standby counts as behind.
const BEHIND: i64 = 64 << 20;

async fn replication(session: &Session, live: &mut Live<'_>) -> Result<(), FixtureError> {
    const NOW: &str = "CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn() \
                       ELSE pg_catalog.pg_current_wal_lsn() END";
    let sql = format!(
        "SELECT coalesce(application_name, ''), pg_catalog.pg_wal_lsn_diff({NOW}, coalesce(replay_lsn, flush_lsn, sent_lsn))::bigint, \
         coalesce(extract(epoch FROM replay_lag)::bigint, 0) FROM pg_catalog.pg_stat_replication \
         WHERE sent_lsn IS NOT NULL ORDER BY 1"
    );
    for row in session.query(&sql, &[]).await.map_err(failed)? {
        let (name, bytes, seconds): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
        if bytes >= BEHIND || seconds >= 30 {
            let message = format!("the standby {name} is {seconds} s and {} MiB behind", bytes >> 20);
            let diagnostic = Diagnostic::new("live-replication-lag", Severity::Medium, message)
                .with_help("wait: a backfill or rewrite makes it fall further behind")
                .with_evidence("standby", name)
                .with_evidence("bytes", bytes)
                .with_evidence("seconds", seconds);
            live.push(diagnostic, None);
        }
    }
    let sql = format!(
        "SELECT slot_name::text, coalesce(pg_catalog.pg_wal_lsn_diff({NOW}, restart_lsn), 0)::bigint \
         FROM pg_catalog.pg_replication_slots WHERE NOT active AND restart_lsn IS NOT NULL ORDER BY 1"
    );
    for row in session.query(&sql, &[]).await.map_err(failed)? {
        let (slot, bytes): (String, i64) = (row.get(0), row.get(1));
        let message =
            format!("nobody reads the replication slot {slot}, which keeps {} MiB of WAL", bytes >> 20);
        let diagnostic = Diagnostic::new("live-slot-inactive", Severity::Medium, message)
            .with_help("start its reader or drop it: what a migration writes is kept until then")
            .with_evidence("slot", slot)
            .with_evidence("bytes", bytes);
        live.push(diagnostic, None);
    }
    Ok(())
}

async fn publications(
    session: &Session,
    touched: &[Touched],
    live: &mut Live<'_>,
) -> Result<(), FixtureError> {
    const SQL: &str = "SELECT t.schemaname::text, t.tablename::text, string_agg(t.pubname, ', ' ORDER BY t.pubname) \
         FROM pg_catalog.pg_publication_tables t GROUP BY 1, 2 ORDER BY 1, 2";
    for row in session.query(SQL, &[]).await.map_err(failed)? {
        let (schema, name, publications): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let Some(table) = touched.iter().find(|table| table.schema == schema && table.name == name) else {
            continue;
        };
        let name = full(table);
        let message =
            format!("{name} is published ({publications}): subscribers do not get its changes of schema");
        let diagnostic = Diagnostic::new("live-published", Severity::Medium, message)
            .with_help("migrate the subscribers too: first them where columns are added, last where they go")
            .with_evidence("table", name)
            .with_evidence("publications", publications);
        live.push(diagnostic, Some(table));
    }
    Ok(())
}
