//! What the mutants cost, and that they leave the same rows.

use confiture_core::catalog::Catalog;
use confiture_core::db::{Env, Server, ServerOptions, Session};
use confiture_core::plugin::Registry;

use super::super::data::tests::{check, migration, texts};
use super::super::prelude::*;
use super::*;

const BEFORE: &str = "
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');
    CREATE TABLE country (id int PRIMARY KEY, code text UNIQUE, since date);
    CREATE TABLE person (
        id int PRIMARY KEY, name text, country int, code varchar(9), born timestamptz, feels mood, nick text, at date
    );
    CREATE TABLE copy (a text, b text);
    CREATE INDEX ON person ((name || code));
    CREATE INDEX ON country ((code || 'x'));
    CREATE TABLE rates (rate real);
    CREATE INDEX ON rates ((rate + 1));
    INSERT INTO rates VALUES (0.1), (0.5);
    CREATE TABLE part (a int, b text) PARTITION BY RANGE (a);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (5);
    CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (5) TO (99);
    INSERT INTO part SELECT i, 'p' FROM generate_series(1, 9) AS i;
    INSERT INTO country SELECT i, 'c' || i, '2020-01-01' FROM generate_series(1, 5) AS i;
    INSERT INTO person SELECT i, 'n' || i, nullif(i % 7, 0), 'x' || i, '2020-01-01'::timestamptz + i * interval '1 h', 'ok'
    FROM generate_series(1, 30) AS i;";

const ROWS: &str = "SELECT coalesce(string_agg(r, ';' ORDER BY r), '') FROM (SELECT p::text FROM person p UNION ALL \
                    SELECT c::text FROM country c UNION ALL SELECT c::text FROM copy c UNION ALL SELECT p::text FROM part p) AS all_rows (r)";

/// Statements and, per operator, how many mutants they have.
const STATEMENTS: &[(&str, [usize; 3])] = &[
    ("UPDATE person SET nick = c.code, at = since FROM country AS c WHERE c.id = person.country", [1, 1, 1]),
    ("UPDATE ONLY person p SET nick = 'x' || p.name WHERE p.id = 3 OR born < '2020-01-02'", [0, 1, 2]),
    (
        "UPDATE person SET nick = code WHERE code = 'x7' AND feels = 'ok' AND id IN (SELECT id FROM country WHERE code > 'c')",
        [0, 1, 3],
    ),
    (
        "DELETE FROM person USING country c JOIN country d ON d.id = c.id WHERE c.id = person.country AND d.code = 'c2'",
        [2, 1, 3],
    ),
    ("DELETE FROM person WHERE id % 2 = 0", [0, 1, 0]),
    ("UPDATE person SET nick = (SELECT max(name) FROM person)", [0, 0, 0]),
    (
        "INSERT INTO copy SELECT p.name, c.code FROM person p LEFT JOIN country c ON c.id = p.country JOIN country ON country.id = p.id",
        [2, 0, 2],
    ),
    ("UPDATE person SET id = id + 1000, nick = nick WHERE country = 1", [0, 1, 1]),
    ("UPDATE person SET nick = o.name FROM person AS o WHERE o.id = person.id - 1", [1, 0, 1]),
    ("UPDATE part SET a = a + 10, b = b || '!'", [0, 1, 0]),
    ("UPDATE person SET nick = 'r' FROM rates WHERE rate = 0.1 OR rate < '0.1'", [1, 1, 2]),
    ("INSERT INTO copy (b, a) VALUES ('x', 'y'), ('(', ';'), ('z', NULL) ON CONFLICT DO NOTHING", [0, 1, 0]),
    (
        "CREATE TABLE fresh AS SELECT c.id FROM person p JOIN country c ON c.id = p.country; INSERT INTO copy SELECT id FROM fresh",
        [1, 0, 1],
    ),
];

async fn open() -> Server {
    let env = std::env::vars_os().collect::<Env>();
    Server::open(&ServerOptions { env, ..ServerOptions::default() }).await.unwrap()
}

async fn rows(session: &Session, sql: &str) -> String {
    for statement in &migration(sql).up.script().unwrap().statements {
        let done = session.execute(&statement.sql).await;
        assert!(done.is_ok(), "{sql}: {done:?}");
    }
    format!("{:?}", session.query_simple(ROWS).await.unwrap().rows)
}

#[tokio::test]
async fn the_same_rows_at_a_higher_cost() {
    let server = open().await;
    let template = server.create_database("rows").await.unwrap();
    let session = template.session().await.unwrap();
    rows(&session, BEFORE).await;
    let before = Catalog::read(&session).await.unwrap();
    let operators: [&dyn MutationOperator; 3] = [&JoinInefficient, &RowByRow, &FullScan];
    for (up, counts) in STATEMENTS {
        let migration = migration(up);
        let plain = MutationContext::new(&migration, Direction::Up).unwrap();
        let known = MutationContext::new(&migration, Direction::Up).unwrap().with_catalogs(&before, &before);
        session.execute("BEGIN").await.unwrap();
        let original = rows(&session, up).await;
        session.execute("ROLLBACK").await.unwrap();
        for (operator, count) in operators.iter().zip(counts) {
            for cx in [&plain, &known] {
                let mutants = texts(*operator, cx);
                assert_eq!(mutants.len(), *count, "{mutants:#?}");
                for mutant in mutants {
                    session.execute("BEGIN").await.unwrap();
                    assert_eq!(rows(&session, &mutant).await, original, "{mutant}");
                    session.execute("ROLLBACK").await.unwrap();
                }
            }
        }
    }
    session.close().await;
    template.close().await.unwrap();
    server.close().await;
}

#[tokio::test]
async fn catalogs_tell_types_and_keys() {
    let server = open().await;
    let database = server.create_database("known").await.unwrap();
    let session = database.session().await.unwrap();
    rows(&session, BEFORE).await;
    let catalog = Catalog::read(&session).await.unwrap();
    rows(&session, "ALTER TABLE person ADD score int, DROP at").await;
    let after = Catalog::read(&session).await.unwrap();
    session.close().await;
    database.close().await.unwrap();
    server.close().await;
    let registry = Registry::linked().unwrap();
    let check = |id: &str, sql: &str| {
        let migration = migration(sql);
        let cx = MutationContext::new(&migration, Direction::Up).unwrap().with_catalogs(&catalog, &after);
        texts(registry.operators().find(|operator| operator.meta().plugin.id == id).unwrap(), &cx)
    };
    assert_eq!(
        check(
            "full-scan",
            "DELETE FROM person WHERE name = $x$a$x$ AND person.born > now() AND feels = 'ok'"
        ),
        [
            "DELETE FROM person WHERE (name || '') = $x$a$x$ AND person.born > now() AND feels = 'ok'",
            "DELETE FROM person WHERE name = $x$a$x$ AND COALESCE(person.born, person.born) > now() AND feels = 'ok'",
            "DELETE FROM person WHERE name = $x$a$x$ AND person.born > now() AND COALESCE(feels, feels) = 'ok'",
        ]
    );
    // No index could be used here.
    assert_eq!(check("full-scan", "DELETE FROM copy WHERE a = 'x'"), [""; 0]);
    assert_eq!(
        check("row-by-row", "DELETE FROM person"),
        [
            "DO $loop$ DECLARE one_row record; BEGIN FOR one_row IN SELECT id FROM person LOOP DELETE FROM person \
          WHERE person.id = one_row.id; END LOOP; END $loop$"
        ]
    );
    assert_eq!(
        check("where-partial", "DELETE FROM person p"),
        ["DELETE FROM person p WHERE (hashtext(p.id::text) & 1) = 0"]
    );
    assert_eq!(check("update-value", "UPDATE person SET feels = 'ok'"), ["UPDATE person SET feels = 'glad'"]);
    assert_eq!(
        check("update-value", "UPDATE person SET at = f(name)"),
        ["UPDATE person SET at = (f(name)) + 1"]
    );
    assert_eq!(check("assign-column", "UPDATE person SET nick = ''"), ["UPDATE person SET name = ''"]);
    assert_eq!(check("assign-column", "UPDATE person SET nick = '', at = now()"), [""; 0]);
    assert_eq!(check("assign-column", "UPDATE person SET nick = '', score = 1"), [""; 0]);
    assert_eq!(check("null-include", "DELETE FROM person WHERE id > 1"), [""; 0]);
    assert_eq!(check("null-include", "DELETE FROM person WHERE country > 1").len(), 1);
}

#[test]
fn sites_of_analyze_and_of_defaults() {
    assert_eq!(check(&AnalyzeDrop, "VACUUM (VERBOSE, ANALYZE) t"), ["VACUUM (VERBOSE) t"]);
    assert_eq!(check(&AnalyzeDrop, "VACUUM (ANALYZE) t"), ["VACUUM (ANALYZE false) t"]);
    assert_eq!(check(&AnalyzeDrop, "VACUUM FULL ANALYZE t (a)"), ["VACUUM FULL t (a)"]);
    assert_eq!(check(&AnalyzeDrop, "ANALYZE"), [""]);
    for spared in ["VACUUM (ANALYZE false) t", "VACUUM t", "VACUUM analyze_me"] {
        assert!(check(&AnalyzeDrop, spared).is_empty(), "{spared}");
    }
    assert_eq!(
        check(
            &RewriteDefault,
            "ALTER TABLE t ADD a timestamptz DEFAULT now(), ADD IF NOT EXISTS b text[] DEFAULT '{}' NOT NULL, ADD c serial"
        ),
        [
            "ALTER TABLE t ADD a timestamptz DEFAULT CASE WHEN random() >= 0 THEN CAST(now() AS timestamptz) END, \
             ADD IF NOT EXISTS b text[] DEFAULT '{}' NOT NULL, ADD c serial",
            "ALTER TABLE t ADD a timestamptz DEFAULT now(), ADD IF NOT EXISTS b text[] DEFAULT \
             CASE WHEN random() >= 0 THEN CAST('{}' AS text[]) END NOT NULL, ADD c serial",
        ]
    );
    for spared in [
        "ALTER TABLE t ADD a int DEFAULT NULL",
        "ALTER TABLE t ADD a int DEFAULT nextval('s')",
        "CREATE TABLE t (a int DEFAULT 1)",
    ] {
        assert!(check(&RewriteDefault, spared).is_empty(), "{spared}");
    }
}
