//! How good are predictions? Fits on 10 000 to 100 000 rows against what a million rows cost.
//!
//! `cargo run -p confiture-perf --example prediction [ROWS]` prints a table; ROWS is a million unless given.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints figures and may end at the first trouble"
)]

use confiture_core::db::{Env, Server, ServerOptions};
use confiture_core::migration::layout::LoadOptions;
use confiture_core::plugin::Registry;
use confiture_fixtures::TestSource;
use confiture_perf::predict::{Cost, ScaleOptions, scale};
use confiture_perf::stats::median;

const TABLES: &str = "CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);\n\
    CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
        customer bigint NOT NULL REFERENCES customers, amount int NOT NULL, note text NOT NULL, state text);\n";

const TRIED: [(&str, &str); 5] = [
    ("index", "CREATE INDEX orders_amount ON orders (amount);"),
    ("rewrite", "ALTER TABLE orders ALTER COLUMN amount TYPE bigint;"),
    ("backfill", "UPDATE orders SET note = 'n';"),
    ("FK validation", "ALTER TABLE orders ADD CONSTRAINT again FOREIGN KEY (customer) REFERENCES customers;"),
    ("SET NOT NULL", "ALTER TABLE orders ALTER COLUMN state SET NOT NULL;"),
];

#[tokio::main]
async fn main() {
    let rows: u64 = std::env::args().nth(1).map_or(1_000_000, |rows| rows.parse().expect("a number of rows"));
    let options = ServerOptions { env: std::env::vars_os().collect::<Env>(), ..ServerOptions::default() };
    let server = Server::open(&options).await.expect("a server");
    let registry = Registry::linked().expect("plugins");
    println!(
        "PostgreSQL {}, fitted on 1e4, 3e4 and 1e5 rows (3 runs each), against {rows} rows (1 run)",
        server.version()
    );
    println!(
        "{:14} {:>12} {:>12} {:>7} {:>12} {:>12} {:>7}",
        "", "WAL fit", "WAL", "off", "CPU fit ms", "CPU ms", "off"
    );
    for (name, sql) in TRIED {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("0001_a.sql"), TABLES).expect("a file");
        // Generated rows hold NULLs; the statement that is measured is the second one then.
        let filled = "UPDATE orders SET state = 'x' WHERE state IS NULL;\n";
        let before = if name == "SET NOT NULL" { filled } else { "" };
        std::fs::write(dir.path().join("0002_b.sql"), format!("{before}{sql}")).expect("a file");
        let source =
            TestSource::load(&registry, dir.path(), Some("plain"), &LoadOptions::default()).expect("a chain");
        let index = usize::from(!before.is_empty());
        let small = scale(&server, &source.loaded, 1, &ScaleOptions::default()).await.expect("small runs");
        let large = ScaleOptions { sizes: vec![rows], repeats: 1, ..ScaleOptions::default() };
        let large = scale(&server, &source.loaded, 1, &large).await.expect("a large run");
        let mut cells = Vec::new();
        for cost in [Cost::Log, Cost::Processor] {
            let costs: Vec<f64> = large.points(index, cost).iter().map(|point| point.cost).collect();
            let truth = median(&costs);
            let fit = small.fit(index, cost).expect("a fit");
            let said = match fit.predict(rows as f64, 0.95) {
                Ok(band) => format!(
                    "{:12.0} {truth:12.0} {:6.1}%",
                    band.estimate,
                    (band.estimate / truth - 1.0) * 100.0
                ),
                Err(error) => format!("refused: {error} ({truth:.0})"),
            };
            cells.push(said);
        }
        println!("{name:14} {}", cells.join(" "));
    }
    server.close().await;
}
