//! Fills schemas on a real server, which judges every row.

mod behaviour;
mod bulk;
mod constraints;
mod types;

use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use confiture_core::catalog::Catalog;
use confiture_core::db::{Env, Server, ServerOptions, Session};

use super::{Filled, RowCounts, RowGenerator};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let start =
        || tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    RUNTIME.get_or_init(start).block_on(future)
}

/// The private server of this process; it ends with the last test that holds it.
fn server() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let options = ServerOptions {
        version: std::env::var("CONFITURE_PG").ok().and_then(|major| major.parse().ok()),
        env: std::env::vars_os().collect::<Env>(),
        ..ServerOptions::default()
    };
    let server =
        Arc::new(block_on(Server::open(&options)).unwrap_or_else(|error| panic!("failed to {error}")));
    *shared = Arc::downgrade(&server);
    server
}

/// Runs `script` on a fresh database, fills everything with `rows` rows and hands both to `look`.
fn fill<T>(script: &str, rows: u64, look: impl AsyncFnOnce(&Session, &Filled) -> T) -> T {
    let server = server();
    block_on(async {
        let database = server.create_database("generate").await.expect("a database");
        let session = database.session().await.expect("a session");
        for statement in confiture_core::sql::split(script) {
            session.execute(statement.text(script)).await.unwrap_or_else(|error| panic!("{error}"));
        }
        let catalog = Catalog::read(&session).await.expect("a catalog");
        let generator = RowGenerator::new(&session, &catalog).rows(RowCounts::uniform(rows)).seed(1);
        let filled = generator.fill_all().await.expect("rows");
        let seen = look(&session, &filled).await;
        session.close().await;
        database.close().await.expect("dropped");
        seen
    })
}

/// One line per table: rows, and what is in the way of more.
fn summary(script: &str, rows: u64) -> String {
    fill(script, rows, async |_, filled| {
        let lines = filled.tables.iter().map(|table| {
            let mut line = format!("{} {}", table.table.sql_name(), table.existing + table.inserted);
            if let Some(reason) = &table.skipped {
                line.push_str(&format!(" skipped: {reason}"));
            }
            for refusal in &table.refused {
                line.push_str(&format!(" refused: {refusal}"));
            }
            line
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// The first row of a query on the filled database, its values joined by `|`.
fn ask(script: &str, rows: u64, query: &str) -> String {
    fill(script, rows, async |session, _| {
        let answer = session.query_simple(query).await.unwrap_or_else(|error| panic!("{error}"));
        let row = answer.rows.into_iter().next().unwrap_or_default();
        row.into_iter().map(|value| value.unwrap_or_else(|| "NULL".to_owned())).collect::<Vec<_>>().join("|")
    })
}
