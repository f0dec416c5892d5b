//! Predictions from small tables.

use std::collections::BTreeMap;
use std::time::Duration;

use confiture_core::db::LockMode;
use confiture_perf::predict::{Cost, HoldBudget, HoldVerdict, ScaleOptions, Scaled, scale};
use confiture_perf::stats::FitError;
use confiture_tests::{block_on, own_server};

use crate::{Chain, USERS};

fn scaled(second: &str, sizes: &[u64]) -> Scaled {
    // One of its own: the log is that of the whole server.
    let server = own_server();
    let chain = Chain::new(USERS, second);
    let options = ScaleOptions { sizes: sizes.to_vec(), ..ScaleOptions::default() };
    let scaled = block_on(scale(&server, &chain.source.loaded, 1, &options));
    block_on(server.close());
    scaled.unwrap_or_else(|error| panic!("{error}"))
}

fn production(rows: u64) -> BTreeMap<String, u64> {
    BTreeMap::from([("public.users".to_owned(), rows)])
}

const SIZES: [u64; 3] = [1000, 3000, 10_000];
const BACKFILL: &str = "ALTER TABLE users ADD COLUMN x text; UPDATE users SET x = md5(name);";

/// The log does not depend on the machine: from 10 000 rows at most to 100 000.
#[test]
fn the_log_of_a_backfill_is_predicted_for_100_000_rows() {
    let predicted = scaled(BACKFILL, &SIZES).predict(&production(100_000));
    let band = predicted[1].wal_bytes.clone().expect("a prediction");
    let measured = scaled(BACKFILL, &[100_000]);
    let truth = measured.points(1, Cost::Log)[0].cost;
    assert!((band.estimate / truth - 1.0).abs() < 0.05, "{band:?}, measured {truth}");
}

#[test]
fn a_hold_lasts_from_the_lock_to_the_end_of_its_transaction_and_is_held_against_the_budget() {
    let scaled = scaled(BACKFILL, &SIZES);
    let strict = HoldBudget { warns: Duration::from_micros(1), fails: Duration::from_micros(2) };
    let verdict = |rows, budget| {
        let holds = scaled.holds(&production(rows), budget);
        assert_eq!((holds.len(), holds[0].index, holds[0].mode), (1, 0, LockMode::AccessExclusive));
        holds[0].verdict
    };
    assert_eq!(verdict(100_000, strict), HoldVerdict::Fails);
    let lax = HoldBudget { warns: Duration::from_secs(3600), fails: Duration::from_secs(7200) };
    assert_eq!(verdict(100_000, lax), HoldVerdict::Passes);
    // Beyond 100 times the largest size nothing is said.
    assert_eq!(verdict(2_000_000, lax), HoldVerdict::Unknown);
    let holds = scaled.holds(&production(2_000_000), lax);
    assert!(matches!(holds[0].hold_ms, Err(FitError::TooFar { .. })));
}

#[test]
fn what_locks_out_nobody_has_no_hold() {
    assert!(
        scaled("UPDATE users SET age = 1;", &[10, 20, 30])
            .holds(&production(1000), HoldBudget::default())
            .is_empty()
    );
}
