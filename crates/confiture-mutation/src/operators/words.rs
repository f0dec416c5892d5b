//! The words of a statement outside parentheses.

use std::ops::Range;

use confiture_core::plugin::Site;
use confiture_core::sql::{Span, Token, TokenKind};

/// One token, or everything from an opening parenthesis to the one that closes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Atom {
    /// The token, or the opening parenthesis.
    pub(super) token: Token,
    /// All of it.
    pub(super) span: Span,
    /// What stands between the parentheses.
    pub(super) inside: Option<Span>,
}

/// A part of a statement as its words and parenthesised groups.
#[derive(Debug)]
pub(super) struct Words<'a> {
    sql: &'a str,
    /// In order.
    pub(super) atoms: Vec<Atom>,
}

impl<'a> Words<'a> {
    /// Those of the whole statement.
    pub(super) fn of(site: &'a Site<'_>) -> Self {
        Self::within(site, site.span())
    }

    /// Those of a part of it.
    pub(super) fn within(site: &'a Site<'_>, span: Span) -> Self {
        Self { sql: site.sql(), atoms: atoms(site.tokens_in(span)) }
    }

    /// Whether the keywords follow one another from `at` on.
    pub(super) fn at(&self, at: usize, words: &[&str]) -> bool {
        let is = |(ahead, word): (usize, &&str)| {
            self.atoms.get(at + ahead).is_some_and(|atom| atom.token.is_word(self.sql, word))
        };
        words.iter().enumerate().all(is)
    }

    /// Whether one of the keywords is at `at`.
    pub(super) fn at_any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.at(at, &[word]))
    }

    /// Where the keywords first follow one another, from `start` on.
    pub(super) fn position(&self, start: usize, words: &[&str]) -> Option<usize> {
        (start..self.atoms.len()).find(|at| self.at(*at, words))
    }

    /// The bytes of the atoms in `range`.
    pub(super) fn span(&self, range: Range<usize>) -> Option<Span> {
        let atoms = self.atoms.get(range)?;
        Some(atoms.first()?.span.to(atoms.last()?.span))
    }

    /// The bytes of the text of the atom at `at`.
    pub(super) fn text(&self, at: usize) -> &'a str {
        self.atoms.get(at).map_or("", |atom| atom.span.text(self.sql))
    }

    /// The items of the comma list in `range`.
    pub(super) fn items(&self, range: Range<usize>) -> Vec<Span> {
        let atoms = self.atoms.get(range).unwrap_or_default();
        let item = |item: &[Atom]| Some(item.first()?.span.to(item.last()?.span));
        atoms.split(|atom| atom.token.kind == TokenKind::Comma).filter_map(item).collect()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.atoms.len()
    }

    /// The first atom that starts at byte `offset` or later.
    pub(super) fn after_offset(&self, offset: usize) -> usize {
        self.atoms.partition_point(|atom| atom.span.start < offset)
    }
}

/// A piece of SQL for a description: on one line, its end left out when it is long.
pub(super) fn brief(sql: &str) -> String {
    const MAX_CHARS: usize = 60;
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

fn atoms(tokens: &[Token]) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    let mut depth = 0_usize;
    for token in tokens {
        let opens = matches!(token.kind, TokenKind::LeftParen | TokenKind::LeftBracket);
        let closes = matches!(token.kind, TokenKind::RightParen | TokenKind::RightBracket);
        match atoms.last_mut().filter(|_| depth > 0) {
            Some(group) => {
                group.span.end = token.span.end;
                if depth > 1 || !closes {
                    group.inside = group.inside.map(|inside| Span::new(inside.start, token.span.end));
                }
            }
            None => {
                let inside = opens.then(|| Span::empty(token.span.end));
                atoms.push(Atom { token: *token, span: token.span, inside });
            }
        }
        depth = (depth + usize::from(opens)).saturating_sub(usize::from(closes));
    }
    atoms
}
