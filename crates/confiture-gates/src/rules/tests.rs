//! Every rule's own example: `bad` is reported by that rule alone, `good` by none, and PostgreSQL does with both
//! what the rule claims.

use std::collections::BTreeMap;
use std::path::Path;

use confiture_core::Severity;
use confiture_core::db::{Env, LockMode, Server, ServerOptions, Session, relation_locks};
use confiture_core::migration::layout::LoadOptions;
use confiture_core::migration::{Migration, Script};
use confiture_core::plugin::{Registry, Routines, Rule, RuleMeta, RuleStatement, Timeouts, Unfolded};
use confiture_core::sql::{TransactionControl, classify};
use confiture_fixtures::{SetupFile, TestSource};

use crate::{LintOptions, Surroundings, find};

fn source(scripts: &[String]) -> TestSource {
    let dir = tempfile::tempdir().unwrap();
    for (at, script) in scripts.iter().enumerate() {
        std::fs::write(dir.path().join(format!("{:04}_example.sql", at + 1)), script).unwrap();
    }
    let registry = Registry::linked().unwrap();
    TestSource::load(&registry, dir.path(), Some("plain"), &LoadOptions::default()).unwrap()
}

fn bad(meta: &RuleMeta) -> Vec<String> {
    let head = if meta.example.transaction { "" } else { "-- confiture: no-transaction\n" };
    vec![format!("{head}{}", meta.example.bad)]
}

fn good(meta: &RuleMeta) -> Vec<String> {
    meta.example.good.iter().map(|&script| script.to_owned()).collect()
}

/// Codes of what is found behind the setup of the example, without notes.
fn found(registry: &Registry, meta: &RuleMeta, scripts: Vec<String>) -> Vec<String> {
    let setup = format!("-- confiture: no-transaction\n{}\n", meta.example.setup);
    let scripts: Vec<String> = [setup].into_iter().chain(scripts).collect();
    let options = LintOptions { judged: Some((1..scripts.len()).collect()), ..LintOptions::default() };
    let found = find(registry, &source(&scripts).loaded, &options, |_| Surroundings::default());
    let loud = found.into_iter().filter(|found| found.diagnostic.severity > Severity::Info);
/// Codes of what is found, without notes and what the script itself ignores.
fn found(registry: &Registry, source: &TestSource) -> Vec<String> {
    let found = find(registry, &source.loaded, &LintOptions::default(), |_| Surroundings::default());
    let loud = found
        .into_iter()
        .filter(|found| found.suppressed.is_none() && found.diagnostic.severity > Severity::Info);
    loud.map(|found| found.diagnostic.code.to_owned()).collect()
}

/// What the rules find in one script: `code line:column`.
pub(super) fn check(script: &str) -> Vec<String> {
    let registry = Registry::linked().unwrap();
    let source = source(&[script.to_owned()]);
    let found = find(&registry, &source.loaded, &LintOptions::default(), |_| Surroundings::default());
    let heard = found.into_iter().filter(|found| found.suppressed.is_none());
    let line = |found: crate::Found| {
        let at = found.diagnostic.location.unwrap();
        format!("{} {}:{}", found.diagnostic.code, at.line, at.column)
    };
    heard.map(line).collect()
}

/// The rules, or the one that `CONFITURE_RULE` names.
fn rules(registry: &Registry) -> Vec<&dyn Rule> {
    let only = std::env::var("CONFITURE_RULE").ok();
    let wanted =
        |rule: &&dyn Rule| only.as_deref().is_none_or(|only| rule.meta().plugin.id.starts_with(only));
    registry.rules().filter(wanted).collect()
}

#[test]
fn every_rule_reports_its_bad_example_alone_and_no_rule_a_good_one() {
    let registry = Registry::linked().unwrap();
    let mut wrong = Vec::new();
    for meta in rules(&registry).iter().map(|rule| rule.meta()) {
        let id = meta.plugin.id;
        let reported = found(&registry, meta, bad(meta));
        if reported.is_empty() || reported.iter().any(|code| code != id) {
            wrong.push(format!("{id}: bad is reported as {reported:?}"));
        }
        let reported = found(&registry, meta, good(meta));
        if !reported.is_empty() {
            wrong.push(format!("{id}: good is reported as {reported:?}"));
        }
        if meta.plugin.docs.len() < 80 || meta.severity <= Severity::Info {
            wrong.push(format!("{id}: its page says too little, or it matters too little"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What one transaction did to the relations that were there before its migration.
#[derive(Debug, Default)]
struct Measured {
    locks: BTreeMap<String, LockMode>,
    rewritten: Vec<String>,
    scanned: Vec<String>,
}

/// A relation before a transaction.
struct Relation {
    name: String,
    node: u32,
    rows: i64,
    is_table: bool,
    /// Tuples read so far: the server's counters hold what it has not yet reported of earlier transactions.
    returned: i64,
}

async fn relations(session: &Session) -> BTreeMap<u32, Relation> {
    let sql = "SELECT c.oid, c.relname::text, c.relfilenode, c.relkind IN ('r', 'm') FROM pg_class c \
               JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";
    let mut relations = BTreeMap::new();
    for row in session.query(sql, &[]).await.unwrap() {
        let (oid, name, node, is_table): (u32, String, u32, bool) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        let rows = if is_table {
            let count = format!("SELECT count(*) FROM {}", confiture_core::sql::Quoted::ident(&name));
            session.query(&count, &[]).await.unwrap()[0].get(0)
        } else {
            0
        };
        relations.insert(oid, Relation { name, node, rows, is_table, returned: 0 });
    }
    for row in session.query(COUNTERS, &[]).await.unwrap() {
        if let Some(relation) = relations.get_mut(&row.get(0)) {
            relation.returned = row.get(2);
        }
    }
    relations
}

const COUNTERS: &str = "SELECT oid, relfilenode, pg_stat_get_xact_tuples_returned(oid) FROM pg_class";

/// Runs one migration as its tool would, and measures each of its transactions before it ends; a statement that
/// refuses a transaction runs by itself and is not measured. `Err` is the SQLSTATE it fails with.
async fn measure(session: &Session, migration: &Migration) -> Result<Vec<Measured>, String> {
    let script: &Script = migration.up.script().unwrap();
    let unfolded = Unfolded::of(script, &mut Routines::default());
    let statements = RuleStatement::all(script, &unfolded, Timeouts::default());
    let outer: Vec<&RuleStatement<'_>> = statements.iter().filter(|s| s.inside.is_none()).collect();
    let mut measured = Vec::new();
    let mut at = 0;
    while let Some(first) = outer.get(at) {
        let together = |other: &&&RuleStatement<'_>| {
            first.transaction.is_some() && other.transaction == first.transaction
        };
        let group = match outer[at..].iter().take_while(together).count() {
            0 => &outer[at..=at],
            count => &outer[at..at + count],
        };
        at += group.len();
        let alone = first.transaction.is_none()
            && (classify(first.sql()).transaction == confiture_core::sql::TransactionSafety::Refused
                || classify(first.sql()).verb == confiture_core::sql::Verb::Set);
        if alone {
            session.execute(first.sql()).await.map_err(|e| e.sqlstate.unwrap_or_default())?;
            continue;
        }
        let before = relations(session).await;
        session.execute("BEGIN").await.unwrap();
        for statement in group {
            if matches!(
                classify(statement.sql()).control,
                Some(TransactionControl::Begin | TransactionControl::Commit)
            ) {
                continue;
            }
            if let Err(failure) = session.execute(statement.sql()).await {
                session.execute("ROLLBACK").await.unwrap();
                return Err(failure.sqlstate.unwrap_or_default());
            }
        }
        measured.push(read(session, &before).await);
        session.execute("COMMIT").await.map_err(|e| e.sqlstate.unwrap_or_default())?;
    }
    Ok(measured)
}

/// Reads the locks, files and counters of the open transaction.
async fn read(session: &Session, before: &BTreeMap<u32, Relation>) -> Measured {
    let mut measured = Measured::default();
    for lock in relation_locks(session, session.backend_pid()).await.unwrap() {
        if let Some(relation) = before.get(&lock.oid).filter(|_| lock.granted) {
            let mode = measured.locks.entry(relation.name.clone()).or_insert(lock.mode);
            *mode = lock.mode.max(*mode);
        }
    }
    for row in session.query(COUNTERS, &[]).await.unwrap() {
        let (oid, node, returned): (u32, u32, i64) = (row.get(0), row.get(1), row.get(2));
        let Some(relation) = before.get(&oid) else { continue };
        if relation.node != node {
            measured.rewritten.push(relation.name.clone());
        }
        if relation.is_table && relation.rows > 0 && returned - relation.returned >= relation.rows {
            measured.scanned.push(relation.name.clone());
        }
    }
    measured
}

/// Whether one transaction does all that the rule claims.
fn does(meta: &RuleMeta, measured: &Measured, exactly: bool) -> bool {
    let claim = &meta.claim;
    let lock = |(relation, mode): &(&str, LockMode)| {
        let held = measured.locks.get(*relation);
        held.is_some_and(|held| if exactly { held == mode } else { held >= mode })
    };
    claim.locks.iter().all(lock)
        && claim.rewrites.iter().all(|name| measured.rewritten.iter().any(|known| known == name))
        && claim.scans.iter().all(|name| measured.scanned.iter().any(|known| known == name))
}

#[tokio::test]
async fn postgresql_does_with_every_example_what_the_rule_claims() {
    let registry = Registry::linked().unwrap();
    let version = std::env::var("CONFITURE_PG").ok().and_then(|major| major.parse().ok());
    let env = std::env::vars_os().collect::<Env>();
    let server = Server::open(&ServerOptions { env, version, ..ServerOptions::default() }).await.unwrap();
    let major = server.version().major();
    assert!(version.is_none_or(|version| version == major));
    let mut wrong = Vec::new();
    for meta in rules(&registry).iter().map(|rule| rule.meta()).filter(|meta| meta.holds_on(major)) {
        let id = meta.plugin.id;
        for (what, source) in [("bad", source(&bad(meta))), ("good", source(&good(meta)))] {
            let database = server.create_database("rule").await.unwrap();
            let session = database.session().await.unwrap();
            let setup = SetupFile::parse(Path::new("setup.sql"), meta.example.setup.to_owned()).unwrap();
            setup.run(&session).await.unwrap();
            let mut measured = Vec::new();
            let mut failed = None;
            for migration in &source.loaded.migrations {
                match measure(&session, migration).await {
                    Ok(more) => measured.extend(more),
                    Err(sqlstate) => failed = failed.or(Some(sqlstate)),
                }
            }
            session.close().await;
            database.close().await.unwrap();
            let claimed = (!meta.claim.is_empty()).then_some(meta.claim.sqlstate).flatten();
            let facts = !meta.claim.locks.is_empty()
                || !meta.claim.rewrites.is_empty()
                || !meta.claim.scans.is_empty();
            if what == "bad" && failed.as_deref() != claimed {
                wrong.push(format!("{id} on {major}: bad ends with {failed:?}, not {claimed:?}"));
            }
            if what == "bad" && facts && failed.is_none() && !measured.iter().any(|m| does(meta, m, true)) {
                wrong.push(format!("{id} on {major}: bad does not do what is claimed: {measured:#?}"));
            }
            if what == "good" && failed.is_some() {
                wrong.push(format!("{id} on {major}: good fails with {failed:?}"));
            }
            // Where the lock is all there is to it, another way may need it, too: for a shorter time, or at all.
            let worse = !meta.claim.rewrites.is_empty() || !meta.claim.scans.is_empty();
            if what == "good" && worse && measured.iter().any(|m| does(meta, m, false)) {
                wrong.push(format!("{id} on {major}: good does what bad does: {measured:#?}"));
            }
        }
    }
    server.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_migration_made_itself_is_nobodys_loss() {
    let made = "SET lock_timeout = '1s'; CREATE TABLE t (id int PRIMARY KEY, a int); CREATE INDEX ON t (a);\n\
        ALTER TABLE t RENAME TO u; ALTER TABLE u ALTER COLUMN a SET NOT NULL; ALTER TABLE u DROP COLUMN a; TRUNCATE u;";
    assert!(check(made).is_empty(), "{:?}", check(made));
    assert_eq!(check("CREATE TABLE a (id int); TRUNCATE b;"), ["missing-lock-timeout 1:26", "truncate 1:35"]);
}

#[test]
fn statements_in_blocks_and_in_routines_that_are_called_are_judged_where_they_stand() {
    let block =
        "SET lock_timeout = '1s';\nDO $$ BEGIN\n  IF true THEN\n    TRUNCATE users;\n  END IF;\nEND $$;";
    assert_eq!(check(block), ["truncate 4:14"]);
    let quoted = "SET lock_timeout = '1s';\nDO 'BEGIN EXECUTE ''TRUNCATE users''; END';";
    assert_eq!(check(quoted), ["truncate 2:30"]);
    let routine =
        "SET lock_timeout = '1s';\nCREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ TRUNCATE users $$;\n";
    assert!(check(routine).is_empty());
    assert_eq!(check(&format!("{routine}SELECT f();")), ["truncate 2:62"]);
}

#[test]
fn what_cannot_be_read_is_a_finding() {
    assert_eq!(check("DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'a'); END $$;"), ["unclassified 1:13"]);
    assert_eq!(check("CALL p();"), ["unclassified 1:1"]);
    assert_eq!(check("FROB THE TABLE;"), ["unclassified 1:1"]);
    assert!(check("SELECT now();").is_empty());
}

#[test]
fn a_suppression_needs_a_known_rule_a_reason_and_a_finding() {
    let truncate = |comment: &str| check(&format!("SET lock_timeout = '1s';\n{comment}\nTRUNCATE users;"));
    assert!(truncate("-- confiture:ignore truncate it holds a cache").is_empty());
    assert_eq!(truncate("-- confiture:ignore truncate"), ["suppression-without-reason 2:1", "truncate 3:10"]);
    assert_eq!(truncate("-- confiture:ignore trunkate it is"), ["suppression-unknown 2:1", "truncate 3:10"]);
    assert_eq!(
        truncate("-- confiture:ignore drop-column it is"),
        ["suppression-unused 2:1", "truncate 3:10"]
    );
    // Said of mutants, or of the checks.
    assert_eq!(truncate("-- confiture:ignore data-dropped it is"), ["truncate 3:10"]);
}

#[test]
fn locks_on_small_tables_matter_less_and_losses_do_not() {
    let registry = Registry::linked().unwrap();
    let script = "SET lock_timeout = '1s'; CREATE INDEX i ON users (a); TRUNCATE users;".to_owned();
    let source = source(&[script]);
    let severities = |rows: u64| {
        let rows = BTreeMap::from([("users".to_owned(), rows)]);
        let options = LintOptions { rows, ..LintOptions::default() };
        let found = find(&registry, &source.loaded, &options, |_| Surroundings::default());
        found.iter().map(|found| found.diagnostic.severity).collect::<Vec<_>>()
    };
    assert_eq!(severities(10), [Severity::Info, Severity::Critical]);
    assert_eq!(severities(50_000), [Severity::Medium, Severity::Critical]);
    assert_eq!(severities(5_000_000), [Severity::High, Severity::Critical]);
}
