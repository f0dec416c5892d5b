//! `confiture gate`: the queries of the application, asked on rows before and after a migration.

use confiture_tests::{block_on, server};
use serde_json::Value;

use crate::process::{Project, url_in};

const BEFORE: &str = "CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, age int NOT NULL);\n\
                      CREATE INDEX users_age ON users (age);";

/// A chain whose last migration is judged, and one query file.
fn project(query: &str, migration: &str, down: &str) -> Project {
    Project::new(&[
        ("m/0001_users.sql", BEFORE),
        ("m/0001_users.down.sql", "DROP TABLE users;"),
        ("m/0002_change.sql", &format!("SET lock_timeout = '2s';\n{migration}")),
        ("m/0002_change.down.sql", down),
        ("queries/q.sql", query),
    ])
}

fn gate(project: &Project, more: &[&str]) -> Value {
    project.run(&[&["gate", "m", "--only", "0002*", "--format", "json"], more].concat()).json()
}

fn about_queries(report: &Value) -> Vec<&Value> {
    report["findings"].as_array().expect("findings").iter().filter(|one| one["check"] == "queries").collect()
}

fn codes(report: &Value) -> Vec<&str> {
    about_queries(report).iter().filter_map(|one| one["code"].as_str()).collect()
}

#[test]
fn write_that_a_new_constraint_refuses_is_found_by_running_it() {
    let insert = "INSERT INTO users (email, age) VALUES ($1, $2);";
    let refusing = "ALTER TABLE users ADD COLUMN country text;\n\
                    UPDATE users SET country = 'FR';\n\
                    ALTER TABLE users ALTER COLUMN country SET NOT NULL;";
    let down = "ALTER TABLE users DROP COLUMN country;";
    let report = gate(&project(insert, refusing, down), &[]);
    assert_eq!(codes(&report), ["query-breaks-on-rows"], "{}", report["findings"]);
    let found = about_queries(&report)[0];
    assert_eq!(
        (&found["evidence"]["sqlstate"], &found["file"], &found["line"]),
        (&"23502".into(), &"queries/q.sql".into(), &1.into())
    );
    let accepting = "ALTER TABLE users ADD COLUMN country text NOT NULL DEFAULT 'FR';";
    let report = gate(&project(insert, accepting, down), &[]);
    assert_eq!(codes(&report), Vec::<&str>::new());
}

#[test]
fn query_that_loses_its_index_is_found_whatever_the_rows() {
    let query = "SELECT email FROM users WHERE age = $1;";
    let down = "CREATE INDEX users_age ON users (age);";
    let report = gate(&project(query, "DROP INDEX users_age;", down), &[]);
    assert_eq!(codes(&report), ["query-loses-index"]);
    assert_eq!(about_queries(&report)[0]["severity"], "medium");
    let sized = |rows: u64| {
        let project = project(query, "DROP INDEX users_age;", down);
        let table = serde_json::json!({ "schema": "public", "name": "users", "rows": rows, "bytes": 1 });
        project.write("stats.json", serde_json::json!({ "format": 1, "tables": [table] }).to_string());
        about_queries(&gate(&project, &["--stats", "stats.json"]))[0]["severity"].clone()
    };
    assert_eq!((sized(10), sized(5_000_000)), ("info".into(), "high".into()));
    // Another index serves it, and it is made before the old one goes.
    let replaced = "CREATE INDEX users_age_email ON users (age, email);\nDROP INDEX users_age;";
    let down = "CREATE INDEX users_age ON users (age);\nDROP INDEX users_age_email;";
    assert_eq!(codes(&gate(&project(query, replaced, down), &[])), Vec::<&str>::new());
    // It never had one.
    let report = gate(
        &project(
            "SELECT id FROM users WHERE age + 1 = $1;",
            "DROP INDEX users_age;",
            "CREATE INDEX users_age ON users (age);",
        ),
        &[],
    );
    assert_eq!(codes(&report), Vec::<&str>::new());
}

#[test]
fn policies_and_privileges_count_for_the_role_that_asks() {
    let with_role = |query: &str, migration: &str, down: &str| {
        let project = project(query, migration, down);
        project.write(
            "setup.sql",
            "CREATE ROLE app_reader;\nALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app_reader;",
        );
        project
    };
    let asks = ["--setup", "setup.sql", "--as", "app_reader"];
    let query = "SELECT email FROM users;";
    let hides = "ALTER TABLE users ENABLE ROW LEVEL SECURITY;";
    let shown = "ALTER TABLE users DISABLE ROW LEVEL SECURITY;";
    let project = with_role(query, hides, shown);
    let report = gate(&project, &asks);
    assert_eq!(codes(&report), ["query-finds-nothing"]);
    assert_eq!(about_queries(&report)[0]["evidence"]["role"], "app_reader");
    assert_eq!(codes(&gate(&project, &asks[..2])), Vec::<&str>::new());

    let policy = format!("CREATE POLICY everyone ON users USING (true);\n{hides}");
    let project = with_role(query, &policy, &format!("{shown}\nDROP POLICY everyone ON users;"));
    assert_eq!(codes(&gate(&project, &asks)), Vec::<&str>::new());

    let project =
        with_role(query, "REVOKE SELECT ON users FROM app_reader;", "GRANT SELECT ON users TO app_reader;");
    let report = gate(&project, &asks);
    assert_eq!(codes(&report), ["query-breaks-on-rows"]);
    assert_eq!(about_queries(&report)[0]["evidence"]["sqlstate"], "42501");
}

#[test]
fn offline_cache_of_sqlx_is_asked() {
    let cached = |query: &str| {
        serde_json::to_string_pretty(
            &serde_json::json!({ "db_name": "PostgreSQL", "query": query, "describe": {}, "hash": "x" }),
        )
        .expect("JSON")
    };
    let project = project(
        "SELECT 1;",
        "ALTER TABLE users RENAME COLUMN age TO years;",
        "ALTER TABLE users RENAME COLUMN years TO age;",
    );
    project.write(".sqlx/query-0a.json", cached("SELECT email,\n \"age\" FROM users WHERE id = $1"));
    project.write(".sqlx/query-0b.json", cached("SELECT email FROM users"));
    let report = gate(&project, &[]);
    let found = about_queries(&report);
    assert_eq!(codes(&report), ["query-breaks"], "{found:?}");
    assert_eq!((&found[0]["file"], &found[0]["line"]), (&".sqlx/query-0a.json".into(), &3.into()));
    assert_eq!(found[0]["evidence"]["sqlstate"], "42703");
}

#[test]
fn file_of_single_queries_is_asked_one_by_one() {
    let rename = "ALTER TABLE users RENAME COLUMN age TO years;";
    let down = "ALTER TABLE users RENAME COLUMN years TO age;";
    let text = "SELECT age FROM users;\nSELECT email FROM users;\nSELECT age + 1 FROM users WHERE id = $1;\n";
    let report = gate(&project(&format!("-- confiture:each\n{text}"), rename, down), &[]);
    let lines: Vec<&Value> = about_queries(&report).iter().map(|one| &one["line"]).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.contains(&&Value::from(2)) && lines.contains(&&Value::from(4)));
    // As a session, it ends with the first that fails.
    let report = gate(&project(text, rename, down), &[]);
    assert_eq!(codes(&report), ["query-breaks"]);
}

#[test]
fn export_of_statements_needs_the_extension_and_writes_nothing() {
    let shared = server();
    let database = block_on(shared.create_database("asked")).expect("a database");
    let url = url_in(shared.cluster().expect("ours").path())
        .replace("/postgres?", &format!("/{}?", database.name()));
    let project = Project::good();
    project.run(&["generate", "queries", "--server", &url]).exits(2).error(&["pg_stat_statements"]);
    // What the extension would give; the texts are those of PostgreSQL 15.
    let session = block_on(database.session()).expect("a session");
    let rows = "CREATE TABLE pg_stat_statements AS SELECT (SELECT oid FROM pg_database WHERE datname = current_database()) AS dbid, \
                query, calls FROM (VALUES ('SELECT email FROM users WHERE id = $1', 5::bigint), \
                ('SELECT id FROM users WHERE made > now() - INTERVAL $1', 9), ('ALTER ROLE app PASSWORD ''geheim''', 99), \
                ('SELECT relname FROM pg_class', 98), ('<insufficient privilege>', 97)) AS s (query, calls)";
    block_on(session.execute(rows)).expect("made");
    block_on(session.close());
    let printed = project.run(&["generate", "queries", "--server", &url]).exits(0).stdout;
    block_on(database.close()).expect("dropped");
    let expected = "-- confiture:each\n\n-- 9 calls\nSELECT id FROM users WHERE made > now() - $1::INTERVAL;\n\n-- 5 calls\n\
                    SELECT email FROM users WHERE id = $1;\n\n-- 1 statements of other roles are hidden: GRANT pg_read_all_stats\n";
    assert_eq!(printed.trim_end(), expected.trim_end());
}
