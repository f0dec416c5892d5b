//! A migration while sessions read and write.

use confiture_core::migration::Direction;
use confiture_fixtures::FixtureError;
use confiture_perf::load::{LoadOptions, LoadReport, closed_loop};
use confiture_tests::{block_on, server};

use crate::{Chain, USERS};

fn loaded(chain: &Chain, rows: u64, options: LoadOptions) -> LoadReport {
    let _server = server();
    let ground = chain.ground(rows);
    block_on(async {
        let script = chain.script(Direction::Up);
        let report = closed_loop(&ground, script, Direction::Up, options).await?;
        ground.close().await?;
        Ok::<LoadReport, FixtureError>(report)
    })
    .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn sessions_work_before_during_and_after_and_each_statement_counts_once() {
    let chain = Chain::new(USERS, "ALTER TABLE users ADD COLUMN x int; SELECT pg_sleep(0.3);");
    let report = loaded(&chain, 50_000, LoadOptions { sessions: 3, ..LoadOptions::default() });
    assert_eq!(report.run.failure, None);
    for phase in &report.phases {
        assert!(phase.operations > 0 && phase.failed.is_empty(), "{phase:?}");
        assert_eq!(phase.histogram.iter().map(|(_, count)| count).sum::<u64>(), phase.operations);
        assert!(phase.p50_ms <= phase.p95_ms && phase.p95_ms <= phase.max_ms, "{phase:?}");
    }
    // Each session waited once for the end of the migration, which slept for 300 ms.
    assert!(report.phases[1].max_ms > 290.0, "{:?}", report.phases);
}

#[test]
fn what_the_migration_breaks_for_the_sessions_is_counted_with_its_code() {
    let chain = Chain::new(USERS, "ALTER TABLE users RENAME TO people;");
    let report = loaded(&chain, 1000, LoadOptions::default());
    let [before, _, after] = &report.phases;
    assert!(before.failed.is_empty() && before.operations > 0);
    assert!(after.operations == 0 && after.failed.contains_key("42P01"), "{after:?}");
}

#[test]
fn sessions_that_only_read_change_nothing() {
    let chain = Chain::new(
        USERS,
        "DO $$ BEGIN ASSERT (SELECT n_tup_upd + n_tup_ins FROM pg_stat_xact_user_tables \
        WHERE relname = 'users') = 0; END $$; CREATE TABLE count AS SELECT count(*) FROM users WHERE xmax <> 0;",
    );
    let reads = loaded(&chain, 10_000, LoadOptions { reads: 1.0, ..LoadOptions::default() });
    assert_eq!(reads.run.failure, None);
    assert!(reads.phases.iter().all(|phase| phase.failed.is_empty()));
}
