//! Servers with their templates, shared by the tests of a process.

use std::sync::{Arc, Mutex, PoisonError};

use confiture_core::db::{ScratchDb, Server, ServerOptions, Template};
use tokio::sync::OnceCell;

use super::source::Source;
use crate::error::FixtureError;

/// How many servers stay although no test uses them; each takes about 50 MB of memory.
const IDLE: usize = 4;

/// A server and the template on it.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) server: Server,
    pub(super) template: Template,
}

type Cell = Arc<OnceCell<Arc<Ready>>>;

/// Least recently used first.
static SERVERS: Mutex<Vec<(String, Cell)>> = Mutex::new(Vec::new());

/// The template for `source`; the first caller starts its server and, where no process did before, builds
/// it. Each template has a server of its own: two of them may create the same role.
pub(super) async fn ready(options: &ServerOptions, source: &Arc<Source>) -> Result<Arc<Ready>, FixtureError> {
    let urls = options.server_urls.join(" ");
    let chosen = (&options.pg_bin, options.version, &options.cache_dir, &options.session_settings);
    let key = format!("{urls} {chosen:?} {}", source.key);
    let cell = cell(&key);
    let made = cell.get_or_try_init(async || {
        let fill = async |database: &ScratchDb| source.fill(database, database.server()).await;
        let (server, template) = Server::with_template(options, &source.key, fill).await?;
        Ok(Arc::new(Ready { server, template }))
    });
    made.await.cloned()
}

/// The place of the server for `key`; makes room among those that nobody uses.
fn cell(key: &str) -> Cell {
    let mut servers = SERVERS.lock().unwrap_or_else(PoisonError::into_inner);
    let cell = match servers.iter().position(|(known, _)| known == key) {
        Some(at) => servers.remove(at).1,
        None => Cell::default(),
    };
    let idle = |(_, cell): &(String, Cell)| {
        Arc::strong_count(cell) == 1 && cell.get().is_none_or(|ready| Arc::strong_count(ready) == 1)
    };
    let mut spare = servers.iter().filter(|server| idle(server)).count().saturating_sub(IDLE - 1);
    servers.retain(|server| {
        let goes = spare > 0 && idle(server);
        spare -= usize::from(goes);
        !goes
    });
    servers.push((key.to_owned(), Arc::clone(&cell)));
    cell
}
