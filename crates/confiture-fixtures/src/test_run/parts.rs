//! The later part of a long chain, judged on a private server of its own.
//!
//! A run waits for one backend at a time, so one chain keeps one core busy. The migrations after the *turn*
//! are judged on a second cluster (roles belong to a cluster), where those before it are only applied, for
//! a tenth of the cost of judging them. What comes out counts only if the catalog at the turn and the
//! migrations that were not applied are the same in both; else the first ladder goes on alone.

use std::thread::JoinHandle;

use confiture_core::catalog::Catalog;
use confiture_core::db::{DbError, Server, ServerKind, ServerOptions};
use confiture_core::migration::layout::Loaded;
use confiture_core::plugin::{CommittedSchema, Registry, StatementFailure};
use tokio::sync::{mpsc, oneshot};

use super::{Judged, Judging, TestOptions};
use crate::error::FixtureError;
use crate::ladder::Ladder;

/// Migrations to judge from which a second server pays off.
pub const LONG: usize = 80;

/// A second private server for the later part of a long chain.
#[derive(Debug, Clone)]
pub struct Beside {
    /// How it is made: of the same programs as the first. Servers named in it are not used.
    pub server: ServerOptions,
    /// Whether both parts are judged at once, which takes two cores, or one after the other. The report
    /// is the same.
    pub at_once: bool,
}

/// Where the later part of a chain of `end` migrations begins, if it has one.
///
/// Follows from what is to be judged alone, not from the machine, because rows are made anew there.
pub(super) fn turn(options: &TestOptions, end: usize) -> Option<usize> {
    /// Costs in arbitrary units: of judging the first migration (each later one costs 1 more, as the
    /// catalog grows), of applying one, and of starting a cluster.
    const JUDGE: usize = 300;
    const APPLY: usize = 40;
    const START: usize = 25 * JUDGE;
    let judged = |index: &usize| options.judged.as_ref().is_none_or(|judged| judged.contains(index));
    let judged: Vec<usize> = (0..end).filter(judged).collect();
    // Rows of the user's own stand in one database from their version to the end.
    if judged.len() < options.long.max(2) || !options.ladder.seeds.is_empty() {
        return None;
    }
    let mut earlier = 0;
    let mut later = START + judged.iter().map(|index| JUDGE + index).sum::<usize>();
    for &index in &judged {
        if earlier + JUDGE + index > later {
            return Some(index);
        }
        earlier += JUDGE + index;
        later = later + APPLY - (JUDGE + index).min(later);
    }
    judged.last().copied()
}

/// Whether a run may use a second server: its own are private; tests of the user's and `keep_failed` need
/// the whole chain on one.
pub(super) fn allowed(server: &Server, options: &TestOptions) -> bool {
    server.kind() == ServerKind::Private && options.tests.is_empty() && !options.keep_failed
}

/// What the later part tells, in this order.
enum Told {
    /// The migrations before the turn are applied.
    AtTurn { catalog: Catalog, missing: Vec<usize> },
    /// One more is judged.
    Judged(Box<Judged>),
    /// All are; these queries worked at no state from the turn on.
    Done { useless: Vec<StatementFailure> },
    /// It cannot go on.
    Failed(FixtureError),
}

/// The later part, on a thread and a runtime of its own. Dropping it ends its server.
pub(super) struct LaterPart {
    /// What to do, until it is begun.
    waiting: Option<Work>,
    told: Option<mpsc::UnboundedReceiver<Told>>,
    /// Dropped, it stops the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// All that the thread needs.
struct Work {
    loaded: Loaded,
    registry: Registry,
    options: TestOptions,
    committed: Option<CommittedSchema>,
    end: usize,
    turn: usize,
    server: ServerOptions,
    /// The version both servers have to have.
    version: String,
}

impl LaterPart {
    /// Begins, or gets ready to begin when the first part is done.
    pub(super) fn new(judging: &Judging<'_>, turn: usize, beside: &Beside, first: &Server) -> Self {
        let work = Work {
            loaded: judging.loaded.clone(),
            registry: judging.registry.clone(),
            options: judging.options.clone(),
            committed: judging.committed.clone(),
            end: judging.end,
            turn,
            server: ServerOptions { server_urls: Vec::new(), ..beside.server.clone() },
            version: first.version_text().to_owned(),
        };
        let mut part = Self { waiting: Some(work), told: None, stop: None, thread: None };
        if beside.at_once {
            part.begin();
        }
        part
    }

    fn begin(&mut self) {
        let Some(work) = self.waiting.take() else { return };
        let (tell, told) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("confiture-later".to_owned());
        let thread = thread.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(work.run(&tell, stopped)),
                Err(error) => tracing::warn!(%error, "the chain is judged in one part"),
            }
        });
        match thread {
            Ok(thread) => {
                (self.told, self.stop, self.thread) = (Some(told), Some(stop), Some(thread));
            }
            Err(error) => tracing::warn!(%error, "the chain is judged in one part"),
        }
    }

    async fn next(&mut self) -> Option<Told> {
        self.told.as_mut()?.recv().await
    }

    /// Whether `first`, which stands at the turn, and the later part came to the same state.
    pub(super) async fn agrees(&mut self, first: &Ladder<'_>) -> bool {
        self.begin();
        match self.next().await {
            Some(Told::AtTurn { catalog, missing }) => {
                let agreed = missing == first.missing() && catalog == *first.catalog();
                if !agreed {
                    tracing::debug!("two databases differ after the same migrations: judged in one part");
                }
                agreed
            }
            Some(Told::Failed(error)) => {
                tracing::warn!(error = %error, "no second server: the chain is judged in one part");
                false
            }
            _ => false,
        }
    }

    /// Passes the judgements on as they come; returns the queries that worked at none of its states.
    pub(super) async fn judged(
        &mut self,
        take: &mut (dyn FnMut(Judged) + Send),
    ) -> Result<Vec<StatementFailure>, FixtureError> {
        loop {
            match self.next().await {
                Some(Told::Judged(judged)) => take(*judged),
                Some(Told::Done { useless }) => return Ok(useless),
                Some(Told::Failed(error)) => return Err(error),
                Some(Told::AtTurn { .. }) | None => return Err(FixtureError::Interrupted),
            }
        }
    }

    /// Waits until its server has ended.
    pub(super) async fn close(mut self) {
        self.stop = None;
        while self.next().await.is_some() {}
    }
}

impl Drop for LaterPart {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the thread of the later part ended early");
        }
    }
}

impl Work {
    /// Starts the server, judges and ends the server, also when it is `stopped`.
    async fn run(self, tell: &mpsc::UnboundedSender<Told>, mut stopped: oneshot::Receiver<()>) {
        let server = tokio::select! {
            server = Server::open(&self.server) => server,
            _ = &mut stopped => return,
        };
        let server = match server {
            Ok(server) => server,
            Err(error) => return say(tell, Told::Failed(error.into())),
        };
        let climbed = tokio::select! {
            climbed = Box::pin(self.climb(&server, tell)) => climbed,
            _ = &mut stopped => Ok(()),
        };
        if let Err(error) = climbed {
            say(tell, Told::Failed(error.explained(&server)));
        }
        server.close().await;
    }

    async fn climb(&self, server: &Server, tell: &mpsc::UnboundedSender<Told>) -> Result<(), FixtureError> {
        let Self { loaded, registry, options, end, turn, .. } = self;
        if server.version_text() != self.version {
            let versions = format!("PostgreSQL {} is not {}", server.version_text(), self.version);
            return Err(DbError::Settings(versions).into());
        }
        let judging = Judging { loaded, registry, options, committed: self.committed.clone(), end: *end };
        let mut ladder = Ladder::start(server, loaded, options.ladder.clone()).await?;
        for _ in 0..*turn {
            ladder.pass().await?;
        }
        ladder.look().await?;
        say(tell, Told::AtTurn { catalog: ladder.catalog().clone(), missing: ladder.missing().to_vec() });
        for index in *turn..*end {
            let Some(judged) = Box::pin(judging.rung(&mut ladder, index)).await? else { break };
            say(tell, Told::Judged(Box::new(judged)));
        }
        say(tell, Told::Done { useless: ladder.queries_never_worked().cloned().collect() });
        // The databases go with the server.
        Ok(())
    }
}

/// Nobody listens any more when the run was interrupted.
fn say(tell: &mpsc::UnboundedSender<Told>, told: Told) {
    if tell.send(told).is_err() {
        tracing::debug!("the run has ended before its later part");
    }
}
