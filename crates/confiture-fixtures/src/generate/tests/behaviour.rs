//! What callers rely on: same seed, given tables, transactions, refusals, statistics, seeds.

use confiture_core::catalog::{Catalog, Kind, ObjectId};
use confiture_core::db::Session;

use super::{ask, block_on, fill, server};
use crate::{RowCounts, RowGenerator, RowStyle, Statistics, write_rows};

const SHOP: &str = "CREATE TABLE customer (id serial PRIMARY KEY, email text UNIQUE NOT NULL, born date);
    CREATE TABLE purchase (id uuid PRIMARY KEY, customer int NOT NULL REFERENCES customer, total numeric(8,2)
      CHECK (total >= 0), note text);";

fn table(name: &str) -> ObjectId {
    ObjectId::new(Kind::Table, ["public", name])
}

/// The rows of both tables, as a script, after `before` and with this seed.
fn rows(before: &str, seed: u64) -> String {
    let server = server();
    block_on(async {
        let database = server.create_database("same").await.expect("a database");
        let session = database.session().await.expect("a session");
        for statement in confiture_core::sql::split(&format!("{before}{SHOP}")) {
            let script = format!("{before}{SHOP}");
            session.execute(statement.text(&script)).await.expect("a statement");
        }
        let catalog = Catalog::read(&session).await.expect("a catalog");
        let generator = RowGenerator::new(&session, &catalog).seed(seed);
        generator.fill(&[table("purchase"), table("customer")]).await.expect("rows");
        let mut script = Vec::new();
        let tables = [table("customer"), table("purchase")];
        let written = write_rows(&session, &catalog, &tables, RowStyle::Insert, &mut script).await;
        written.expect("a script");
        session.close().await;
        database.close().await.expect("dropped");
        String::from_utf8(script).expect("text")
    })
}

#[test]
fn the_same_seed_gives_the_same_rows_whatever_else_is_in_the_database() {
    let once = rows("", 5);
    assert_eq!(once, rows("CREATE TABLE another (n int); CREATE TYPE unrelated AS ENUM ('x');", 5));
    assert_ne!(once, rows("", 6));
    assert_eq!(once.lines().filter(|line| line.starts_with("INSERT INTO public.purchase ")).count(), 100);
    assert!(once.ends_with("SELECT pg_catalog.setval('public.customer_id_seq', 100);\n"), "{once}");
}

#[test]
fn a_table_filled_later_draws_from_the_rows_there_are() {
    fill(SHOP, 10, async |session: &Session, _| {
        let sql = "CREATE TABLE review (customer int NOT NULL REFERENCES customer, purchase uuid REFERENCES purchase)";
        session.execute(sql).await.expect("a table");
        let catalog = Catalog::read(session).await.expect("a catalog");
        let generator = RowGenerator::new(session, &catalog).rows(RowCounts::uniform(30));
        let filled = generator.fill(&[table("review"), table("customer")]).await.expect("rows");
        let counts: Vec<(u64, u64)> = filled.tables.iter().map(|t| (t.existing, t.inserted)).collect();
        assert_eq!(counts, [(10, 20), (0, 30)], "customers are topped up, reviews filled");
        let again = generator.fill(&[table("review")]).await.expect("nothing to do");
        assert_eq!((again.tables[0].existing, again.tables[0].inserted), (30, 0));
    });
}

#[test]
fn an_empty_parent_is_the_reason() {
    fill(SHOP, 0, async |session: &Session, _| {
        let catalog = Catalog::read(session).await.expect("a catalog");
        let filled =
            RowGenerator::new(session, &catalog).fill(&[table("purchase")]).await.expect("an answer");
        let reason = filled.tables[0].skipped.as_deref();
        assert_eq!(reason, Some("purchase_customer_fkey refers to table public.customer, which has no rows"));
    });
}

#[test]
fn a_transaction_stays_the_callers() {
    fill(SHOP, 0, async |session: &Session, _| {
        let catalog = Catalog::read(session).await.expect("a catalog");
        session.execute("BEGIN").await.expect("begun");
        let filled = RowGenerator::new(session, &catalog).fill_all().await.expect("rows");
        assert_eq!(filled.inserted(), 200);
        session.execute("ROLLBACK").await.expect("still in the transaction");
        let left = session.query_simple("SELECT count(*) FROM customer").await.expect("a count");
        assert_eq!(left.rows[0][0].as_deref(), Some("0"));
    });
}

#[test]
fn a_session_that_may_only_read_is_refused() {
    fill(SHOP, 0, async |session: &Session, _| {
        let catalog = Catalog::read(session).await.expect("a catalog");
        let reader =
            Session::read_only(session.endpoint().expect("a session of ours")).await.expect("a session");
        let refused = RowGenerator::new(&reader, &catalog).fill_all().await.expect_err("nothing written");
        assert!(refused.to_string().contains("read-only"), "{refused}");
        reader.close().await;
        let left = session.query_simple("SELECT count(*) FROM customer").await.expect("a count");
        assert_eq!(left.rows[0][0].as_deref(), Some("0"));
    });
}

#[test]
fn sequences_go_on_behind_the_rows() {
    assert_eq!(ask(SHOP, 25, "INSERT INTO customer (email) VALUES ('new') RETURNING id"), "26");
}

#[test]
fn documents_have_the_keys_that_expressions_read() {
    let script = "CREATE TABLE flow (doc jsonb NOT NULL,
          id text NOT NULL UNIQUE GENERATED ALWAYS AS (doc ->> 'id') STORED,
          off boolean NOT NULL GENERATED ALWAYS AS ((doc ->> 'off')::boolean) STORED,
          at int NOT NULL GENERATED ALWAYS AS ((doc #>> '{state,at}')::int) STORED);";
    assert_eq!(super::summary(script, 60), "public.flow 60");
}

#[test]
fn statistics_hold_no_values_and_shape_rows() {
    let script =
        "CREATE TABLE big (kind text, note text); CREATE TABLE small (n int); CREATE TABLE bare (n int);";
    fill(script, 0, async |session: &Session, _| {
        let rows = "INSERT INTO big SELECT CASE WHEN n % 4 = 0 THEN 'topsecret' ELSE 'k' || n % 3 END,
              CASE WHEN n % 2 = 0 THEN repeat('z', 40) || n END FROM generate_series(1, 3000) n";
        for sql in [rows, "INSERT INTO small SELECT generate_series(1, 300)", "ANALYZE"] {
            session.execute(sql).await.expect("rows");
        }
        let catalog = Catalog::read(session).await.expect("a catalog");
        let exported = Statistics::read(session).await.expect("statistics").to_json();
        assert!(!exported.contains("topsecret") && !exported.contains("zzz"), "{exported}");
        let statistics = Statistics::from_json(&exported).expect("readable");
        let counts = statistics.row_counts(&catalog, 1100);
        assert_eq!(
            [counts.of(&table("big")), counts.of(&table("small")), counts.of(&table("bare"))],
            [3000, 300, 0]
        );
        session.execute("TRUNCATE big, small").await.expect("emptied");
        let generator = RowGenerator::new(session, &catalog).rows(counts).statistics(&statistics);
        generator.fill_all().await.expect("rows");
        let query = "SELECT count(*), count(DISTINCT kind), abs(count(note) - 1500) < 150,
            avg(length(note)) BETWEEN 35 AND 50 FROM big";
        let shaped = session.query_simple(query).await.expect("a row");
        let values: Vec<&str> =
            shaped.rows[0].iter().map(|value| value.as_deref().unwrap_or("NULL")).collect();
        assert_eq!(values, ["3000", "4", "t", "t"]);
        assert!(Statistics::from_json("{\"format\": 9, \"tables\": []}").is_err());
    });
}
