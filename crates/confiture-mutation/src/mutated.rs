//! A migration with a mutant's edits made.

use std::sync::Arc;

use confiture_core::migration::{Direction, Migration, Script, ScriptStatement, StatementKind, Step};
use confiture_core::plugin::Mutant;
use confiture_core::sql::{EditError, StatementKind as Piece, split};

/// `migration` with `mutant` in the script of `direction`, split anew.
///
/// Statements keep their places in the user's file; what an edit made of one statement, be it none or
/// several, stands where that one stood.
///
/// # Errors
/// When the edits do not fit the script.
pub fn mutated(migration: &Migration, direction: Direction, mutant: &Mutant) -> Result<Migration, EditError> {
    let mut changed = migration.clone();
    let step = match direction {
        Direction::Up => &mut changed.up,
        Direction::Down => &mut changed.down,
    };
    if let Step::Sql(script) = step {
        script.statements = statements(script, mutant)?;
    }
    Ok(changed)
}

fn statements(script: &Script, mutant: &Mutant) -> Result<Vec<ScriptStatement>, EditError> {
    let mut statements = Vec::with_capacity(script.statements.len());
    for (index, statement) in script.statements.iter().enumerate() {
        if !mutant.edits.iter().any(|(at, _)| *at == index) {
            statements.push(statement.clone());
            continue;
        }
        let text = mutant.statement_text(script, index)?;
        let pieces = split(&text);
        let pieces = pieces.iter().filter(|piece| piece.kind != Piece::Meta);
        for (at, piece) in pieces.enumerate() {
            let kind = match &statement.kind {
                kind @ StatementKind::Copy { .. } if at == 0 => kind.clone(),
                _ => StatementKind::Sql,
            };
            statements.push(ScriptStatement {
                sql: Arc::from(piece.text(&text)),
                span: statement.span.clone(),
                kind,
                moved: Vec::new(),
            });
        }
    }
    Ok(statements)
}
