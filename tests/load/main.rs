//! Migrations under load: who waits, what it costs at size, on real servers with up to 100 000 rows.

mod blocked;
mod ground;
mod operations;
mod scaled;
mod sessions;

use confiture_fixtures::{RowCounts, TestSource};
use confiture_perf::load::{Ground, GroundPlan};
use confiture_tests::{Scenario, block_on, server};

/// The migrations of a test: `0001` makes the tables, `0002` is tried.
struct Chain {
    source: TestSource,
    _scenario: Scenario,
}

impl Chain {
    fn new(first: &str, second: &str) -> Self {
        Self::with_down(first, second, "SELECT 1;")
    }

    fn with_down(first: &str, second: &str, down: &str) -> Self {
        let files = [("0001_a.sql", first), ("0002_b.sql", second), ("0002_b.down.sql", down)];
        Self::of(Scenario::new(&files))
    }

    /// Statements of `second` are run one by one, each in autocommit.
    fn autocommit(first: &str, second: &str) -> Self {
        let files = [("0001_a.sql", first), ("0002_b.sql", second)];
        Self::of(Scenario::new(&files).layout("plain"))
    }

    fn of(scenario: Scenario) -> Self {
        let source = scenario.load().unwrap_or_else(|error| panic!("{error}"));
        Self { source, _scenario: scenario }
    }

    fn plan<'a>(&'a self, rows: &'a RowCounts) -> GroundPlan<'a> {
        GroundPlan::new(&self.source.loaded, 1, rows)
    }

    fn ground(&self, rows: u64) -> Ground {
        let rows = RowCounts::uniform(rows);
        let server = server();
        let ground = block_on(Ground::lay(&server, self.plan(&rows))).unwrap_or_else(|e| panic!("{e}"));
        assert!(ground.filled.short().next().is_none(), "{:?}", ground.filled);
        ground
    }
}

const USERS: &str =
    "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, age int);";
