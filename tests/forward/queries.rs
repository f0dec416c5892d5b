//! Query files: what worked before a migration works after it.

use confiture_tests::Scenario;
use insta::assert_snapshot;

/// A chain that renames a column in its third step.
fn renamed() -> Scenario {
    Scenario::new(&[
        ("1_users.sql", "CREATE TABLE users (id int PRIMARY KEY, name text);"),
        ("2_index.sql", "CREATE INDEX users_name ON users (name);"),
        ("3_rename.sql", "ALTER TABLE users RENAME COLUMN name TO full_name;"),
        ("4_view.sql", "CREATE VIEW people AS SELECT full_name AS name FROM users;"),
    ])
}

#[test]
fn the_migration_that_breaks_a_query_is_named() {
    assert_snapshot!(renamed().query("old.sql", "SELECT id,\n  name\nFROM users WHERE id = $1;").check(), @r"
    1_users: order+ up+ atomic+ down- re-up-
    2_index: order+ up+ atomic+ down- re-up- queries+
    3_rename: order+ up+ atomic+ down- re-up- queries!
      high query-breaks up old.sql:2:3 42703
    4_view: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(renamed().query("id.sql", "SELECT id FROM users WHERE id = $1;").check(), @r"
    1_users: order+ up+ atomic+ down- re-up-
    2_index: order+ up+ atomic+ down- re-up- queries+
    3_rename: order+ up+ atomic+ down- re-up- queries+
    4_view: order+ up+ atomic+ down- re-up- queries+
    ");
}

#[test]
fn a_query_is_watched_from_where_it_begins_to_work() {
    let new = "SELECT full_name FROM users;";
    assert_snapshot!(renamed().query("new.sql", new).check(), @r"
    1_users: order+ up+ atomic+ down- re-up-
    2_index: order+ up+ atomic+ down- re-up-
    3_rename: order+ up+ atomic+ down- re-up-
    4_view: order+ up+ atomic+ down- re-up- queries+
    ");
    let broken_later = renamed().query("new.sql", new);
    broken_later.write("5_drop.sql", b"ALTER TABLE users DROP COLUMN full_name CASCADE;");
    assert!(broken_later.check().ends_with("queries!\n  high query-breaks up new.sql:1:8 42703"));
}

#[test]
fn a_query_that_never_worked_is_a_finding() {
    let typo = "SELECT nmae FROM users;";
    assert!(
        renamed()
            .query("typo.sql", typo)
            .check()
            .starts_with("medium query-never-works - typo.sql:1:8 42703\n")
    );
    assert!(!renamed().query("right.sql", "SELECT id FROM users;").check().contains("query-never-works"));
    let mut part = renamed().query("later.sql", "SELECT name FROM people;");
    part.options.last = Some(2);
    assert!(part.check().starts_with("info query-never-works"), "the run did not get to where it might work");
}

#[test]
fn a_query_file_is_a_session_that_leaves_nothing_behind() {
    let session = "\
BEGIN;
SET search_path = pg_catalog, public;
CREATE TEMP TABLE wanted AS SELECT 1 AS id;
INSERT INTO users SELECT id, 'x' FROM wanted;
SELECT 1 / count(*) FROM users;
PREPARE q AS SELECT 1;
COMMIT;
";
    let scenario = renamed().query("a.sql", session).query("b.sql", session);
    assert_snapshot!(scenario.check(), @r"
    1_users: order+ up+ atomic+ down- re-up-
    2_index: order+ up+ atomic+ down- re-up- queries+
    3_rename: order+ up+ atomic+ down- re-up- queries+
    4_view: order+ up+ atomic+ down- re-up- queries+
    ");
    let rows_left = renamed()
        .query("a.sql", "INSERT INTO users VALUES (1, 'x');")
        .query("b.sql", "SELECT 1 / (1 - count(*)) FROM users;");
    assert!(
        !rows_left.check().contains('!'),
        "what one file writes, the other does not see, nor the migrations"
    );
}

#[test]
fn only_what_the_query_asks_is_prepared_not_run() {
    // Run, it would fail on the missing row; prepared, it is only analysed.
    let divide =
        |row: &str| renamed().query("q.sql", &format!("SELECT 1 / count(*) FROM users WHERE id = {row};"));
    assert!(!divide("$1").check().contains("query-never-works"));
    assert!(divide("1").check().contains("query-never-works - q.sql:1:1 22012"));
}

#[test]
fn deferred_constraints_count_as_they_would_at_the_commit() {
    let scenario = |last: &str| {
        let scenario = Scenario::new(&[
            ("1_t.sql", "CREATE TABLE t (id int PRIMARY KEY, up int);"),
            ("2_key.sql", "ALTER TABLE t ADD FOREIGN KEY (up) REFERENCES t DEFERRABLE INITIALLY DEFERRED;"),
        ]);
        scenario.query("insert.sql", &format!("INSERT INTO t VALUES (1, {last});"))
    };
    assert!(scenario("2").check().ends_with("queries!\n  high query-breaks up insert.sql:1:1 23503"));
    assert!(scenario("1").check().ends_with("queries+"));
}

#[test]
fn a_migration_that_fails_breaks_no_query() {
    let scenario = renamed().query("old.sql", "SELECT name FROM users;");
    scenario.write("3_rename.sql", b"ALTER TABLE users RENAME COLUMN nmae TO full_name;");
    scenario.write("4_view.sql", b"CREATE VIEW people AS SELECT name FROM users;");
    assert_snapshot!(scenario.check(), @r"
    1_users: order+ up+ atomic+ down- re-up-
    2_index: order+ up+ atomic+ down- re-up- queries+
    3_rename: order+ up! atomic+ down- re-up- queries?
      high up-fails up 3_rename.sql:1:1 42703
    4_view: order+ up+ atomic+ down- re-up- queries+
    ");
}
