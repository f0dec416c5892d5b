//! The runtime that servers and connections live on: tests come with runtimes of their own, which end.

use std::future::Future;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

use crate::error::FixtureError;

fn runtime() -> Result<&'static Runtime, FixtureError> {
    static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("confiture").enable_all().build()
    });
    RUNTIME.as_ref().map_err(|error| FixtureError::Runtime { reason: error.to_string() })
}

/// Runs `work` on our runtime; to be awaited on any.
///
/// On a thread of its own, so that its future need not be `Send`. A panic in it goes on here.
pub(crate) async fn on_runtime<T: Send + 'static>(
    work: impl AsyncFnOnce() -> Result<T, FixtureError> + Send + 'static,
) -> Result<T, FixtureError> {
    let runtime = runtime()?;
    match runtime.spawn_blocking(move || runtime.handle().block_on(work())).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(FixtureError::Runtime { reason: error.to_string() }),
        },
    }
}

/// The same for a caller that is not asynchronous, inside a runtime or not.
pub(crate) fn wait<T: Send + 'static>(
    work: impl AsyncFnOnce() -> Result<T, FixtureError> + Send + 'static,
) -> Result<T, FixtureError> {
    let runtime = runtime()?;
    let (tell, told) = std::sync::mpsc::channel();
    runtime.spawn_blocking(move || drop(tell.send(runtime.handle().block_on(work()))));
    let gone = |_| FixtureError::Runtime { reason: "a thread of confiture's runtime panicked".to_owned() };
    told.recv().map_err(gone)?
}

/// The same without waiting; what goes wrong is logged.
pub(crate) fn in_background<F: Future<Output = Result<(), FixtureError>> + Send + 'static>(work: F) {
    let logged = async move {
        if let Err(error) = work.await {
            tracing::debug!(%error, "in the background");
        }
    };
    match runtime() {
        Ok(runtime) => drop(runtime.spawn(logged)),
        Err(error) => tracing::debug!(%error, "no runtime"),
    }
}
