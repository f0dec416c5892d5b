//! `missing-lock-timeout`: a timeout before the first statement.

use confiture_core::migration::TransactionMode;
use confiture_core::sql::Edit;

use super::{Proposal, State};
use crate::lint::Found;

/// The rule.
pub(super) const CODE: &str = "missing-lock-timeout";

pub(super) fn propose(state: &State, migration: usize, found: &Found) -> Option<Result<Proposal, String>> {
    if found.diagnostic.code != CODE {
        return None;
    }
    let script = state.source.loaded.migrations.get(migration)?.up.script()?;
    let first = script.statements.first()?;
    // Where a transaction is open the setting ends with it; elsewhere it has to be one of the session.
    let sql = match script.transaction {
        TransactionMode::Wrapped | TransactionMode::Batch => "SET LOCAL lock_timeout = '2s';\n",
        TransactionMode::Autocommit => "SET lock_timeout = '2s';\n",
    };
    // A comment that suppresses something stays with its statement.
    let ignores = script.ignores();
    let above = ignores.iter().filter(|ignore| ignore.statement == 0).map(|ignore| ignore.at.span.start);
    let at = above.chain([first.span.start]).min()?;
    Some(Ok(Proposal {
        text: "gives up after two seconds instead of waiting for its lock for ever".to_owned(),
        edits: vec![(script.source.path.clone(), Edit::insert(at, sql))],
        ..Proposal::default()
    }))
}
