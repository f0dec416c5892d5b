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
