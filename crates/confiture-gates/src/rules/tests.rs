//! Every rule's own example: `bad` is reported by that rule alone, `good` by none, and PostgreSQL does with both
//! what the rule claims.

use std::collections::BTreeMap;
use std::path::Path;

use confiture_core::Severity;
use confiture_core::db::{Env, LockMode, Server, ServerOptions, Session, relation_locks};
use confiture_core::migration::layout::LoadOptions;
use confiture_core::migration::{Migration, Script};
use confiture_core::plugin::{
    Registry, Routines, Rule, RuleCategory, RuleMeta, RuleStatement, Timeouts, Unfolded,
};
use confiture_core::sql::{TransactionControl, classify};
use confiture_fixtures::{SetupFile, TestSource};

use crate::{LintOptions, Surroundings, find};

fn source(scripts: &[String]) -> TestSource {
    load(scripts, false)
}

/// The script with a rollback that does nothing.
fn with_down(script: &str) -> TestSource {
    load(&[script.to_owned()], true)
}

fn load(scripts: &[String], down: bool) -> TestSource {
    let dir = tempfile::tempdir().unwrap();
    for (at, script) in scripts.iter().enumerate() {
        std::fs::write(dir.path().join(format!("{:04}_example.sql", at + 1)), script).unwrap();
        if down {
            std::fs::write(dir.path().join(format!("{:04}_example.down.sql", at + 1)), "SELECT 1;").unwrap();
        }
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

/// Codes and severities of what is found behind the setup of the example, without notes and what the script
/// itself ignores.
fn found(registry: &Registry, meta: &RuleMeta, scripts: Vec<String>) -> Vec<(&'static str, Severity)> {
    let setup = format!("-- confiture: no-transaction\n{}\n", meta.example.setup);
    let scripts: Vec<String> = [setup].into_iter().chain(scripts).collect();
    let options = LintOptions { judged: Some((1..scripts.len()).collect()), ..LintOptions::default() };
    let found = find(registry, &source(&scripts).loaded, &options, |_| Surroundings::default());
    let loud = found.into_iter().filter(|found| found.suppressed.is_none()).map(|found| found.diagnostic);
    loud.filter(|found| found.severity > Severity::Info).map(|found| (found.code, found.severity)).collect()
}

/// What the rules find in one script: `code line:column`.
pub(super) fn check(script: &str) -> Vec<String> {
    let registry = Registry::linked().unwrap();
    let source = with_down(script);
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
        let others = |(code, severity): &(&str, Severity)| *code != id && *severity >= meta.severity;
        if !reported.iter().any(|(code, _)| *code == id) || reported.iter().any(others) {
            wrong.push(format!("{id}: bad is reported as {reported:?}"));
        }
        // Design is a matter of taste in an example about something else.
        let mut reported = found(&registry, meta, good(meta));
        reported.retain(|(code, _)| {
            *code == id || registry.rule(code).is_none_or(|rule| rule.meta().category != RuleCategory::Design)
        });
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

/// PostgreSQL 15 to 18, or the one that `CONFITURE_PG` names; one that is missing is acquired or fails the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_does_with_every_example_what_the_rule_claims() {
    let only: Option<u32> = std::env::var("CONFITURE_PG").ok().and_then(|major| major.parse().ok());
    let majors = (15..=18).filter(|major| only.is_none_or(|only| only == *major));
    let mut running: Vec<_> = majors.map(|major| tokio::spawn(prove(major))).collect();
    assert!(!running.is_empty(), "CONFITURE_PG names none of 15 to 18");
    let mut wrong = Vec::new();
    for major in running.drain(..) {
        wrong.append(&mut major.await.unwrap());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What one major does otherwise than the rules claim.
async fn prove(major: u32) -> Vec<String> {
    let registry = Registry::linked().unwrap();
    let env = std::env::vars_os().collect::<Env>();
    let options = ServerOptions { env, version: Some(major), ..ServerOptions::default() };
    let server = Server::open(&options).await.unwrap();
    assert_eq!(server.version().major(), major);
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
    wrong
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
    let script = "SET lock_timeout = '1s'; CREATE INDEX i ON users (a); TRUNCATE users;";
    let source = with_down(script);
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

/// Codes of what the rules find in `script` on a database that `setup` made, notes and suppressed ones left out.
async fn found_in(server: &Server, setup: &str, script: &str) -> Vec<String> {
    let database = server.create_database("rule").await.unwrap();
    let session = database.session().await.unwrap();
    for statement in confiture_core::sql::split(setup) {
        // Some are meant to fail.
        let _ = session.execute(statement.text(setup)).await;
    }
    let before = confiture_core::catalog::Catalog::read(&session).await.unwrap();
    session.close().await;
    database.close().await.unwrap();
    let source = source(&[script.to_owned()]);
    let registry = Registry::linked().unwrap();
    let around = |_| Surroundings { before: Some(&before), after: None };
    let found = find(&registry, &source.loaded, &LintOptions::default(), around);
    let loud = found.into_iter().filter(|f| f.suppressed.is_none() && f.diagnostic.severity > Severity::Info);
    let mut codes: Vec<String> = loud.map(|found| found.diagnostic.code.to_owned()).collect();
    codes.retain(|code| code != "missing-lock-timeout");
    codes
}

#[tokio::test]
async fn the_catalog_tells_hazards_from_their_look_alikes() {
    let env = std::env::vars_os().collect::<Env>();
    let server = Server::open(&ServerOptions { env, ..ServerOptions::default() }).await.unwrap();
    let setup = "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, name text, age int);
        CREATE TABLE pairs (id int PRIMARY KEY, name text);
        INSERT INTO users VALUES (1, 'a', 'a', 7), (2, 'b', 'b', 7);
        CREATE UNIQUE INDEX CONCURRENTLY users_age_uq ON users (age);
        CREATE INDEX users_lookup ON users (age);
        CREATE VIEW names AS SELECT id, name FROM users;
        CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);
        CREATE TABLE events_1 PARTITION OF events DEFAULT;
        CREATE PUBLICATION changes FOR TABLE users;
        CREATE TABLE owners (id int PRIMARY KEY);
        CREATE TABLE owned (owner int REFERENCES owners);
        CREATE MATERIALIZED VIEW plain AS SELECT 1 AS a;
        CREATE MATERIALIZED VIEW keyed AS SELECT 1 AS a;
        CREATE UNIQUE INDEX ON keyed (a);
        CREATE TABLE prices (id int PRIMARY KEY, amount numeric(10,4), at timestamp, note text, payload json);
        CREATE FUNCTION price(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';";
    let alone = "-- confiture: no-transaction\n";
    let cases: &[(&str, &str, bool)] = &[
        (
            "fk-not-valid-on-partitioned",
            "ALTER TABLE events ADD FOREIGN KEY (id) REFERENCES users NOT VALID;",
            true,
        ),
        (
            "fk-not-valid-on-partitioned",
            "ALTER TABLE pairs ADD FOREIGN KEY (id) REFERENCES users NOT VALID;",
            false,
        ),
        ("concurrently-on-partitioned", &format!("{alone}CREATE INDEX CONCURRENTLY ON events (id);"), true),
        (
            "concurrently-on-partitioned",
            &format!("{alone}CREATE INDEX CONCURRENTLY ON events_1 (id);"),
            false,
        ),
        (
            "if-not-exists-hides-invalid-index",
            &format!("{alone}CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_age_uq ON users (age);"),
            true,
        ),
        (
            "if-not-exists-hides-invalid-index",
            &format!("{alone}CREATE INDEX CONCURRENTLY IF NOT EXISTS users_lookup ON users (age);"),
            false,
        ),
        (
            "if-not-exists-hides-drift",
            "CREATE INDEX IF NOT EXISTS users_lookup ON public.users (email);",
            true,
        ),
        (
            "if-not-exists-hides-drift",
            "CREATE INDEX IF NOT EXISTS users_lookup ON public.users (age);",
            false,
        ),
        (
            "if-not-exists-hides-drift",
            "CREATE TABLE IF NOT EXISTS pairs (id int PRIMARY KEY, name varchar);",
            true,
        ),
        (
            "if-not-exists-hides-drift",
            "CREATE TABLE IF NOT EXISTS pairs (id int4 PRIMARY KEY, name TEXT);",
            false,
        ),
        ("if-not-exists-hides-drift", "ALTER TABLE pairs ADD COLUMN IF NOT EXISTS name int;", true),
        ("if-not-exists-hides-drift", "ALTER TABLE pairs ADD COLUMN IF NOT EXISTS name text;", false),
        ("blocked-by-dependent-view", "ALTER TABLE users DROP COLUMN name;", true),
        ("blocked-by-dependent-view", "ALTER TABLE \"users\" ALTER COLUMN name TYPE varchar;", true),
        ("blocked-by-dependent-view", "ALTER TABLE users DROP COLUMN age;", false),
        ("blocked-by-dependent-view", "DROP VIEW names; ALTER TABLE users DROP COLUMN name;", false),
        ("drop-replica-identity", "ALTER TABLE public.users DROP CONSTRAINT users_pkey;", true),
        ("drop-replica-identity", "ALTER TABLE users DROP COLUMN id;", true),
        ("drop-replica-identity", "ALTER TABLE pairs DROP CONSTRAINT pairs_pkey;", false),
        // Whether the application fills a column that was there, its queries tell: a note.
        (
            "new-constraint-rejects-old-writer",
            "ALTER TABLE users ADD CHECK (name IS NOT NULL) NOT VALID;",
            false,
        ),
        (
            "new-constraint-rejects-old-writer",
            "ALTER TABLE users ADD note text; ALTER TABLE users ADD CHECK (note IS NOT NULL) NOT VALID;",
            true,
        ),
        (
            "new-constraint-rejects-old-writer",
            "ALTER TABLE users ADD CHECK (email IS NOT NULL AND age > 0) NOT VALID;",
            false,
        ),
        ("truncate-cascade", "TRUNCATE TABLE ONLY users, pairs CASCADE;", false),
        ("truncate-cascade", "TRUNCATE owners RESTART IDENTITY CASCADE;", true),
        ("published-table-without-pk", "CREATE PUBLICATION more FOR TABLE events_1;", true),
        ("published-table-without-pk", "CREATE PUBLICATION more FOR ALL TABLES;", true),
        ("published-table-without-pk", "CREATE PUBLICATION more FOR TABLE pairs;", false),
        ("published-table-without-pk", "ALTER PUBLICATION changes ADD TABLE ONLY events_1;", true),
        ("refresh-concurrently-needs-unique-index", "REFRESH MATERIALIZED VIEW CONCURRENTLY plain;", true),
        ("refresh-concurrently-needs-unique-index", "REFRESH MATERIALIZED VIEW CONCURRENTLY keyed;", false),
        ("alter-column-type-lossy", "ALTER TABLE prices ALTER amount TYPE numeric(10,2);", true),
        ("alter-column-type-lossy", "ALTER TABLE prices ALTER amount TYPE numeric(12,4);", false),
        ("alter-column-type-lossy", "ALTER TABLE prices ALTER amount TYPE numeric;", false),
        ("alter-column-type-lossy", "ALTER TABLE prices ALTER at TYPE date;", true),
        ("alter-column-type-lossy", "ALTER TABLE prices ALTER at TYPE timestamptz;", false),
        (
            "alter-column-type-lossy",
            "ALTER TABLE prices ALTER note TYPE varchar(5) USING left(note, 5);",
            true,
        ),
        ("alter-column-type-lossy", "ALTER TABLE prices ALTER note TYPE varchar(50);", false),
        ("alter-column-type-lossy", "ALTER TABLE prices ALTER payload TYPE jsonb;", true),
        ("drop-default-of-required-column", "ALTER TABLE users ALTER name DROP DEFAULT;", false),
        ("drop-or-replace-routine", "DROP FUNCTION price(integer);", true),
        ("drop-or-replace-routine", "DROP FUNCTION IF EXISTS touch() CASCADE;", false),
        (
            "drop-or-replace-routine",
            "CREATE FUNCTION price(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT a';",
            true,
        ),
        (
            "drop-or-replace-routine",
            "CREATE OR REPLACE FUNCTION price(a int4) RETURNS int LANGUAGE sql AS 'SELECT 2';",
            false,
        ),
    ];
    let mut wrong = Vec::new();
    for (code, script, expected) in cases {
        let found = found_in(&server, setup, script).await;
        if found.iter().any(|found| found == code) != *expected {
            wrong.push(format!("{script}: {found:?}"));
        }
    }
    server.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn look_alikes_of_losses_and_breaks_are_silent() {
    let silent = |script: &str| {
        let mut found = check(&format!("SET lock_timeout = '1s'; {script}"));
        // Two tables are locked, and nothing is lost or broken.
        found.retain(|line| !line.starts_with("multiple-exclusive-locks "));
        assert!(found.is_empty(), "{script}: {found:?}");
    };
    silent("ALTER TABLE t RENAME TO t_old; ALTER TABLE t_new RENAME TO t;");
    silent("ALTER TABLE users ADD COLUMN m int NOT NULL DEFAULT 0;");
    silent("DROP TABLE IF EXISTS pg_temp.a; CREATE TABLE b (id int); DROP TABLE b CASCADE;");
    silent("ALTER TABLE t ALTER COLUMN a DROP DEFAULT, ALTER COLUMN a SET DEFAULT 2;");
    silent("ALTER TABLE t ADD COLUMN a int; ALTER TABLE t ALTER COLUMN a DROP DEFAULT;");
    silent(
        "CREATE POLICY p ON t USING (true); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    );
    silent("WITH gone AS (DELETE FROM t WHERE id = 1 RETURNING id) SELECT count(*) FROM gone;");
    silent(
        "WITH gone AS (DELETE FROM t USING u WHERE t.id = u.id RETURNING t.id) SELECT count(*) FROM gone;",
    );
    silent("ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ('a');");
    silent("CREATE SEQUENCE s; ALTER SEQUENCE s RENAME TO r; ALTER INDEX i RENAME TO j;");
    silent("ALTER TABLE t DISABLE TRIGGER USER; ALTER TABLE t ENABLE TRIGGER USER;");
    silent("ALTER TABLE t RENAME TO u; CREATE VIEW t AS SELECT a, (SELECT max(b) FROM c GROUP BY d) FROM u;");
    silent(
        "ALTER TABLE t RENAME TO u; CREATE VIEW t AS SELECT DISTINCT a FROM u; \
         CREATE TRIGGER w INSTEAD OF INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
    );
    silent("CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(text);");
    let loud = |script: &str, code: &str| {
        let found = check(&format!("SET lock_timeout = '1s'; {script}"));
        assert!(found.iter().any(|found| found.starts_with(code)), "{script}: {found:?}");
    };
    loud("ALTER VIEW v RENAME TO w;", "rename-table");
    loud("ALTER SEQUENCE s RENAME TO r;", "rename-table");
    loud("ALTER SCHEMA s RENAME TO r;", "rename-table");
    loud("ALTER TYPE mood RENAME TO moods;", "rename-table");
    loud("ALTER TABLE t RENAME TO u; CREATE VIEW t AS SELECT a FROM u GROUP BY a;", "rename-table");
    loud("ALTER TYPE mood SET SCHEMA app;", "set-schema");
    loud("ALTER TABLE t DISABLE TRIGGER USER;", "disable-trigger-all");
    loud("WITH gone AS (DELETE FROM ONLY app.t RETURNING id) SELECT count(*) FROM gone;", "unbounded-dml");
    loud("WITH done AS (UPDATE t SET a = 1 RETURNING id) SELECT count(*) FROM done;", "unbounded-dml");
    loud(
        "ALTER TABLE t ADD COLUMN a int; UPDATE t SET a = 1 WHERE id = 1; ALTER TABLE t ALTER a SET NOT NULL;",
        "new-constraint-rejects-old-writer",
    );
    loud(
        "ALTER TABLE t ADD COLUMN a int, ADD b text NOT NULL DEFAULT NULL;",
        "add-column-not-null-no-default",
    );
    loud("ALTER TABLE t DROP CONSTRAINT k CASCADE;", "drop-cascade");
    loud("DROP SCHEMA old CASCADE;", "drop-cascade");
    loud("SELECT setval('s', 1);", "sequence-restart");
    loud("SET session_replication_role = 'replica';", "disable-trigger-all");
    loud(
        "CREATE POLICY p ON t AS RESTRICTIVE USING (true); ALTER TABLE t ENABLE ROW LEVEL SECURITY;",
        "rls-without-policy",
    );
}

#[test]
fn what_no_sql_brings_back_is_said_once_where_there_is_no_rollback() {
    let registry = Registry::linked().unwrap();
    let count = |source: &TestSource| {
        let found = find(&registry, &source.loaded, &LintOptions::default(), |_| Surroundings::default());
        found.iter().filter(|found| found.diagnostic.code == "irreversible").count()
    };
    let script = "DROP TABLE a; ALTER TYPE mood ADD VALUE 'x'; ALTER TABLE b DROP COLUMN c;";
    assert_eq!((count(&source(&[script.to_owned()])), count(&with_down(script))), (1, 0));
    let own =
        "CREATE TABLE a (b int); ALTER TABLE t ADD c int; ALTER TABLE t DROP c; TRUNCATE a; DROP TABLE a;";
    assert_eq!(count(&source(&[own.to_owned()])), 0);
}

/// Codes found in the last of these scripts, without notes.
fn after(scripts: &[&str]) -> Vec<&'static str> {
    let registry = Registry::linked().unwrap();
    let scripts: Vec<String> = scripts.iter().map(|&script| script.to_owned()).collect();
    let options = LintOptions { judged: Some([scripts.len() - 1].into()), ..LintOptions::default() };
    let found = find(&registry, &source(&scripts).loaded, &options, |_| Surroundings::default());
    found.iter().map(|found| found.diagnostic.code).collect()
}

#[test]
fn earlier_files_tell_what_a_statement_meets() {
    let users = "CREATE TABLE users (id int PRIMARY KEY, tenant int, mail text, age smallint, UNIQUE (tenant, mail), \
                 CHECK (age < tenant)); CREATE INDEX by_mail ON users (mail);";
    let renamed = "ALTER TABLE users RENAME COLUMN age TO years;\nALTER TABLE users RENAME TO people;";
    let auto = "-- confiture: no-transaction\n";
    let swap = format!(
        "{auto}DROP INDEX CONCURRENTLY by_mail; CREATE INDEX CONCURRENTLY by_mail_2 ON users (mail, id);"
    );
    let right = format!(
        "{auto}CREATE INDEX CONCURRENTLY by_mail_2 ON users (mail, id); DROP INDEX CONCURRENTLY by_mail;"
    );
    let retry = format!(
        "{auto}DROP INDEX CONCURRENTLY IF EXISTS other; CREATE INDEX CONCURRENTLY other ON users (mail);"
    );
    for (scripts, code, expected) in [
        (vec![users, "ALTER TABLE users DROP COLUMN tenant;"], "drop-column-drops-constraint", true),
        (vec![users, "ALTER TABLE users DROP COLUMN mail;"], "drop-column-drops-constraint", true),
        (
            vec![users, "ALTER TABLE users DROP CONSTRAINT users_tenant_mail_key, DROP COLUMN mail;"],
            "drop-column-drops-constraint",
            false,
        ),
        (vec![users, &swap], "index-replaced-in-wrong-order", true),
        (vec![users, &right], "index-replaced-in-wrong-order", false),
        (vec![users, &retry], "index-replaced-in-wrong-order", false),
        (
            vec![users, "DROP INDEX by_mail; CREATE INDEX by_mail ON users (mail, id);"],
            "index-replaced-in-wrong-order",
            false,
        ),
        (
            vec![users, "ALTER TABLE users ALTER mail TYPE varchar(20);"],
            "alter-column-type-client-break",
            true,
        ),
        (vec![users, "ALTER TABLE users ALTER mail TYPE varchar;"], "alter-column-type-client-break", false),
        (vec![users, "ALTER TABLE users ALTER age TYPE int;"], "alter-column-type-client-break", false),
        (vec![users, "ALTER TABLE users ALTER age TYPE text;"], "alter-column-type-client-break", true),
        (
            vec![users, renamed, "ALTER TABLE people ALTER years TYPE text;"],
            "alter-column-type-client-break",
            true,
        ),
        (
            vec![users, renamed, "ALTER TABLE people ALTER years TYPE bigint;"],
            "alter-column-type-client-break",
            false,
        ),
        (
            vec![users, "ALTER TABLE users ADD CHECK (mail IS NOT NULL) NOT VALID;"],
            "new-constraint-rejects-old-writer",
            true,
        ),
        (
            vec![users, "ALTER TABLE users ADD CHECK (id IS NOT NULL) NOT VALID;"],
            "new-constraint-rejects-old-writer",
            false,
        ),
        (
            vec![users, "ALTER TABLE users ADD a int DEFAULT 0; ALTER TABLE users ADD UNIQUE (a);"],
            "unique-on-duplicate-data",
            true,
        ),
        (
            vec![users, "ALTER TABLE users ADD a int; ALTER TABLE users ADD UNIQUE (a);"],
            "unique-on-duplicate-data",
            false,
        ),
        (
            vec![users, "ALTER TABLE users ADD a int DEFAULT 0; ALTER TABLE users ADD UNIQUE (a, id);"],
            "unique-on-duplicate-data",
            false,
        ),
        (
            vec![users, "ALTER TABLE users ADD a int, ADD CONSTRAINT c CHECK (a IS NOT NULL);"],
            "validate-on-bad-data",
            true,
        ),
        (
            vec![
                users,
                "ALTER TABLE users ADD a int; UPDATE users SET a = 1; ALTER TABLE users ADD CHECK (a IS NOT NULL);",
            ],
            "validate-on-bad-data",
            false,
        ),
    ] {
        let found = after(&scripts);
        assert_eq!(found.contains(&code), expected, "{code}: {:?}: {found:?}", scripts.last());
    }
}

#[test]
fn words_that_turn_a_look_alike_into_a_hazard() {
    for (script, code, expected) in [
        ("ALTER TABLE t ADD u int DEFAULT 1 REFERENCES a (id);", "add-fk-not-valid-missing", true),
        ("ALTER TABLE t ADD u int REFERENCES a (id);", "add-fk-not-valid-missing", false),
        ("ALTER TABLE t ALTER a TYPE varchar(5) USING a::varchar(5);", "alter-column-type-lossy", true),
        (
            "ALTER TABLE t ALTER a TYPE varchar(5) USING CAST(a AS character varying (5));",
            "alter-column-type-lossy",
            true,
        ),
        ("ALTER TABLE t ALTER a TYPE varchar(5);", "alter-column-type-lossy", false),
        ("ALTER VIEW v RENAME COLUMN a TO b;", "rename-column", true),
        ("SET timezone = 'UTC'; ALTER TABLE t ALTER a TYPE timestamptz;", "alter-column-type-rewrite", false),
        ("ALTER TABLE t ALTER a TYPE timestamptz;", "alter-column-type-rewrite", true),
        ("ALTER TABLE t ALTER a TYPE uuid USING a::uuid;", "alter-column-type-client-break", true),
        ("ALTER TABLE t ALTER a TYPE text USING a::text;", "alter-column-type-client-break", false),
    ] {
        assert_eq!(after(&[script]).contains(&code), expected, "{code}: {script}");
    }
}
