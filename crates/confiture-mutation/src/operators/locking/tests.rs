//! Which mutants come out of the trickier ways to lock less.

use confiture_core::catalog::Catalog;
use confiture_core::migration::{Direction, TransactionMode};
use confiture_core::plugin::{MutationContext, MutationOperator};

use super::super::tests::{chain, made, server, text};
use super::*;

fn check(operator: &dyn MutationOperator, sql: &str) -> Vec<String> {
    made(operator, sql, TransactionMode::Autocommit)
}

fn check_all(operator: &dyn MutationOperator, cases: &[(&str, &[&str])]) {
    for (sql, expected) in cases {
        assert_eq!(check(operator, sql), *expected, "{sql}");
    }
}

#[test]
fn concurrently_is_found_wherever_it_may_stand() {
    check_all(
        &ConcurrentlyDrop,
        &[
            (
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);",
                &["i: CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a);"],
            ),
            ("create index /* b */ concurrently on t (a);", &["t: create index /* b */ on t (a);"]),
            ("DROP INDEX CONCURRENTLY a;", &["a: DROP INDEX a;"]),
            ("REFRESH MATERIALIZED VIEW CONCURRENTLY v;", &["v: REFRESH MATERIALIZED VIEW v;"]),
            ("REINDEX INDEX CONCURRENTLY i;", &["i: REINDEX INDEX i;"]),
            ("REINDEX (CONCURRENTLY) TABLE t;", &["t: REINDEX TABLE t;"]),
            ("REINDEX (VERBOSE, CONCURRENTLY true) TABLE t;", &["t: REINDEX (VERBOSE) TABLE t;"]),
            ("REINDEX (CONCURRENTLY false) TABLE t;", &[]),
            ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY;", &["t: ALTER TABLE t DETACH PARTITION p;"]),
            ("DROP INDEX \"concurrently\";", &[]),
        ],
    );
}

#[test]
fn constraints_that_are_not_valid_are_found_among_other_actions() {
    check_all(
        &NotValidDrop,
        &[
            (
                "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u NOT VALID, ADD b int;",
                &["t.c: ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u, ADD b int;"],
            ),
            (
                "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;",
                &["d.c: ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0);"],
            ),
            ("UPDATE t SET valid = NOT valid;", &[]),
        ],
    );
    check_all(
        &ValidateSkip,
        &[
            (
                "ALTER TABLE t VALIDATE CONSTRAINT c, VALIDATE CONSTRAINT d;",
                &["t.c: ALTER TABLE t VALIDATE CONSTRAINT d;", "t.d: ALTER TABLE t VALIDATE CONSTRAINT c;"],
            ),
            ("ALTER DOMAIN d VALIDATE CONSTRAINT c;", &["d.c: ;"]),
        ],
    );
}

#[test]
fn limits_of_the_wait_for_locks_are_told_from_other_settings() {
    for sql in [
        "SET LOCAL lock_timeout TO 5000;",
        "set session Lock_Timeout = '1min';",
        "SET \"lock_timeout\" = '1s';",
        "SELECT set_config('lock_timeout', '5s', true);",
        "SELECT pg_catalog.set_config('lock_timeout', '5s', false);",
    ] {
        assert_eq!(check(&LockTimeoutDrop, sql), ["lock_timeout: ;"], "{sql}");
    }
    for sql in [
        "SET lock_timeout = '0s';",
        "SET lock_timeout TO DEFAULT;",
        "SET statement_timeout = '5s';",
        "SELECT set_config('lock_timeout', '0', true);",
        "SELECT set_config('work_mem', 'lock_timeout', true);",
        "SHOW lock_timeout;",
    ] {
        assert!(check(&LockTimeoutDrop, sql).is_empty(), "{sql}");
    }
}

#[test]
fn a_constraint_gets_the_columns_of_the_index_it_was_to_use() {
    check_all(
        &UsingIndexDrop,
        &[
            (
                "CREATE UNIQUE INDEX CONCURRENTLY \"I\" ON s.t (a, b) INCLUDE (c) WITH (fillfactor = 70); \
                 ALTER TABLE s.t ADD PRIMARY KEY USING INDEX \"I\" DEFERRABLE;",
                &["s.t: ; ALTER TABLE s.t ADD CONSTRAINT \"I\" PRIMARY KEY (a, b) INCLUDE (c) \
                   WITH (fillfactor = 70) DEFERRABLE;"],
            ),
            (
                "CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT; ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i;",
                &["t.c: ; ALTER TABLE t ADD CONSTRAINT c UNIQUE NULLS NOT DISTINCT (a);"],
            ),
            ("ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i;", &[]),
            (
                "CREATE UNIQUE INDEX i ON t (lower(a)); ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i;",
                &[],
            ),
        ],
    );
}

#[test]
fn batches_become_one() {
    check_all(
        &BatchMerge,
        &[
            (
                "DELETE FROM t WHERE id < 10; DELETE FROM t WHERE id BETWEEN 10 AND 20 OR a; DELETE FROM u WHERE a;",
                &[
                    "t: DELETE FROM t WHERE (id < 10) OR (id BETWEEN 10 AND 20 OR a); ; DELETE FROM u WHERE a;",
                ],
            ),
            (
                "UPDATE t SET a = 1 WHERE id IN (SELECT id FROM t WHERE a IS NULL LIMIT 10 FOR UPDATE); \
                 UPDATE t SET a = 1 WHERE id IN (SELECT id FROM t WHERE a IS NULL LIMIT 10 FOR UPDATE);",
                &["t: UPDATE t SET a = 1 WHERE id IN (SELECT id FROM t WHERE a IS NULL FOR UPDATE); ;"],
            ),
            ("UPDATE t SET a = 1 WHERE id = 1; UPDATE t SET a = 2 WHERE id = 2;", &[]),
            ("DELETE FROM t; DELETE FROM t;", &[]),
            ("DELETE FROM t WHERE role = 'a'; DELETE FROM t WHERE role = 'b';", &[]),
            ("BEGIN; DELETE FROM t WHERE id < 10; DELETE FROM t WHERE id < 20; COMMIT;", &[]),
            (
                "DO $x$ DECLARE n int; BEGIN FOR i IN 1..9 LOOP DELETE FROM t WHERE b IN (SELECT b FROM t \
                 FETCH FIRST n ROWS ONLY); COMMIT; END LOOP; END $x$;",
                &[
                    "do: DELETE FROM t WHERE b IN (SELECT b FROM t);",
                    "do: DO $x$ DECLARE n int; BEGIN FOR i IN 1..9 LOOP DELETE FROM t WHERE b IN (SELECT b \
                     FROM t FETCH FIRST n ROWS ONLY); NULL; END LOOP; END $x$;",
                ],
            ),
            (
                "DO $$ DECLARE n int; BEGIN WHILE true LOOP DELETE FROM t WHERE a = n LIMIT 1; END LOOP; END $$;",
                &[],
            ),
            (
                "DO $$ BEGIN FOR r IN SELECT 1 LOOP UPDATE t SET a = 1 WHERE id = r.id; COMMIT; END LOOP; END $$;",
                &[
                    "do: DO $$ BEGIN FOR r IN SELECT 1 LOOP UPDATE t SET a = 1 WHERE id = r.id; NULL; END LOOP; \
                   END $$;",
                ],
            ),
            ("DO 'BEGIN LOOP EXIT; END LOOP; END';", &[]),
        ],
    );
}

#[tokio::test]
async fn an_index_of_an_earlier_migration_is_dropped_and_the_schema_comes_out_the_same() {
    let server = server().await;
    let up = "ALTER TABLE \"T\" ADD PRIMARY KEY USING INDEX \"I\"";
    let mut ends = Vec::new();
    for mutate in [false, true] {
        let database = server.create_database("using").await.unwrap();
        let session = database.session().await.unwrap();
        for sql in [
            "CREATE TABLE \"T\" (a int NOT NULL, \"B\" int NOT NULL, c int)",
            "CREATE UNIQUE INDEX \"I\" ON \"T\" (\"B\", a) INCLUDE (c)",
        ] {
            session.execute(sql).await.unwrap();
        }
        let before = Catalog::read(&session).await.unwrap();
        let source = chain(&UsingIndexDrop.meta().example.unwrap(), Direction::Up, Some(up));
        let cx = MutationContext::new(&source.loaded.migrations[1], Direction::Up).unwrap();
        let mut mutants = Vec::new();
        UsingIndexDrop.mutate(&cx.with_catalogs(&before, &before), &mut mutants);
        let changed = text(&source, Direction::Up, &mutants[0]);
        assert_eq!(
            changed,
            "DROP INDEX \"I\"; ALTER TABLE \"T\" ADD CONSTRAINT \"I\" PRIMARY KEY (\"B\", a) INCLUDE (c)"
        );
        session.execute(if mutate { &changed } else { up }).await.unwrap();
        ends.push(Catalog::read(&session).await.unwrap());
        session.close().await;
        database.close().await.unwrap();
    }
    assert_eq!(ends[0].diff(&ends[1]), []);
    server.close().await;
}
