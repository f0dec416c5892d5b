//! What reading gives.

use super::fixture::{database, run, servers};
use crate::catalog::Catalog;

const EVERYTHING: &str = include_str!("everything.sql");

#[tokio::test]
async fn the_same_ddl_gives_the_same_catalog_on_every_major() {
    let mut first: Option<(u32, String)> = None;
    for server in servers().await {
        let (scratch, session) = database(&server).await;
        run(&session, EVERYTHING).await;
        let catalog = Catalog::read(&session).await.expect("a catalog");
        let json = serde_json::to_string_pretty(&catalog).expect("JSON");
        let back: Catalog = serde_json::from_str(&json).expect("a catalog from JSON");
        assert_eq!(back, catalog);
        assert!(!json.contains("secret"), "passwords stay on the server");
        let major = server.version().major();
        if let Some(dir) = std::env::var_os("CONFITURE_TEST_DUMP") {
            std::fs::write(std::path::Path::new(&dir).join(format!("{major}.json")), &json).expect("written");
        }
        match &first {
            None => first = Some((major, json)),
            Some((other, expected)) => {
                let differs = json.lines().zip(expected.lines()).find(|(a, b)| a != b);
                assert_eq!(differs, None, "{major} and {other} differ");
                assert_eq!(json.lines().count(), expected.lines().count());
            }
        }
        run(&session, "DROP SUBSCRIPTION IF EXISTS sub").await;
        session.close().await;
        scratch.close().await.expect("dropped");
    }
}

#[tokio::test]
async fn the_session_settings_and_role_change_nothing_and_are_put_back() {
    let server = super::fixture::server().await;
    let (scratch, session) = database(&server).await;
    run(&session, EVERYTHING).await;
    let expected = Catalog::read(&session).await.expect("a catalog");
    let settings = [
        ("search_path", "app, public"),
        ("standard_conforming_strings", "off"),
        ("quote_all_identifiers", "on"),
        ("intervalstyle", "iso_8601"),
        ("datestyle", "German, DMY"),
        ("extra_float_digits", "-10"),
        ("bytea_output", "escape"),
        ("timezone", "Asia/Tokyo"),
        ("role", "catalog_reader"),
    ];
    // Outside of a transaction, inside of one, and with SET LOCAL on top of it.
    for (begin, set, end) in [("", "SET", ""), ("BEGIN", "SET", "COMMIT"), ("BEGIN", "SET LOCAL", "COMMIT")] {
        run(&session, begin).await;
        for (name, value) in settings {
            let value = if name.ends_with("path") { value.to_owned() } else { format!("'{value}'") };
            run(&session, &format!("{set} {name} = {value}")).await;
        }
        let shown = show(&session, &settings).await;
        let found = Catalog::read(&session).await.expect("a catalog");
        // The options of a user mapping are shown to its user and to superusers only.
        let mut differences = expected.diff(&found);
        differences.retain(|d| d.object.kind() != crate::catalog::Kind::UserMapping);
        assert_eq!(differences, [], "{begin} {set}");
        assert_eq!(show(&session, &settings).await, shown, "{begin} {set}");
        run(&session, end).await;
        if set == "SET" {
            assert_eq!(show(&session, &settings).await, shown, "{begin} {set} {end}");
        }
        run(&session, "RESET ALL; RESET ROLE; SET jit = off").await;
    }
    run(&session, "DROP SUBSCRIPTION sub").await;
    session.close().await;
    scratch.close().await.expect("dropped");
}

async fn show(session: &crate::db::Session, settings: &[(&str, &str)]) -> Vec<String> {
    let mut out = Vec::new();
    for (name, _) in settings {
        let rows = session.query("SELECT current_setting($1)", &[name]).await.expect("a setting");
        out.push(rows[0].get(0));
    }
    out
}

/// `cargo test --release -p confiture-core --lib catalog::tests::read::measure -- --ignored --nocapture`
#[tokio::test]
#[ignore = "a measurement"]
async fn measure() {
    use crate::catalog::Observed;
    for server in servers().await {
        for tables in [60, 300, 1000] {
            let (scratch, session) = database(&server).await;
            run(&session, "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'").await;
            let mut script = String::new();
            for i in 1..=tables {
                let parent = (i - 1).max(1);
                script += &format!(
                    "CREATE TABLE t{i} (id bigserial PRIMARY KEY, name varchar(80) NOT NULL DEFAULT 'x', email text \
                     UNIQUE, mood mood DEFAULT 'a', amount numeric(10,2) CHECK (amount >= 0), created timestamptz NOT \
                     NULL DEFAULT now(), parent bigint REFERENCES t{parent}, data jsonb, flag boolean, note text); \
                     CREATE INDEX ON t{i} (name); COMMENT ON TABLE t{i} IS 'a table';"
                );
                if i % 10 == 0 {
                    script += &format!(
                        "CREATE VIEW v{i} AS SELECT t.id, p.email FROM t{i} t JOIN t{parent} p ON p.id = t.parent; \
                         CREATE TRIGGER touch BEFORE UPDATE ON t{i} FOR EACH ROW EXECUTE FUNCTION touch(); CREATE \
                         FUNCTION f{i}(a integer) RETURNS integer LANGUAGE sql AS 'select 1';"
                    );
                }
            }
            run(&session, &script).await;
            run(&session, "ANALYZE").await;
            let mut line = format!("{} {tables} tables:", server.version());
            let observed = Observed::full(&session).await.expect("an observation");
            let mut best = |name: &str, times: Vec<std::time::Duration>| {
                let first = times[0].as_secs_f64() * 1e3;
                let mut rest: Vec<f64> = times[1..].iter().map(|t| t.as_secs_f64() * 1e3).collect();
                rest.sort_by(f64::total_cmp);
                line += &format!(" {name} {:.1} (first {first:.1})", rest[rest.len() / 2]);
            };
            let mut times = Vec::new();
            for _ in 0..8 {
                let started = std::time::Instant::now();
                Catalog::read(&session).await.expect("a catalog");
                times.push(started.elapsed());
            }
            best("read", times);
            for (name, change) in [
                ("nothing", ""),
                ("default", "ALTER TABLE t7 ALTER name SET DEFAULT 'y'"),
                ("drop-index", "DROP INDEX t7_name_idx"),
                ("rename", "ALTER TABLE t10 RENAME email TO mail"),
            ] {
                let mut times = Vec::new();
                let mut diff = std::time::Duration::ZERO;
                for _ in 0..9 {
                    run(&session, "BEGIN").await;
                    run(&session, change).await;
                    let started = std::time::Instant::now();
                    let after = observed.refresh(&session).await.expect("an observation");
                    times.push(started.elapsed());
                    let started = std::time::Instant::now();
                    let found = observed.catalog().diff(after.catalog());
                    diff = started.elapsed();
                    assert_eq!(found.is_empty(), change.is_empty());
                    run(&session, "ROLLBACK").await;
                }
                best(name, times);
                let _ = diff;
            }
            println!("{line}");
            session.close().await;
            scratch.close().await.expect("dropped");
        }
    }
}
