//! How fast rows are generated, against inserting the same rows.
//!
//! `cargo bench -p confiture-perf --bench rows` prints rows a second, the median of three rounds: of a plain
//! table of a million rows; and of a table with keys and indexes by the generator, against `INSERT`s of the
//! rows it made: of 1 000 rows each, and of one row each by a prepared statement; both in one transaction, from
//! statements built beforehand.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints figures and may end at the first trouble"
)]

use std::time::{Duration, Instant};

use confiture_core::catalog::Catalog;
use confiture_core::db::{Env, Server, ServerKind, ServerOptions, Session};
use confiture_core::sql::quote_literal;
use confiture_fixtures::{RowCounts, RowGenerator};

const PLAIN_ROWS: u64 = 1_000_000;
const INDEXED_ROWS: u64 = 200_000;
const ROWS_OF_INSERT: usize = 1000;
const SINGLE_ROWS: usize = 20_000;
const ROUNDS: usize = 3;

const PLAIN: &str = "CREATE TABLE plain (id bigint NOT NULL, customer integer NOT NULL, amount numeric(10,2), \
    state text, at timestamptz NOT NULL, paid boolean)";
const INDEXED: &str = "CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL); \
    CREATE TABLE indexed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
        customer bigint NOT NULL REFERENCES customers, number uuid NOT NULL UNIQUE, amount numeric(10,2) CHECK (amount >= 0), \
        state text NOT NULL, at timestamptz NOT NULL); \
    CREATE INDEX indexed_customer_idx ON indexed (customer); CREATE INDEX indexed_state_idx ON indexed (state, at)";

const PREPARED: &str = "PREPARE one (bigint, bigint, uuid, numeric, text, timestamptz) AS \
    INSERT INTO indexed (id, customer, number, amount, state, at) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6)";

fn median(values: &mut [Duration]) -> f64 {
    values.sort();
    values[values.len() / 2].as_secs_f64()
}

/// Time to fill all tables, each with `rows`.
async fn fill(session: &Session, seed: u64, rows: &RowCounts) -> Duration {
    let catalog = Catalog::read(session).await.expect("a catalog");
    let started = Instant::now();
    let generator =
        RowGenerator::new(session, &catalog).rows(rows.clone()).seed(seed).server(ServerKind::Private);
    let filled = generator.fill_all().await.expect("filled");
    let elapsed = started.elapsed();
    assert!(filled.tables.iter().all(|table| table.is_full()), "{filled:?}");
    elapsed
}

/// The rows of `indexed` as statements of many rows, and the first ones as executions of `PREPARED`.
async fn inserts(session: &Session) -> (Vec<String>, Vec<String>) {
    let columns = "id::text, customer::text, number::text, amount::text, state, at::text";
    let rows =
        session.query_simple(&format!("SELECT {columns} FROM indexed ORDER BY id")).await.expect("rows").rows;
    let literal = |value: &Option<String>| value.as_deref().map_or("NULL".to_owned(), quote_literal);
    let tuple =
        |row: &Vec<Option<String>>| format!("({})", row.iter().map(literal).collect::<Vec<_>>().join(", "));
    let statement = |rows: &[Vec<Option<String>>]| {
        let tuples: Vec<String> = rows.iter().map(tuple).collect();
        format!(
            "INSERT INTO indexed (id, customer, number, amount, state, at) OVERRIDING SYSTEM VALUE VALUES {}",
            tuples.join(", ")
        )
    };
    let single = rows.iter().take(SINGLE_ROWS).map(|row| format!("EXECUTE one {}", tuple(row)));
    (rows.chunks(ROWS_OF_INSERT).map(statement).collect(), single.collect())
}

/// Time to run statements in one transaction.
async fn transaction(session: &Session, statements: &[String]) -> Duration {
    let started = Instant::now();
    run(session, "BEGIN").await;
    for statement in statements {
        run(session, statement).await;
    }
    run(session, "COMMIT").await;
    started.elapsed()
}

async fn run(session: &Session, sql: &str) {
    session.execute(sql).await.expect("the statement");
}

#[tokio::main]
async fn main() {
    let options = ServerOptions { env: std::env::vars_os().collect::<Env>(), ..ServerOptions::default() };
    let server = Server::open(&options).await.expect("a server");
    println!("PostgreSQL {}", server.version());

    let database = server.create_database("rows").await.expect("a database");
    let session = database.session().await.expect("a session");
    run(&session, PLAIN).await;
    let mut plain = Vec::new();
    for round in 0..ROUNDS {
        run(&session, "TRUNCATE plain").await;
        plain.push(fill(&session, round as u64, &RowCounts::uniform(PLAIN_ROWS)).await);
    }
    println!("plain table, {PLAIN_ROWS} rows: {:.0} rows a second", PLAIN_ROWS as f64 / median(&mut plain));
    run(&session, "DROP TABLE plain").await;

    run(&session, INDEXED).await;
    let catalog = Catalog::read(&session).await.expect("a catalog");
    let customers =
        catalog.tables().map(|(id, _)| id.clone()).find(|id| id.name() == "customers").expect("there");
    let rows = RowCounts::uniform(INDEXED_ROWS).with_rows(customers, 1000);
    let (mut generated, mut inserted, mut single) = (Vec::new(), Vec::new(), Vec::new());
    run(&session, PREPARED).await;
    for round in 0..ROUNDS {
        run(&session, "TRUNCATE indexed, customers").await;
        generated.push(fill(&session, round as u64, &rows).await);
        let (many, one) = inserts(&session).await;
        run(&session, "TRUNCATE indexed").await;
        inserted.push(transaction(&session, &many).await);
        run(&session, "TRUNCATE indexed").await;
        single.push(transaction(&session, &one).await);
    }
    let generated = INDEXED_ROWS as f64 / median(&mut generated);
    let inserted = INDEXED_ROWS as f64 / median(&mut inserted);
    let single = SINGLE_ROWS as f64 / median(&mut single);
    println!(
        "table with a foreign key and 4 indexes, {INDEXED_ROWS} rows: generated {generated:.0} rows a second"
    );
    println!("  by INSERTs of {ROWS_OF_INSERT} rows {inserted:.0}: ratio {:.1}", generated / inserted);
    println!("  by prepared INSERTs of one row {single:.0}: ratio {:.1}", generated / single);
    session.close().await;
    database.close().await.expect("dropped");
    server.close().await;
}
