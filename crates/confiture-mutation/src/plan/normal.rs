//! Scripts that say the same: their statements' tokens are equal.

use std::collections::HashMap;

use confiture_core::migration::{Script, ScriptStatement, StatementKind};
use confiture_core::sql::{TokenKind, Tokens};

use super::hash::Hasher;

type Digest = [u8; 32];

/// The statements of one script, and what they say.
///
/// White space and comments say nothing, and neither does the case of words without quotes.
pub(super) struct Normal {
    original: Digest,
    /// By the address of a statement's text, which an unchanged statement of a mutant shares.
    known: HashMap<usize, Digest>,
}

impl Normal {
    pub(super) fn new(script: &Script) -> Self {
        let mut normal = Self { original: Digest::default(), known: HashMap::new() };
        for statement in &script.statements {
            normal.known.insert(address(statement), digest(statement));
        }
        normal.original = normal.of(script);
        normal
    }

    /// What `script`, the original or a mutant of it, says.
    pub(super) fn of(&self, script: &Script) -> Digest {
        let mut hasher = Hasher::default();
        for statement in &script.statements {
            let known = self.known.get(&address(statement)).copied();
            hasher.field(known.unwrap_or_else(|| digest(statement)));
        }
        hasher.finish()
    }

    /// What the original says.
    pub(super) fn original(&self) -> Digest {
        self.original
    }
}

fn address(statement: &ScriptStatement) -> usize {
    statement.sql.as_ptr().addr()
}

fn digest(statement: &ScriptStatement) -> Digest {
    let sql = &statement.sql;
    let mut hasher = Hasher::default();
    for token in Tokens::new(sql).filter(|token| !token.kind.is_trivia()) {
        let text = token.text(sql);
        match token.kind {
            TokenKind::Ident => hasher.field(text.to_lowercase()),
            _ => hasher.field(text),
        };
    }
    if let StatementKind::Copy { data } = &statement.kind {
        hasher.field("copy").number(data.start as u64).number(data.end as u64);
    }
    hasher.finish()
}
