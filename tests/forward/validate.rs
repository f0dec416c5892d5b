//! `DataValidator`: what it finds in rows, and what it leaves alone.

mod fingerprint;

use std::str::FromStr as _;

use confiture_core::db::Session;
use confiture_fixtures::{DataValidator, FixtureError, Invariant, Link, Rule, ValidationReport};
use confiture_tests::server;

use super::on_database;

/// What `scan` says after `sql`, a line each, without the line of totals.
fn found(sql: &str, scan: impl AsyncFnOnce(&DataValidator<'_>) -> ValidationReport) -> String {
    on_database(async |session| {
        session.execute(sql).await.unwrap_or_else(|failure| panic!("{failure} in {sql}"));
        let report = scan(&DataValidator::new(session)).await;
        let json = serde_json::to_string(&report).expect("JSON");
        assert_eq!(serde_json::from_str::<ValidationReport>(&json).expect("a report"), report);
        assert_eq!(report.holds(), report.violations.is_empty() && report.not_examined.is_empty());
        let text = report.to_string();
        text.lines().take(text.lines().count() - 1).collect::<Vec<_>>().join("\n")
    })
}

fn foreign_keys(sql: &str) -> String {
    found(sql, async |validator| validator.foreign_keys().await.expect("scanned"))
}

const PAIR: &str = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int);
    INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1), (2, 9), (3, NULL), (4, 8);";

/// The Python original reported success with orphans present.
#[test]
fn orphans_of_a_key_that_is_not_valid_are_found() {
    let sql = format!("{PAIR} ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES p NOT VALID");
    assert_eq!(
        foreign_keys(&sql),
        "2 rows without a target in table public.p (constraint fk on public.c): id = 2; id = 4"
    );
    assert_eq!(foreign_keys(&format!("{sql}; DELETE FROM c WHERE p > 7")), "");
}

#[test]
fn orphans_made_while_triggers_were_disabled_are_found() {
    let sql = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p);
        INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1), (2);
        ALTER TABLE p DISABLE TRIGGER ALL; DELETE FROM p WHERE id = 2; ALTER TABLE p ENABLE TRIGGER ALL";
    assert_eq!(
        foreign_keys(sql),
        "1 row without a target in table public.p (constraint c_p_fkey on public.c): ctid = (0,2)"
    );
}

#[test]
fn keys_of_several_columns_match_simply_or_in_full() {
    let sql = |how: &str| {
        format!(
            "CREATE TABLE p (a int, b text, PRIMARY KEY (a, b)); INSERT INTO p VALUES (1, 'x');
             CREATE TABLE c (id text PRIMARY KEY, a int, b text);
             INSERT INTO c VALUES ('whole', 1, 'x'), ('none', NULL, NULL), ('half', 7, NULL), ('wrong', 1, 'y');
             ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES p {how} NOT VALID"
        )
    };
    let tail = "without a target in table public.p (constraint fk on public.c): ";
    assert_eq!(foreign_keys(&sql("")), format!("1 row {tail}id = wrong"));
    assert_eq!(foreign_keys(&sql("MATCH FULL")), format!("2 rows {tail}id = half; id = wrong"));
}

#[test]
fn keys_compare_as_their_constraint_does() {
    let sql = "CREATE EXTENSION citext; CREATE TABLE p (k citext PRIMARY KEY); INSERT INTO p VALUES ('ABC');
        CREATE TABLE c (k citext REFERENCES p, n numeric); INSERT INTO c VALUES ('abc', 1.0);
        CREATE TABLE q (n numeric PRIMARY KEY); INSERT INTO q VALUES (1.00);
        ALTER TABLE c ADD FOREIGN KEY (n) REFERENCES q;
        CREATE TABLE d (i int REFERENCES q (n), a varchar(3)); INSERT INTO d VALUES (1)";
    assert_eq!(foreign_keys(sql), "");
}

#[test]
fn partitions_and_heirs_are_scanned_as_their_constraints_hold() {
    let sql = "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE p2 PARTITION OF p DEFAULT;
        INSERT INTO p VALUES (1), (20);
        CREATE TABLE c (id int, p int) PARTITION BY RANGE (id); CREATE TABLE c1 PARTITION OF c DEFAULT;
        ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES p;
        INSERT INTO c VALUES (1, 20); ALTER TABLE c1 DISABLE TRIGGER ALL; INSERT INTO c VALUES (2, 30);
        CREATE TABLE base (id int PRIMARY KEY); CREATE TABLE heir () INHERITS (base); INSERT INTO heir VALUES (5);
        CREATE TABLE r (b int); INSERT INTO r VALUES (5); ALTER TABLE r ADD CONSTRAINT to_base FOREIGN KEY (b) REFERENCES base NOT VALID";
    assert_eq!(
        foreign_keys(sql),
        "1 row without a target in table public.p (constraint fk on public.c): tableoid = c1, ctid = (0,2)\n\
         1 row without a target in table public.base (constraint to_base on public.r): ctid = (0,1)"
    );
}

#[test]
fn orphans_are_found_without_a_constraint() {
    let link = Link {
        from: ("public".into(), "c".into()),
        columns: vec!["p".into()],
        to: ("public".into(), "p".into()),
        to_columns: vec!["id".into()],
    };
    let scan = async |validator: &DataValidator<'_>| validator.orphans(&link).await.expect("scanned");
    assert_eq!(
        found(PAIR, scan),
        "2 rows of table public.c whose p is not in table public.p: id = 2; id = 4"
    );
    assert_eq!(found(&format!("{PAIR} INSERT INTO p VALUES (8), (9)"), scan), "");
}

#[test]
fn checks_are_evaluated_on_the_rows() {
    let scan = async |validator: &DataValidator<'_>| validator.checks().await.expect("scanned");
    let sql = "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 5), (2, -5), (3, NULL);
        CREATE INDEX ON t (n); ALTER TABLE t ADD CONSTRAINT pos CHECK (n > 0) NOT VALID";
    assert_eq!(found(sql, scan), "1 row against constraint pos on public.t: id = 2");
    assert_eq!(found(&format!("{sql}; DELETE FROM t WHERE n < 0"), scan), "");
    // A validated check over a function that says something else now.
    let replaced = "CREATE FUNCTION ok(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'select true';
        CREATE TABLE t (id int PRIMARY KEY CHECK (ok(id))) PARTITION BY RANGE (id);
        CREATE TABLE t1 PARTITION OF t DEFAULT; INSERT INTO t SELECT generate_series(1, 30);
        CREATE OR REPLACE FUNCTION ok(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'select $1 > 2'";
    assert_eq!(found(replaced, scan), "2 rows against constraint t_id_check on public.t: id = 1; id = 2");
    let failing = "CREATE TABLE t (n int); INSERT INTO t VALUES (0); ALTER TABLE t ADD CONSTRAINT c CHECK (1 / n > 0) NOT VALID";
    assert_eq!(
        found(failing, scan),
        "check of constraint c on public.t was not examined: the scan fails: division by zero (22012)"
    );
}

#[test]
fn duplicates_are_found_by_grouping() {
    let scan = async |validator: &DataValidator<'_>| validator.unique().await.expect("scanned");
    // An index that says less than the table holds: rows that went in while it was not looked after.
    let corrupt = |index: &str| {
        format!(
            "CREATE TABLE t (id int PRIMARY KEY, a text, b text); INSERT INTO t VALUES (1, 'x', 'y'), (2, 'x', 'z'), (3, NULL, NULL);
             CREATE UNIQUE INDEX u ON t {index}; UPDATE pg_index SET indisready = false, indisvalid = false WHERE indexrelid = 'u'::regclass;
             INSERT INTO t VALUES (4, 'x', 'y'), (5, NULL, NULL), (6, 'X', 'gone');
             UPDATE pg_index SET indisready = true, indisvalid = true WHERE indexrelid = 'u'::regclass"
        )
    };
    let say = |ids: &str, count: u32| {
        format!("{count} rows of table public.t are duplicates in index public.u: {ids}")
    };
    assert_eq!(found(&corrupt("(a, b)"), scan), say("id = 1; id = 4", 2));
    assert_eq!(found(&corrupt("(lower(a), (b || 'q')) WHERE b <> 'gone'"), scan), say("id = 1; id = 4", 2));
    assert_eq!(found(&corrupt("(b) INCLUDE (a) WHERE b = 'z'"), scan), "");
    if server().version().major() >= 15 {
        assert_eq!(
            found(&corrupt("(a, b) NULLS NOT DISTINCT"), scan),
            say("id = 1; id = 3; id = 4; id = 5", 4)
        );
    }
}

#[test]
fn null_in_a_not_null_column_is_found() {
    let scan = async |validator: &DataValidator<'_>| validator.not_null().await.expect("scanned");
    let sql = "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1), (2, NULL)";
    assert_eq!(found(sql, scan), "");
    let forced = "UPDATE pg_attribute SET attnotnull = true WHERE attrelid = 't'::regclass AND attname = 'n'";
    assert_eq!(found(&format!("{sql}; {forced}"), scan), "1 row with NULL in column public.t.n: id = 2");
}

#[test]
fn an_invalid_index_is_found() {
    let scan = async |validator: &DataValidator<'_>| validator.indexes().await.expect("scanned");
    let sql = "CREATE TABLE t (id int); CREATE INDEX i ON t (id)";
    assert_eq!(found(sql, scan), "");
    let forced = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass";
    assert_eq!(
        found(&format!("{sql}; {forced}"), scan),
        "index public.i is not valid: drop and create it again"
    );
}

#[test]
fn invariants_hold_or_name_the_rows() {
    let invariant = |sql: &str, invariant: &Invariant| {
        found(sql, async |validator| validator.invariant(invariant).await.expect("scanned"))
    };
    let sql = "CREATE TABLE t (id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1, 1, 2), (2, 3, 2), (3, NULL, 1)";
    let ordered = Invariant::of_table("ordered", "public", "t", "a < b -- really");
    assert_eq!(invariant(sql, &ordered), "ordered: not true of 2 rows of table public.t: id = 2; id = 3");
    assert_eq!(invariant(&format!("{sql}; DELETE FROM t WHERE id > 1"), &ordered), "");
    let none = Invariant::no_rows("none", "SELECT id, a FROM t WHERE a > 2;");
    assert_eq!(invariant(sql, &none), "none: 1 row: {\"id\":2,\"a\":3}");
    assert_eq!(invariant(&format!("{sql}; DELETE FROM t WHERE id = 2"), &none), "");
    let all = Invariant::all_true("all", "SELECT a > 0, b > 1 FROM t WHERE id < 3");
    assert_eq!(invariant(sql, &all), "");
    assert_eq!(
        invariant(&format!("{sql}; UPDATE t SET b = 0 WHERE id = 2"), &all),
        "all: 1 row: {\"?column?\":true,\"?column?\":false}"
    );
    assert_eq!(invariant(&format!("{sql}; DELETE FROM t"), &all), "all: 1 row: \"the query returns no row\"");
    on_database(async |session| {
        session.execute(sql).await.expect("a table");
        let validator = DataValidator::new(session);
        let writes = Invariant::no_rows("writes", "WITH d AS (DELETE FROM t RETURNING 1) SELECT * FROM d");
        assert!(matches!(validator.invariant(&writes).await, Err(FixtureError::Query { .. })));
        let two = Invariant::no_rows("two", "SELECT 1; DROP TABLE t");
        assert!(matches!(validator.invariant(&two).await, Err(FixtureError::Invariant { .. })));
        let unknown = Invariant::of_table("typo", "public", "t", "c > 1");
        assert!(matches!(validator.invariant(&unknown).await, Err(FixtureError::Query { .. })));
        let nowhere = Invariant::of_table("nowhere", "public", "u", "true");
        assert!(matches!(validator.invariant(&nowhere).await, Err(FixtureError::NoTable { .. })));
        assert_eq!(
            session.query_simple("SELECT count(*) FROM t").await.expect("rows").rows[0][0].as_deref(),
            Some("3")
        );
    });
}

#[test]
fn names_with_quotes_and_unicode_are_names() {
    let sql = r#"CREATE SCHEMA "S ""q"""; CREATE TABLE "S ""q"""."p'É" ("i d" int PRIMARY KEY);
        CREATE TABLE "S ""q"""."c;--" ("k'1" int PRIMARY KEY, "p""Ω" int, CONSTRAINT "c k" CHECK ("p""Ω" < 5) NOT VALID);
        INSERT INTO "S ""q"""."c;--" VALUES (1, 9);
        ALTER TABLE "S ""q"""."c;--" ADD CONSTRAINT "f ""k" FOREIGN KEY ("p""Ω") REFERENCES "S ""q"""."p'É" NOT VALID"#;
    let sql = sql.replace("NOT VALID);", ");").replace(
        "CONSTRAINT \"c k\" CHECK (\"p\"\"Ω\" < 5) )",
        "CONSTRAINT \"c k\" CHECK (\"p\"\"Ω\" < 50))",
    );
    let text = found(&sql, async |validator| validator.constraints().await.expect("scanned"));
    assert_eq!(
        text,
        "1 row without a target in table \"S \"\"q\"\"\".\"p'É\" (constraint \"f \"\"k\" on \"S \"\"q\"\"\".\"c;--\"): k'1 = 1"
    );
}

#[test]
fn keys_are_bounded_and_totals_are_not() {
    let sql = "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT i, -i FROM generate_series(1, 500) i;
        ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID";
    on_database(async |session| {
        session.execute(sql).await.expect("a table");
        let report = DataValidator::new(session).with_limit(3).checks().await.expect("scanned");
        let violation = &report.violations[0];
        assert_eq!((violation.rule, violation.total, violation.rows.len()), (Rule::Check, 500, 3));
        assert_eq!(
            violation.to_string(),
            "500 rows against constraint c on public.t: id = 1; id = 2; id = 3; …"
        );
    });
}

#[test]
fn rows_hidden_by_row_level_security_are_not_called_right() {
    let sql = "CREATE TABLE t (n int CHECK (n > 0)); INSERT INTO t VALUES (1); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
        GRANT SELECT ON t TO pg_monitor; SET ROLE pg_monitor";
    let text = found(sql, async |validator| validator.checks().await.expect("scanned"));
    assert_eq!(
        text,
        "check of constraint t_n_check on public.t was not examined: row-level security hides rows of table public.t from this role"
    );
}

/// A role that sees no row cannot say that none is lost.
#[test]
fn losses_hidden_by_row_level_security_are_not_called_none() {
    let held = |security: &str, role: &str| {
        let before = format!(
            "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2); CREATE TABLE u (id int);
             ALTER TABLE t OWNER TO pg_monitor; GRANT SELECT ON u TO pg_monitor; {security}; {role}"
        );
        on_database(async |session| {
            session.execute(&before).await.expect("tables");
            let validator = DataValidator::new(session);
            let counts = validator.row_counts().await.expect("counted");
            let state = validator.state().await.expect("taken down");
            session.execute("RESET ROLE; DELETE FROM t").await.expect("deleted");
            session.execute(role).await.expect("a role");
            let text = validator.no_loss(&state).await.expect("compared").to_string();
            (counts.into_values().collect::<Vec<_>>(), text)
        })
    };
    let force = "ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY";
    let (counts, text) = held(force, "SET ROLE pg_monitor");
    assert_eq!(counts, [None, Some(0)]);
    assert_eq!(
        text,
        "no-loss of table public.t was not examined: row-level security hides rows of table public.t from this role\n\
         1 examined, 0 violated, 1 not examined"
    );
    for (security, role) in [(force, "RESET ROLE"), ("SELECT 1", "SET ROLE pg_monitor")] {
        let (counts, text) = held(security, role);
        assert_eq!(counts, [Some(2), Some(0)]);
        assert!(text.starts_with("2 rows of table public.t lost: id = 1; id = 2\n2 examined"), "{text}");
    }
}

/// Security that is switched on between the two states hides what the first one saw.
#[test]
fn row_level_security_that_comes_later_hides_losses_too() {
    on_database(async |session| {
        let sql = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); ALTER TABLE t OWNER TO pg_monitor;
            SET ROLE pg_monitor";
        session.execute(sql).await.expect("a table");
        let validator = DataValidator::new(session);
        let state = validator.state().await.expect("taken down");
        assert!(validator.no_loss(&state).await.expect("compared").holds());
        let force = "ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY";
        session.execute(force).await.expect("secured");
        let report = validator.no_loss(&state).await.expect("compared");
        assert_eq!((report.violations.len(), report.not_examined.len()), (0, 1), "{report}");
    });
}

/// A client of the user's own, connected to the database of `session`.
async fn own_client(session: &Session) -> tokio_postgres::Client {
    let environment = session.endpoint().expect("our own").child_environment();
    let get = |name: &str| {
        environment.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()).expect("a variable")
    };
    let text = format!(
        "host={} port={} user={} dbname={}",
        get("PGHOST"),
        get("PGPORT"),
        get("PGUSER"),
        get("PGDATABASE")
    );
    let config = tokio_postgres::Config::from_str(&text).expect("a configuration");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// The Python original reported success with every row deleted.
#[test]
fn deleted_rows_are_a_loss_for_any_client() {
    on_database(async |session| {
        session
            .execute("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')")
            .await
            .expect("rows");
        let mut client = own_client(session).await;
        let before = DataValidator::new(&client).state().await.expect("a state");
        assert!(DataValidator::new(&client).no_loss(&before).await.expect("compared").holds());
        session.execute("DELETE FROM t").await.expect("deleted");
        let report = DataValidator::new(&client).no_loss(&before).await.expect("compared");
        assert_eq!(report.violations[0].to_string(), "2 rows of table public.t lost: id = 1; id = 2");
        // In a transaction of the client's, which may be read-only.
        let transaction = client.build_transaction().read_only(true).start().await.expect("begun");
        let counts = DataValidator::new(&transaction).row_counts().await.expect("counted");
        assert_eq!(counts.into_values().collect::<Vec<_>>(), [Some(0)]);
        assert!(!DataValidator::new(&transaction).no_loss(&before).await.expect("compared").holds());
        transaction.rollback().await.expect("rolled back");
    });
}

#[test]
fn tables_can_be_chosen() {
    let sql = "CREATE TABLE a (n int CHECK (n > 0) ); CREATE TABLE b (id int PRIMARY KEY); CREATE SCHEMA s; CREATE TABLE s.a (x int)";
    on_database(async |session| {
        session.execute(sql).await.expect("tables");
        let only = DataValidator::new(session).only([("public", "b"), ("s", "a")]);
        assert_eq!(only.row_counts().await.expect("counted").len(), 2);
        assert_eq!(only.constraints().await.expect("scanned").examined.len(), 3);
        let error =
            DataValidator::new(session).only([("public", "c")]).checks().await.expect_err("no such table");
        assert_eq!(error.to_string(), "scan public.c: there is no such table");
    });
}
