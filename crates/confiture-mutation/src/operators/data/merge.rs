//! The actions of a `MERGE`.

use super::super::prelude::*;
use super::super::query::{ClauseKind, Piece};

/// A mutant for every `UPDATE`, `DELETE` or `INSERT` of a `MERGE` (which `kind` says): it does nothing.
pub(super) fn skipped_actions(piece: &Piece<'_>, kind: ClauseKind) -> Vec<Mutant> {
    let mut found = Vec::new();
    for query in piece.queries() {
        for (at, clause) in query.clauses.iter().enumerate().skip(1) {
            if clause.kind != kind || query.clauses[at - 1].kind != ClauseKind::When {
                continue;
            }
            let of_it = |kind| !matches!(kind, ClauseKind::When | ClauseKind::Returning);
            let last = query.clauses[at..].iter().take_while(|clause| of_it(clause.kind)).last();
            let span = clause.span.to(last.unwrap_or(clause).span);
            let description = "an action of the MERGE does nothing";
            found.push(piece.mutant([Edit::replace(span, "DO NOTHING")], description));
        }
    }
    found
}
