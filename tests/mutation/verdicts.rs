//! How mutants end.

use confiture_tests::Scenario;

/// Two migrations: a table, and a column that an UPDATE fills.
fn users() -> Scenario {
    Scenario::new(&[
        ("0001_users.up.sql", "CREATE TABLE users (id int PRIMARY KEY, name text, age int);"),
        ("0001_users.down.sql", "DROP TABLE users;"),
        (
            "0002_adult.up.sql",
            "ALTER TABLE users ADD adult bool; UPDATE users SET adult = true WHERE age >= 18;",
        ),
        ("0002_adult.down.sql", "ALTER TABLE users DROP adult;"),
    ])
    .with_rows()
}

#[test]
fn built_in_checks_kill_what_breaks_the_rollback() {
    assert_eq!(
        users().mutate(&["statement-delete", "down-empty"]),
        "statement-delete/0001_users/users/1 killed down\n\
         down-empty/0001_users/down/users/1 killed down, re-up\n\
         statement-delete/0002_adult/users/1 stillborn\n\
         statement-delete/0002_adult/users/2 survived\n\
         down-empty/0002_adult/down/users/1 killed down, re-up"
    );
}

#[test]
fn a_test_of_the_edge_kills_what_no_row_shows() {
    assert_eq!(users().mutate(&["where-relop"]), "where-relop/0002_adult/users/1 indistinct");
    let at = |age: u32| {
        format!(
            "-- confiture: migrate to 0001\nINSERT INTO users VALUES (1, 'Ada', {age});\n\
             -- confiture: migrate to 0002\n-- confiture: assert\nSELECT adult FROM users;\n"
        )
    };
    let edge = users().test("edge", &at(18));
    assert_eq!(edge.mutate(&["where-relop"]), "where-relop/0002_adult/users/1 killed edge");
    let beyond = users().test("beyond", &at(30));
    assert_eq!(beyond.mutate(&["where-relop"]), "where-relop/0002_adult/users/1 indistinct");
}

#[test]
fn what_postgresql_refuses_is_stillborn_and_what_rows_refuse_is_rejected() {
    let scenario = Scenario::new(&[
        ("0001_users.up.sql", "CREATE TABLE users (id int PRIMARY KEY, name text);"),
        ("0002_strict.up.sql", "ALTER TABLE users ADD CHECK (id > -2147483648);"),
        ("0003_posts.up.sql", "CREATE TABLE posts (author int REFERENCES users (id));"),
    ])
    .with_rows();
    // 0003 needs the key: the mutant applies, a later migration does not.
    let killed = scenario.mutate(&["pk-drop"]);
    assert_eq!(killed, "pk-drop/0001_users/users.id/1 killed up of 0003_posts");
    let one = Scenario::new(&[(
        "0001_both.up.sql",
        "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE posts (author int REFERENCES users (id));",
    )]);
    assert_eq!(one.mutate(&["pk-drop"]), "pk-drop/0001_both/users.id/1 stillborn");
    let rejected = Scenario::new(&[
        ("0001_users.up.sql", "CREATE TABLE users (id int PRIMARY KEY, age int CHECK (age > 18));"),
        ("0002_old.up.sql", "ALTER TABLE users ADD CONSTRAINT grown CHECK (age <> 18);"),
    ])
    .with_rows();
    // Of all ages above 18, none is 18: `age = 18` fits no row.
    let report = rejected.mutate(&["check-relop"]);
    let found =
        report.lines().any(|line| line.starts_with("check-relop/0002_old/") && line.ends_with("rejected"));
    assert!(found, "{report}");
}

#[test]
fn what_another_constraint_says_already_is_equivalent() {
    let twice = Scenario::new(&[(
        "0001_users.up.sql",
        "CREATE TABLE users (id int PRIMARY KEY, CHECK (id IS NOT NULL), age int, CHECK (age > 0), CHECK (age > -1));",
    )]);
    let report = twice.mutate(&["check-drop"]);
    let ends: Vec<&str> = report.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(ends, ["equivalent", "survived", "equivalent"], "{report}");
    let once =
        Scenario::new(&[("0001_users.up.sql", "CREATE TABLE users (id int, CHECK (id IS NOT NULL));")]);
    assert!(once.mutate(&["check-drop"]).ends_with("survived"));
}

#[test]
fn a_name_that_a_later_script_uses_is_not_equivalent() {
    let up = "CREATE TABLE users (age int, CONSTRAINT wide CHECK (age > -1), CHECK (age > 0));";
    let alone = Scenario::new(&[("0001_users.up.sql", up)]);
    assert!(alone.mutate(&["check-drop"]).contains("users.wide/1 equivalent"));
    let used = Scenario::new(&[
        ("0001_users.up.sql", up),
        ("0002_rid.up.sql", "ALTER TABLE users DROP CONSTRAINT wide;"),
    ]);
    assert!(used.mutate(&["check-drop"]).contains("users.wide/1 killed up of 0002_rid"));
}

#[test]
fn two_mutants_that_leave_the_same_are_judged_once() {
    let scenario = Scenario::new(&[(
        "0001_users.up.sql",
        "CREATE TABLE users (id int); ALTER TABLE users ADD CONSTRAINT adult CHECK (id > 18);",
    )]);
    assert_eq!(
        scenario.mutate(&["check-drop", "statement-delete"]),
        "check-drop/0001_users/users.adult/1 survived\n\
         statement-delete/0001_users/users/1 stillborn\n\
         statement-delete/0001_users/users/2 redundant as check-drop/0001_users/users.adult/1"
    );
}

#[test]
fn an_error_that_the_script_raises_kills_and_one_of_the_server_does_not() {
    let scenario = users();
    assert_eq!(
        scenario.mutate(&["test/raises"]).lines().next(),
        Some("test/raises/0001_users/users/1 killed up")
    );
    let one = Scenario::new(&[("0001_users.up.sql", "CREATE TABLE users (id int);")]);
    assert_eq!(one.mutate(&["test/dies"]), "test/dies/0001_users/users/1 error");
    assert_eq!(one.mutate(&["test/sleeps"]), "test/sleeps/0001_users/users/1 timeout");
}

/// The snapshot of a scenario's schema, in a directory of it.
fn committed(scenario: &Scenario) -> std::path::PathBuf {
    let dir = scenario.path().join("schema");
    let server = confiture_tests::server();
    let source = scenario.load().unwrap();
    let snapshot = confiture_tests::block_on(confiture_fixtures::SchemaSnapshotter::of_chain(
        &server,
        &source.loaded,
        confiture_fixtures::LadderOptions::default(),
        None,
    ));
    snapshot.unwrap().save(&dir).unwrap();
    dir
}

#[test]
fn a_committed_schema_kills_what_it_does_not_hold() {
    let scenario =
        Scenario::new(&[("0001_users.up.sql", "CREATE TABLE users (id int PRIMARY KEY, name text);")]);
    let dir = committed(&scenario);
    let operators = confiture_mutation::OperatorFilter::parse(["pk-drop"]).unwrap();
    let report = scenario.try_mutate(|options| {
        options.operators = operators;
        options.snapshot = Some(dir);
    });
    let report = report.unwrap();
    assert_eq!(report.mutants[0].killed_by, ["schema"]);
    assert_eq!(scenario.mutate(&["pk-drop"]), "pk-drop/0001_users/users.id/1 survived");
}

#[test]
fn a_committed_schema_is_asked_past_migrations_without_a_transaction_and_what_rows_refuse() {
    let scenario = Scenario::new(&[
        ("0001_users.sql", "CREATE TABLE users (id int NOT NULL, age int);"),
        ("0002_adults.sql", "ALTER TABLE users ADD CONSTRAINT old CHECK (age <> 17);"),
        (
            "0003_index.sql",
            "-- confiture: no-transaction\nCREATE INDEX CONCURRENTLY users_age ON users (age);",
        ),
    ])
    .with_rows();
    let dir = committed(&scenario);
    let judged = |operator: &str, matrix: bool| {
        let operators = confiture_mutation::OperatorFilter::parse([operator]).unwrap();
        let report = scenario.try_mutate(|options| {
            options.operators = operators;
            options.snapshot = Some(dir.clone());
            options.matrix = matrix;
        });
        let mutants = report.unwrap().mutants.into_iter();
        mutants.map(|mutant| (mutant.status.as_str(), mutant.killed_by, mutant.own_kill)).collect::<Vec<_>>()
    };
    let by_schema = |status| (status, vec!["schema".to_owned()], true);
    assert_eq!(judged("not-null-drop", false), [by_schema("killed")]);
    let refused = judged("check-relop", false);
    assert!(refused.contains(&by_schema("rejected")), "{refused:?}");
    assert_eq!(judged("not-null-drop", true), [by_schema("killed")]);
}

#[test]
fn a_rollback_is_judged_by_a_test_that_goes_there_and_back() {
    let files = [
        ("0001_users.sql", "CREATE TABLE users (id int);"),
        ("0001_users.down.sql", "DROP TABLE users;"),
        ("0002_posts.sql", "CREATE TABLE posts (id int);"),
        ("0002_posts.down.sql", "DROP TABLE posts;"),
    ];
    let asked = |directives: &str| {
        let sql = format!("{directives}-- confiture: assert\nSELECT to_regclass('posts') IS NULL;\n");
        let operators = confiture_mutation::OperatorFilter::parse(["down-empty"]).unwrap();
        let report =
            Scenario::new(&files).test("back", &sql).try_mutate(|options| options.operators = operators);
        let mutants = report.unwrap().mutants.into_iter();
        mutants.filter(|mutant| mutant.own_kill).map(|mutant| mutant.migration).collect::<Vec<_>>()
    };
    let there_and_back =
        "-- confiture: migrate to 0001\n-- confiture: migrate to 0002\n-- confiture: rollback to 0001\n";
    assert_eq!(asked(there_and_back), ["0002_posts"]);
    assert_eq!(asked("-- confiture: rollback to 0001\n"), ["0002_posts"]);
    assert_eq!(asked("-- confiture: migrate to 0001\n"), [""; 0]);
}

#[test]
fn a_suggestion_kills_its_mutant_when_it_is_added() {
    let scenario = users();
    let report = scenario.try_mutate(|_| {}).unwrap();
    let alive: Vec<_> = report.mutants.iter().filter(|mutant| mutant.status.unnoticed()).collect();
    assert!(!alive.is_empty());
    for mutant in alive {
        let suggestion =
            mutant.suggestion.as_deref().unwrap_or_else(|| panic!("{} has no suggestion", mutant.id));
        let operators = confiture_mutation::OperatorFilter::parse([mutant.operator.as_str()]).unwrap();
        let again = users().test("suggested", suggestion).try_mutate(|options| options.operators = operators);
        let again = again.unwrap();
        let same = again.mutants.iter().find(|other| other.id == mutant.id).unwrap();
        assert!(same.own_kill, "{} is not killed by\n{suggestion}", mutant.id);
    }
}

#[test]
fn what_nobody_could_see_is_not_equivalent() {
    // Outside of a transaction there are no locks to look at, and no second run that is taken back.
    let scenario = Scenario::new(&[
        ("00001_users.sql", "-- +goose Up\nCREATE TABLE users (a int, b int);"),
        (
            "00002_indexes.sql",
            "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY IF NOT EXISTS one ON users (a);\n\
             CREATE INDEX CONCURRENTLY IF NOT EXISTS two ON users (b);",
        ),
    ]);
    let operators = ["concurrently-drop", "if-exists-drop", "statement-swap"];
    let operators = confiture_mutation::OperatorFilter::parse(operators).unwrap();
    let report = scenario.try_mutate(|options| {
        options.operators = operators;
        // An abort in the middle leaves one index.
        options.allow_red = true;
    });
    let ends = report.unwrap().mutants.into_iter().map(|mutant| mutant.status.as_str());
    assert_eq!(ends.collect::<Vec<_>>(), ["survived"; 5]);
}

#[test]
fn a_primary_key_that_a_later_migration_refers_to_is_not_equivalent_to_a_unique_key() {
    let first = (
        "0001_users.up.sql",
        "CREATE TABLE users (id int NOT NULL UNIQUE); ALTER TABLE users ADD PRIMARY KEY (id);",
    );
    let scenario =
        Scenario::new(&[first, ("0002_posts.up.sql", "CREATE TABLE posts (author int REFERENCES users);")]);
    let killed = scenario.mutate(&["pk-drop"]);
    assert_eq!(killed, "pk-drop/0001_users/users.id/1 killed up of 0002_posts");
    assert_eq!(Scenario::new(&[first]).mutate(&["pk-drop"]), "pk-drop/0001_users/users.id/1 equivalent");
}

#[test]
fn a_composite_value_with_a_null_in_it_tells_a_check_from_not_null() {
    let scenario = Scenario::new(&[
        ("0001_pair.up.sql", "CREATE TYPE pair AS (a int, b int);"),
        ("0002_users.up.sql", "CREATE TABLE users (p pair NOT NULL, CHECK (p IS NOT NULL));"),
    ]);
    assert!(scenario.mutate(&["check-drop"]).ends_with("survived"));
}

#[test]
fn a_rollback_that_makes_a_table_anew_is_not_equivalent() {
    let scenario = Scenario::new(&[
        ("0001_users.up.sql", "CREATE TABLE users (id int PRIMARY KEY);"),
        ("0002_people.up.sql", "ALTER TABLE users RENAME TO people;"),
        ("0002_people.down.sql", "ALTER TABLE people RENAME TO users;"),
    ]);
    let report = scenario.mutate(&["down-lossy"]);
    assert!(report.starts_with("down-lossy/0002_people/down/") && !report.contains("equivalent"), "{report}");
}

#[test]
fn a_later_migration_that_fails_in_a_test_is_no_kill_of_the_test_s_own() {
    let files = [
        ("0001_users.up.sql", "CREATE TABLE users (id int PRIMARY KEY);"),
        ("0002_posts.up.sql", "CREATE TABLE posts (author int REFERENCES users);"),
    ];
    let judged = |between: &str| {
        let sql = format!(
            "-- confiture: migrate to 0001\nINSERT INTO users VALUES (1);\n{between}\
             -- confiture: migrate to 0002\n-- confiture: assert\nSELECT true;\n"
        );
        let operators = confiture_mutation::OperatorFilter::parse(["pk-drop"]).unwrap();
        let report =
            Scenario::new(&files).test("users", &sql).try_mutate(|options| options.operators = operators);
        let mutant = report.unwrap().mutants.remove(0);
        (mutant.status.as_str(), mutant.killed_by.contains(&"users".to_owned()), mutant.own_kill)
    };
    assert_eq!(judged(""), ("killed", true, false));
    let asks = "-- confiture: catch 23505\nINSERT INTO users VALUES (1);\n";
    assert_eq!(judged(asks), ("killed", true, true));
}

#[test]
fn rows_of_a_table_that_has_nothing_to_do_with_it_leave_a_mutant_equivalent() {
    let judged = |then: &str| {
        let second = format!("CREATE TABLE users (id int NOT NULL, PRIMARY KEY (id)); {then}");
        Scenario::new(&[("0001_log.up.sql", "CREATE TABLE log (what text);"), ("0002_users.up.sql", &second)])
            .mutate(&["not-null-drop"])
    };
    let equivalent = "not-null-drop/0002_users/users.id/1 equivalent";
    assert_eq!(judged(""), equivalent);
    assert_eq!(
        judged("INSERT INTO log VALUES ('users are there');"),
        "not-null-drop/0002_users/users.id/1 indistinct"
    );
    assert_eq!(judged("INSERT INTO log VALUES ('done');"), equivalent);
    assert!(!judged("INSERT INTO log SELECT id FROM users;").contains("equivalent"));
    assert!(!judged("INSERT INTO users VALUES (1);").contains("equivalent"));
    // A function may do anything.
    let function =
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; INSERT INTO log VALUES ('done');";
    assert!(!judged(function).contains("equivalent"));
}

#[test]
fn rows_that_something_unseen_ties_to_it_do_not_leave_a_mutant_equivalent() {
    let judged = |first: &str, second: &str| {
        Scenario::new(&[("0001_log.up.sql", first), ("0002_users.up.sql", second)]).mutate(&["not-null-drop"])
    };
    let log = "CREATE TABLE log (what text);";
    let users = "CREATE TABLE users (id int NOT NULL, PRIMARY KEY (id))";
    let equivalent = "not-null-drop/0002_users/users.id/1 equivalent";
    assert_eq!(judged(log, &format!("{users}; DELETE FROM log;")), equivalent);
    // Its rows are rows of the other table.
    let child = judged(log, &format!("{users} INHERITS (log); DELETE FROM log;"));
    assert!(!child.contains("equivalent"), "{child}");
    // It tells about the schema.
    let told = judged(log, &format!("{users}; INSERT INTO log SELECT relname FROM pg_class LIMIT 1;"));
    assert!(!told.contains("equivalent"), "{told}");
    // A trigger that the script drops in the end.
    let trigger = "CREATE TABLE log (what text); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN \
                   RETURN new; END'; CREATE TRIGGER tr AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION f();";
    let then = "INSERT INTO log VALUES ('done'); DROP TRIGGER tr ON log; DROP FUNCTION f();";
    let triggered = judged(trigger, &format!("{users}; {then}"));
    assert!(!triggered.contains("equivalent"), "{triggered}");
}
