//! What reading a catalog costs: whole, and refreshed after one change; and the fingerprint of 50 rows a table.
//!
//! `cargo bench -p confiture-perf --bench catalog [-- TABLES…]` prints the median milliseconds of a whole
//! reading and of refreshing after nothing, a changed default, a dropped index and a renamed column, for
//! databases of 60, 300 and 1000 tables, and of fingerprinting their rows.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints figures and may end at the first trouble"
)]

use std::time::{Duration, Instant};

use confiture_core::catalog::{Catalog, Observed};
use confiture_core::db::{Env, Server, ServerOptions, Session};
use confiture_fixtures::{DataFingerprint, TableData};

const ROUNDS: usize = 9;

fn schema(tables: usize) -> String {
    let mut script = "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE FUNCTION touch() RETURNS trigger \
                      LANGUAGE plpgsql AS 'begin return new; end';"
        .to_owned();
    for i in 1..=tables {
        let parent = (i - 1).max(1);
        script += &format!(
            "CREATE TABLE t{i} (id bigserial PRIMARY KEY, name varchar(80) NOT NULL DEFAULT 'x', email text UNIQUE, \
             mood mood DEFAULT 'a', amount numeric(10,2) CHECK (amount >= 0), created timestamptz NOT NULL DEFAULT \
             now(), parent bigint REFERENCES t{parent}, data jsonb, flag boolean, note text); \
             CREATE INDEX ON t{i} (name); COMMENT ON TABLE t{i} IS 'a table';"
        );
        if i % 10 == 0 {
            script += &format!(
                "CREATE VIEW v{i} AS SELECT t.id, p.email FROM t{i} t JOIN t{parent} p ON p.id = t.parent; \
                 CREATE TRIGGER touch BEFORE UPDATE ON t{i} FOR EACH ROW EXECUTE FUNCTION touch(); \
                 CREATE FUNCTION f{i}(a integer) RETURNS integer LANGUAGE sql AS 'select 1';"
            );
        }
    }
    script
}

fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

async fn refreshed(session: &Session, observed: &Observed, change: &str) -> f64 {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        session.execute("BEGIN").await.expect("begin");
        session.execute(change).await.expect("a change");
        let started = Instant::now();
        let after = observed.refresh(session).await.expect("an observation");
        times.push(started.elapsed());
        assert_eq!(observed.catalog().diff(after.catalog()).is_empty(), change.is_empty());
        session.execute("ROLLBACK").await.expect("rollback");
    }
    median_ms(times)
}

/// Milliseconds of a fingerprint of every table with 50 rows in each.
async fn fingerprint(session: &Session, tables: usize) -> f64 {
    for i in 1..=tables {
        let rows = format!(
            "INSERT INTO t{i} (name, email, amount, data, flag, note) SELECT 'name' || g, 'e' || g, g, \
             jsonb_build_object('g', g), g % 2 = 0, repeat('n', g) FROM generate_series(1, 50) g"
        );
        session.execute(&rows).await.expect("rows");
    }
    let data = TableData::of(&Catalog::read(session).await.expect("a catalog"));
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let taken = DataFingerprint::capture(session, &data).await.expect("a fingerprint");
        times.push(started.elapsed());
        assert!(taken.tables.len() == tables && taken.tables.iter().all(|table| table.rows == 50));
    }
    median_ms(times)
}

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![60, 300, 1000] } else { sizes };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let options = ServerOptions { env: std::env::vars_os().collect::<Env>(), ..ServerOptions::default() };
        let server = Server::open(&options).await.expect("a server");
        println!("tables   whole ms   refresh ms: nothing   default   drop index   rename column   fingerprint ms");
        for tables in sizes {
            let database = server.create_database("catalog").await.expect("a database");
            let session = database.session().await.expect("a session");
            session.execute(&schema(tables)).await.expect("a schema");
            let observed = Observed::full(&session).await.expect("an observation");
            let mut times = Vec::new();
            for _ in 0..ROUNDS {
                let started = Instant::now();
                Catalog::read(&session).await.expect("a catalog");
                times.push(started.elapsed());
            }
            let whole = median_ms(times);
            let nothing = refreshed(&session, &observed, "").await;
            let default = refreshed(&session, &observed, "ALTER TABLE t7 ALTER name SET DEFAULT 'y'").await;
            let index = refreshed(&session, &observed, "DROP INDEX t7_name_idx").await;
            let rename = refreshed(&session, &observed, "ALTER TABLE t10 RENAME email TO mail").await;
            let rows = fingerprint(&session, tables).await;
            println!(
                "{tables:6}   {whole:8.1}   {nothing:19.1}   {default:7.1}   {index:10.1}   {rename:13.1}   {rows:14.1}"
            );
            session.close().await;
            database.close().await.expect("dropped");
        }
        server.close().await;
    });
}
