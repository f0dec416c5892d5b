//! `confiture gate --against`: what stands in the way in production, which is only read.

use std::sync::Arc;

use confiture_core::db::{Endpoint, Env, Server, ServerOptions, Session};
use confiture_tests::block_on;
use serde_json::Value;

use crate::process::{Project, url_in};

/// A server that plays the part of production: one table, the first of two migrations applied.
struct Production {
    server: Arc<Server>,
    database: confiture_core::db::ScratchDb,
    session: Session,
}

const PENDING: &str = "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN note text;\nUPDATE users SET note = 'x' WHERE id = 1;";

impl Production {
    fn new() -> Self {
        let env: Env = std::env::vars_os().collect();
        let version = std::env::var("CONFITURE_PG").ok().and_then(|major| major.parse().ok());
        let options = ServerOptions { version, env, ..ServerOptions::default() };
        block_on(async {
            let server = Arc::new(Server::open(&options).await.expect("a server"));
            let database = server.create_database("production").await.expect("a database");
            let session = database.session().await.expect("a session");
            for sql in [
                "CREATE TABLE users (id serial PRIMARY KEY, email text)",
                "CREATE TABLE other (id serial PRIMARY KEY, email text)",
                "CREATE TABLE tb_confiture (version text PRIMARY KEY, name text NOT NULL, applied_at timestamptz DEFAULT now())",
                "INSERT INTO tb_confiture (version, name) VALUES ('0001', 'users')",
                "INSERT INTO users (email) SELECT 'a' FROM generate_series(1, 5000)",
                "ANALYZE",
            ] {
                session.execute(sql).await.expect("accepted");
            }
            Self { server, database, session }
        })
    }

    fn url(&self) -> String {
        url_in(self.server.cluster().expect("ours").path())
            .replace("/postgres?", &format!("/{}?", self.database.name()))
    }

    fn run(&self, sql: &str) {
        block_on(self.session.execute(sql)).expect("accepted");
    }

    fn other(&self) -> Session {
        block_on(self.database.session()).expect("a session")
    }

    fn close(self) {
        block_on(async {
            self.session.close().await;
            self.database.close().await.expect("dropped");
        });
    }
}

fn project() -> Project {
    Project::new(&[
        ("m/0001_users.sql", "CREATE TABLE users (id serial PRIMARY KEY, email text);"),
        ("m/0001_users.down.sql", "DROP TABLE users;"),
        ("m/0002_note.sql", PENDING),
        ("m/0002_note.down.sql", "ALTER TABLE users DROP COLUMN note;"),
        // Rows of the clone are made; what the pending UPDATE writes is not looked at.
        (
            "confiture.toml",
            "layout = 'plain'\nrows = 0\n[gate]\noptional = ['mutation', 'performance', 'release-readiness', 'data-integrity']\n",
        ),
    ])
}

fn gate(url: &str, more: &[&str]) -> Value {
    let args = [&["gate", "m", "--against", url, "--format", "json"], more].concat();
    let ended = project().run(&args);
    ended.json()
}

/// Codes of what was seen there, and how bad it is.
fn live(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let all = report["findings"].as_array().expect("findings").iter();
    all.filter(|one| one["check"] == "live").map(|one| (text(&one["code"]), text(&one["severity"]))).collect()
}

fn seen(url: &str) -> Vec<String> {
    live(&gate(url, &[])).into_iter().map(|(code, _)| code).collect()
}

#[test]
fn pending_migrations_are_judged_and_nothing_is_written() {
    let production = Production::new();
    let (url, endpoint) =
        (production.url(), Endpoint::parse(&production.url(), &Env::empty()).expect("a URL"));
    // The next transaction number of the server: whoever writes takes one.
    let state = || -> Vec<i64> {
        block_on(async {
            let session = Session::read_only(&endpoint).await.expect("a session");
            let sql = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint, \
                       (SELECT tup_inserted + tup_updated + tup_deleted FROM pg_stat_database WHERE datname = current_database())";
            let rows = session.query(sql, &[]).await.expect("rows");
            let refused = session.execute("CREATE TABLE written (id int)").await.expect_err("refused");
            assert_eq!(refused.sqlstate.as_deref(), Some("25006"));
            session.close().await;
            vec![rows[0].get(0), rows[0].get(1)]
        })
    };
    // What the making of the tables counted is known once a session asks for it.
    production.run("SELECT pg_stat_clear_snapshot()");
    let before = state();
    let report = gate(&url, &[]);
    assert_eq!(live(&report), []);
    assert_eq!(state(), before);
    let judged = |at: usize| report["migrations"][at]["checks"][1]["reason"].clone();
    assert_eq!((judged(0), judged(1)), ("not selected".into(), Value::Null));
    assert_eq!(report["status"], "passed", "{}", report["findings"]);
    production.close();
}

#[test]
fn transactions_vacuums_and_invalid_indexes_are_in_the_way() {
    let production = Production::new();
    let url = production.url();
    let session = production.other();
    let with = |sql: &str| block_on(session.execute(sql)).expect("accepted");
    // Idle with a lock on another table: not in the way, until it counts as old.
    with("BEGIN");
    with("SELECT count(*) FROM other");
    assert_eq!(seen(&url), Vec::<String>::new());
    let old = live(&gate(&url, &["--oldest-transaction", "0"]));
    assert_eq!(old, [("live-idle-in-transaction".to_owned(), "medium".to_owned())]);
    with("SELECT count(*) FROM users");
    let report = gate(&url, &[]);
    assert_eq!(live(&report), [("live-idle-in-transaction".to_owned(), "high".to_owned())]);
    let locks = report["gates"].as_array().expect("gates").iter().find(|gate| gate["id"] == "locks");
    assert_eq!(locks.expect("the gate")["status"], "failed");
    with("ROLLBACK");

    // Not idle.
    let sleeping = production.other();
    let cancel = sleeping.cancel_handle();
    let asleep = std::thread::spawn(move || {
        block_on(async {
            let ended = sleeping.execute("SELECT pg_sleep(600) FROM users").await;
            sleeping.close().await;
            ended.is_err()
        })
    });
    let active = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    while block_on(production.session.query(active, &[])).expect("rows").is_empty() {}
    let old = live(&gate(&url, &["--oldest-transaction", "0"]));
    assert_eq!(old, [("live-old-transaction".to_owned(), "high".to_owned())]);
    assert_eq!(seen(&url), Vec::<String>::new());
    block_on(cancel.cancel()).expect("cancelled");
    assert!(asleep.join().expect("ended"));

    // A vacuum that takes its time.
    let vacuuming = production.other();
    let cancel = vacuuming.cancel_handle();
    let vacuum = std::thread::spawn(move || {
        block_on(async {
            vacuuming.execute("SET vacuum_cost_delay = 100").await.expect("set");
            vacuuming.execute("SET vacuum_cost_limit = 1").await.expect("set");
            let ended = vacuuming.execute("VACUUM (DISABLE_PAGE_SKIPPING) users").await;
            vacuuming.close().await;
            ended.is_err()
        })
    });
    let running = "SELECT FROM pg_stat_progress_vacuum";
    while block_on(production.session.query(running, &[])).expect("rows").is_empty() {}
    let codes = seen(&url);
    block_on(cancel.cancel()).expect("cancelled");
    let cancelled = vacuum.join().expect("ended");
    assert!(cancelled && codes == ["live-vacuum-running"], "{codes:?}");

    // An index whose making failed, on the table and on another.
    for (table, expected) in [("other", vec![]), ("users", vec!["live-invalid-index"])] {
        production.run(&format!("INSERT INTO {table} (email) VALUES ('a'), ('a')"));
        let unique = format!("CREATE UNIQUE INDEX CONCURRENTLY {table}_email ON {table} (email)");
        block_on(production.session.execute(&unique)).expect_err("it has duplicates");
        assert_eq!(seen(&url), expected, "{table}");
    }
    block_on(session.close());
    production.close();
}

#[test]
fn history_of_production_tells_what_is_pending() {
    let production = Production::new();
    let url = production.url();
    production.run("INSERT INTO tb_confiture (version, name) VALUES ('0009', 'theirs')");
    assert_eq!(seen(&url), ["live-unknown-migration"]);
    production.run("UPDATE tb_confiture SET version = '0002' WHERE version = '0009'");
    production.run("DELETE FROM tb_confiture WHERE version = '0001'");
    assert_eq!(seen(&url), ["live-out-of-order"]);
    production.run("ALTER TABLE tb_confiture RENAME TO gone");
    let report = gate(&url, &[]);
    assert_eq!(live(&report)[0].0, "live-history-missing");

    let sqlx = "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, installed_on \
                timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL)";
    production.run(sqlx);
    let project = Project::new(&[
        ("m/0001_users.up.sql", "CREATE TABLE users (id serial PRIMARY KEY, email text);"),
        ("m/0001_users.down.sql", "DROP TABLE users;"),
        ("m/0002_note.up.sql", PENDING),
        ("m/0002_note.down.sql", "ALTER TABLE users DROP COLUMN note;"),
    ]);
    for (success, expected) in [("true", vec![]), ("false", vec!["live-migration-unfinished"])] {
        production.run("TRUNCATE _sqlx_migrations");
        production.run(&format!("INSERT INTO _sqlx_migrations VALUES (1, 'users', now(), {success}, '', 1)"));
        let report =
            project.run(&["gate", "m", "--layout", "sqlx", "--against", &url, "--format", "json"]).json();
        let codes: Vec<String> = live(&report).into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes, expected, "{success}");
    }
    production.close();
}

#[test]
fn sequences_sizes_publications_and_policies_are_seen() {
    let production = Production::new();
    let url = production.url();
    production.run("SELECT setval('other_id_seq', 2147483000)");
    assert_eq!(seen(&url), Vec::<String>::new());
    production.run("SELECT setval('users_id_seq', 1700000000)");
    assert_eq!(live(&gate(&url, &[])), [("live-sequence-low".to_owned(), "medium".to_owned())]);
    production.run("SELECT setval('users_id_seq', 2147483000)");
    assert_eq!(live(&gate(&url, &[])), [("live-sequence-low".to_owned(), "high".to_owned())]);
    production.run("SELECT setval('users_id_seq', 5000)");

    production.run("CREATE PUBLICATION p FOR TABLE other");
    assert_eq!(seen(&url), Vec::<String>::new());
    production.run("ALTER PUBLICATION p ADD TABLE users");
    assert_eq!(seen(&url), ["live-published"]);
    production.run("DROP PUBLICATION p");

    production.run("SELECT pg_create_physical_replication_slot('standby')");
    assert_eq!(seen(&url), Vec::<String>::new());
    production.run("SELECT pg_drop_replication_slot('standby')");
    production.run("SELECT pg_create_physical_replication_slot('standby', true)");
    assert_eq!(seen(&url), ["live-slot-inactive"]);
    production.run("SELECT pg_drop_replication_slot('standby')");

    production.run("UPDATE pg_class SET reltuples = 5e6 WHERE relname = 'users'");
    let report = gate(&url, &[]);
    assert_eq!(live(&report), [("live-large-table".to_owned(), "info".to_owned())]);
    production.run("UPDATE pg_class SET reltuples = 5000 WHERE relname = 'users'");

    // A role that sees neither others' sessions nor all rows.
    production.run("CREATE ROLE migrator LOGIN PASSWORD 'geheim'");
    production.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO migrator");
    let theirs = url.replace("postgres@", "migrator:geheim@");
    assert_eq!(seen(&theirs), ["live-not-visible"]);
    production.run("GRANT pg_monitor TO migrator");
    assert_eq!(seen(&theirs), Vec::<String>::new());
    production.run("ALTER TABLE users ENABLE ROW LEVEL SECURITY");
    assert_eq!(seen(&theirs), ["live-rls-hides-rows"]);
    assert_eq!(seen(&url), Vec::<String>::new());
    let ended = project().run(&["gate", "m", "--against", &theirs.replace("host=", "host=/nowhere")]);
    let ended = ended.exits(3);
    assert!(!ended.stderr.contains("geheim") && !ended.stdout.contains("geheim"));
    block_on(production.session.execute("DROP OWNED BY migrator")).expect("dropped");
    production.run("DROP ROLE migrator");
    production.close();
}
