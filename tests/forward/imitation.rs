//! A file that its tool sends as one message is imitated statement by statement: the server is asked
//! whether that comes to the same.

use confiture_core::migration::Direction;
use confiture_fixtures::run_script;
use confiture_tests::Scenario;

use super::on_database;

const TABLES: &str =
    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'i') AND relname ~ '^.$' ORDER BY 1";

/// SQLSTATE and tables after `sql` as one message, and after its imitation.
fn both(sql: &str) -> [(Option<String>, Vec<String>); 2] {
    let source = Scenario::new(&[("1_t.up.sql", sql)]).layout("golang-migrate").load();
    let source = source.unwrap_or_else(|error| panic!("{error}"));
    let script = source.loaded.migrations[0].up.script().expect("a script");
    [false, true].map(|imitated| {
        on_database(async |session| {
            session.execute("CREATE TABLE t (id int)").await.expect("a table");
            let failure = match imitated {
                true => run_script(session, script, Direction::Up).await.failure.map(|failed| failed.failure),
                false => {
                    let failure = session.execute(sql).await.err();
                    session
                        .execute(if failure.is_some() { "ROLLBACK" } else { "COMMIT" })
                        .await
                        .expect("an end");
                    failure
                }
            };
            // What is there for others, not in a transaction of this session.
            session.execute("ROLLBACK").await.expect("no transaction");
            let tables = session.query_simple(TABLES).await.expect("the tables").rows;
            (failure.and_then(|failure| failure.sqlstate), tables.into_iter().flatten().flatten().collect())
        })
    })
}

/// Asserts that message and imitation come to `sqlstate` (empty for success) and `tables`.
#[track_caller]
fn same(sql: &str, sqlstate: &str, tables: &str) {
    let expected = (
        (!sqlstate.is_empty()).then(|| sqlstate.to_owned()),
        tables.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
    );
    let [message, imitation] = both(sql);
    assert_eq!(message, expected, "the server, of {sql}");
    assert_eq!(imitation, expected, "the imitation, of {sql}");
}

#[test]
fn a_message_is_one_transaction() {
    same("CREATE TABLE a (id int); CREATE TABLE b (id int);", "", "a b t");
    same("CREATE TABLE a (id int); CREATE TABLE b (id itn);", "42704", "t");
    same("LOCK TABLE t; CREATE TABLE a (id int);", "", "a t");
    same("LOCK TABLE t;", "25P01", "t");
}

#[test]
fn a_message_goes_on_after_its_own_commit() {
    same(
        "CREATE TABLE a (id int); COMMIT; CREATE TABLE b (id int); CREATE TABLE c (id itn);",
        "42704",
        "a t",
    );
    same("BEGIN; CREATE TABLE a (id int); COMMIT; CREATE TABLE b (id int);", "", "a b t");
    same("CREATE TABLE a (id int); ROLLBACK; CREATE TABLE b (id int);", "", "b t");
}

#[test]
fn a_begin_within_a_message_takes_what_came_before_into_its_block() {
    same("CREATE TABLE a (id int); BEGIN; CREATE TABLE b (id int); ROLLBACK;", "", "t");
    same("CREATE TABLE a (id int); BEGIN; CREATE TABLE b (id int); COMMIT; SELECT 1/0;", "22012", "a b t");
}

#[test]
fn only_a_lone_statement_escapes_the_transaction_of_a_message() {
    same("CREATE INDEX CONCURRENTLY i ON t (id);", "", "i t");
    same("CREATE INDEX CONCURRENTLY i ON t (id); SELECT 1;", "25001", "t");
    same("CREATE TABLE a (id int); COMMIT; CREATE INDEX CONCURRENTLY i ON t (id);", "25001", "a t");
    same("VACUUM t;", "", "t");
    same("SELECT 1; VACUUM t;", "25001", "t");
}

#[test]
fn savepoints_need_a_block_that_the_script_opened() {
    same(
        "BEGIN; SAVEPOINT s; CREATE TABLE a (id int); ROLLBACK TO s; CREATE TABLE b (id int); COMMIT;",
        "",
        "b t",
    );
    same("CREATE TABLE a (id int); SAVEPOINT s; CREATE TABLE b (id int);", "25P01", "t");
    same("CREATE TABLE a (id int); RELEASE s;", "25P01", "t");
}

#[test]
fn a_chained_commit_leaves_the_next_transaction_open() {
    same("BEGIN; CREATE TABLE a (id int); COMMIT AND CHAIN; CREATE TABLE b (id int); COMMIT;", "", "a b t");
    same(
        "BEGIN; CREATE TABLE a (id int); COMMIT AND CHAIN; CREATE TABLE b (id int); SELECT 1/0;",
        "22012",
        "a t",
    );
    same("BEGIN; CREATE TABLE a (id int); COMMIT AND CHAIN; CREATE TABLE b (id int);", "", "a b t");
    same("CREATE TABLE a (id int); COMMIT AND CHAIN; CREATE TABLE b (id int);", "25P01", "t");
}
