//! What the attribute `test` expands to.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::{TestDb, TestDbBuilder, keep};

/// What a test may return.
pub trait Outcome: std::process::Termination {
    /// Whether the test failed.
    fn failed(&self) -> bool;
}

impl Outcome for () {
    fn failed(&self) -> bool {
        false
    }
}

impl<T: std::process::Termination, E: std::fmt::Debug> Outcome for Result<T, E> {
    fn failed(&self) -> bool {
        self.is_err()
    }
}

/// Runs a test on a database of its own, in a runtime of its own, and keeps the database when it fails.
///
/// `panics` says that the test is expected to panic: its database is dropped then.
///
/// # Panics
/// When the database cannot be made, and when the test panics.
pub fn run<R: Outcome, F: Future<Output = R>>(
    builder: TestDbBuilder,
    panics: bool,
    test: impl FnOnce(TestDb) -> F,
) -> R {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("failed to start a runtime: {error}"),
    };
    let mut held = None;
    let done = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let made = builder.build().await;
            let mut db = made.unwrap_or_else(|error| panic!("failed to {error}"));
            db.guarded = true;
            held = db.held.clone();
            test(db).await
        })
    }));
    // Tasks that the test started end here, and with them their connections.
    drop(runtime);
    match (held, &done) {
        (Some(held), Ok(result)) if result.failed() => keep::keep(held),
        (Some(held), Err(_)) if !panics => keep::keep(held),
        (Some(held), _) => keep::dispose(held),
        (None, _) => {}
    }
    done.unwrap_or_else(|panic| resume_unwind(panic))
}
