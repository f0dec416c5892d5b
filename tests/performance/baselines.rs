//! What differs from a committed baseline, and what does not.

use confiture_tests::Scenario;

use crate::{Profile, findings, server};

const USERS: &str = "CREATE TABLE teams (id int PRIMARY KEY);\n\
                     CREATE TABLE users (id int PRIMARY KEY, email text, name varchar(50), team int);";

/// What the baseline of `good` says about `good` once more, and about `bad`.
fn regression(good: &str, bad: &str) -> (Vec<String>, Vec<String>) {
    let scenario = Scenario::new(&[("0001_users.up.sql", USERS), ("0002_change.up.sql", good)]);
    let baselines = tempfile::tempdir().expect("a directory");
    let server = server();
    let compare = || Profile { baselines: Some(baselines.path()), ..Profile::default() };
    let accepted = Profile { accept: true, ..compare() }.last(&scenario, &server);
    assert!(baselines.path().join("0002_change.baseline.json").exists(), "{:?}", accepted.findings);
    let same = findings(&compare().last(&scenario, &server), "baseline");
    scenario.write("0002_change.up.sql", bad.as_bytes());
    let changed = findings(&compare().last(&scenario, &server), "baseline");
    (same, changed)
}

/// The same text raises nothing, `bad` these codes at least.
#[track_caller]
fn noticed(good: &str, bad: &str, codes: &[&str]) {
    let (same, changed) = regression(good, bad);
    assert_eq!(same, [""; 0], "the same text");
    for code in codes {
        assert!(changed.iter().any(|found| found == code), "{code} is not among {changed:?}");
    }
}

#[test]
fn volatile_default_in_place_of_a_constant_is_noticed() {
    noticed(
        "ALTER TABLE users ADD COLUMN token text DEFAULT 'none';",
        "ALTER TABLE users ADD COLUMN token text DEFAULT random()::text;",
        &["high baseline-rewrites", "medium baseline-scans", "medium baseline-counters"],
    );
}

#[test]
fn lost_concurrently_is_noticed() {
    noticed(
        "CREATE INDEX CONCURRENTLY users_email ON users (email);",
        "CREATE INDEX users_email ON users (email);",
        &["medium baseline-locks"],
    );
}

#[test]
fn two_extra_indexes_are_noticed() {
    noticed(
        "CREATE INDEX users_email ON users (email);",
        "CREATE INDEX users_email ON users (email);\n\
         CREATE INDEX users_name ON users (name);\n\
         CREATE INDEX users_team ON users (team);",
        &["medium baseline-created", "medium baseline-counters"],
    );
}

#[test]
fn dropped_not_valid_is_noticed() {
    noticed(
        "ALTER TABLE users ADD CONSTRAINT users_id_check CHECK (id IS NOT NULL) NOT VALID;",
        "ALTER TABLE users ADD CONSTRAINT users_id_check CHECK (id IS NOT NULL);",
        &["medium baseline-scans"],
    );
}

#[test]
fn missing_check_before_set_not_null_is_noticed() {
    let set = "ALTER TABLE users ALTER COLUMN email SET NOT NULL;";
    let fill = "UPDATE users SET email = '' WHERE email IS NULL;\nCOMMIT;\n";
    noticed(
        &format!(
            "{fill}ALTER TABLE users ADD CONSTRAINT there CHECK (email IS NOT NULL) NOT VALID;\nCOMMIT;\n\
             ALTER TABLE users VALIDATE CONSTRAINT there;\nCOMMIT;\n{set}"
        ),
        &format!("{fill}{set}"),
        &["medium baseline-scans"],
    );
}

#[test]
fn one_update_in_place_of_batches_is_noticed() {
    let batch = |rest: u32| format!("UPDATE users SET name = 'x' WHERE id % 4 = {rest};\nCOMMIT;\n");
    noticed(
        &(0..4).map(batch).collect::<String>(),
        "UPDATE users SET name = 'x';\nCOMMIT;\n",
        &["medium baseline-counters"],
    );
}

#[test]
fn rewrite_in_place_of_a_wider_varchar_is_noticed() {
    noticed(
        "ALTER TABLE users ALTER COLUMN name TYPE varchar(100);",
        "ALTER TABLE users ALTER COLUMN name TYPE char(100);",
        &["high baseline-rewrites"],
    );
}

#[test]
fn repeats_of_every_kind_of_statement_raise_nothing() {
    let change = "ALTER TABLE users ADD COLUMN age int;\n\
                  UPDATE users SET age = id % 90;\n\
                  CREATE INDEX users_age ON users (age);\n\
                  ALTER TABLE users ALTER COLUMN age TYPE bigint;\n\
                  CREATE VIEW old AS SELECT * FROM users WHERE age > 60;\n\
                  DELETE FROM users WHERE id % 10 = 0;\n\
                  DROP TABLE teams;";
    let down = "DROP VIEW old;\nALTER TABLE users DROP COLUMN age;\nCREATE TABLE teams (id int PRIMARY KEY);";
    let files = [("0001_users.sql", USERS), ("0002_change.sql", change), ("0002_change.down.sql", down)];
    let scenario = Scenario::new(&files);
    let baselines = tempfile::tempdir().expect("a directory");
    let server = server();
    let compare = || Profile { baselines: Some(baselines.path()), ..Profile::default() };
    Profile { accept: true, ..compare() }.last(&scenario, &server);
    for _ in 0..3 {
        let report = compare().last(&scenario, &server);
        assert_eq!(findings(&report, "baseline"), [""; 0], "{:?}", report.findings);
        let profile = report.profile.expect("a profile");
        assert_eq!((profile.statements.len(), profile.migrations.len()), (10, 1));
    }
}

#[test]
fn baseline_of_other_rows_is_said_to_be_incomparable() {
    let scenario = Scenario::new(&[("0001_users.sql", USERS), ("0002_change.sql", "DROP TABLE users;")]);
    let baselines = tempfile::tempdir().expect("a directory");
    let server = server();
    let compare = || Profile { rows: 50, baselines: Some(baselines.path()), ..Profile::default() };
    Profile { accept: true, ..compare() }.last(&scenario, &server);
    assert_eq!(findings(&compare().last(&scenario, &server), "baseline"), [""; 0]);
    let other = Profile { seed: 1, ..compare() }.last(&scenario, &server);
    assert_eq!(findings(&other, "baseline"), ["low baseline-incomparable"]);
    assert!(other.findings.iter().any(|finding| finding.message.contains("seed 0, now 1")));
}
