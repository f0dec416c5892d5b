//! Mutants shared out among workers.

use std::cell::{Cell, RefCell};

use confiture_core::db::Server;
use futures_util::future::join_all;

use crate::error::MutationError;
use crate::worker::{Brief, Sentence, Subject, Worker};

/// Judges every mutant, each migration's on one of `servers`; `done` is called with each as it ends.
///
/// A worker gets a stretch of the chain; stretches hold about as many mutants each. What comes before its
/// stretch it only applies. When one fails the others end with the
/// migration they are at.
pub(crate) async fn judge_all(
    servers: &[&Server],
    brief: &Brief<'_>,
    groups: &[(usize, Vec<Subject<'_>>)],
    done: &mut dyn FnMut(&Subject<'_>, Sentence) -> Result<(), MutationError>,
) -> Result<(), MutationError> {
    let done = RefCell::new(done);
    let failed = Cell::new(false);
    let stretches = stretches(groups, servers.len());
    let workers = servers.iter().zip(stretches).map(async |(server, stretch)| {
        if stretch.is_empty() {
            return Ok(());
        }
        let mut worker = Box::pin(Worker::start(server, brief)).await?;
        let mut judged = Ok(());
        for (migration, subjects) in stretch {
            let mut done = |subject: &Subject<'_>, sentence| (done.borrow_mut())(subject, sentence);
            judged = Box::pin(worker.group(*migration, subjects, &mut done)).await;
            failed.set(failed.get() || judged.is_err());
            if failed.get() {
                break;
            }
        }
        // What it cannot tidy up matters less than what it could not do.
        let closed = worker.close().await;
        judged.and(closed)
    });
    // No worker is dropped where it stands: each closes its databases.
    join_all(workers).await.into_iter().collect()
}

/// `groups` cut into at most `count` stretches of about as many mutants each.
fn stretches<'a, 'b>(
    groups: &'a [(usize, Vec<Subject<'b>>)],
    count: usize,
) -> Vec<&'a [(usize, Vec<Subject<'b>>)]> {
    let total: usize = groups.iter().map(|(_, subjects)| subjects.len()).sum();
    let mut stretches = Vec::with_capacity(count);
    let (mut rest, mut taken) = (groups, 0);
    for part in 1..=count {
        let mut length = 0;
        while length < rest.len() && (part == count || taken < total * part / count) {
            taken += rest[length].1.len();
            length += 1;
        }
        let (stretch, after) = rest.split_at(length);
        stretches.push(stretch);
        rest = after;
    }
    stretches
}
