//! The clauses of the queries in a piece.

use std::ops::Range;

use confiture_core::sql::{Span, Token, TokenKind};

use super::tokens::{closing, groups};
use super::{Piece, span_of};

/// One statement or query, apart from those inside it: its clauses in order.
#[derive(Debug)]
pub(in super::super) struct Query {
    pub(in super::super) clauses: Vec<Clause>,
    /// It is the whole piece, and stands in no parentheses.
    pub(in super::super) outermost: bool,
}

/// One clause.
#[derive(Debug, Clone)]
pub(in super::super) struct Clause {
    pub(in super::super) kind: ClauseKind,
    /// Its keywords.
    pub(in super::super) keyword: Span,
    /// All of it.
    pub(in super::super) span: Span,
    /// What follows the keywords, as places among the piece's tokens.
    pub(in super::super) body: Range<usize>,
}

/// What a clause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum ClauseKind {
    With,
    /// `SELECT`, with `DISTINCT`.
    Select,
    Into,
    From,
    /// `JOIN`, with the words before it: the relation it joins.
    Join,
    /// `ON`, of a join or a `MERGE`: the condition.
    On,
    /// `USING`, of a join: the columns.
    JoinUsing,
    Where,
    GroupBy,
    Having,
    OrderBy,
    Limit,
    /// `UNION`, `EXCEPT`, `INTERSECT`, with `ALL`.
    SetOperation,
    Insert,
    Values,
    OnConflict,
    Update,
    Set,
    Delete,
    /// `USING`, of a `DELETE` or `MERGE`.
    Using,
    Merge,
    /// `WHEN … MATCHED …`, up to its `THEN`.
    When,
    Returning,
    /// `OFFSET`, `FETCH`, `WINDOW`, `FOR`.
    Other,
}

impl Query {
    /// Its clauses of one kind.
    pub(in super::super) fn of(&self, kind: ClauseKind) -> impl Iterator<Item = &Clause> {
        self.clauses.iter().filter(move |clause| clause.kind == kind)
    }

    /// The first clause of a kind.
    pub(in super::super) fn first(&self, kind: ClauseKind) -> Option<&Clause> {
        self.of(kind).next()
    }
}

impl Piece<'_> {
    /// Its queries, outer ones before inner ones; the group of a `FILTER (WHERE …)` is one too.
    pub(in super::super) fn queries(&self) -> Vec<Query> {
        const STARTS: &[&str] = &["select", "with", "values", "insert", "update", "delete", "merge", "where"];
        let sql = self.sql();
        let inner = groups(&self.tokens).into_iter().filter(|group| {
            self.tokens[group.clone()]
                .first()
                .is_some_and(|token| STARTS.iter().any(|word| token.is_word(sql, word)))
        });
        let all = std::iter::once(0..self.tokens.len()).chain(inner);
        all.map(|range| Query { outermost: range == (0..self.tokens.len()), clauses: self.clauses(range) })
            .filter(|query| !query.clauses.is_empty())
            .collect()
    }

    /// The tokens of a clause without its keywords.
    pub(in super::super) fn body(&self, clause: &Clause) -> &[Token] {
        self.tokens.get(clause.body.clone()).unwrap_or_default()
    }

    fn clauses(&self, range: Range<usize>) -> Vec<Clause> {
        let mut found: Vec<(ClauseKind, Range<usize>)> = Vec::new();
        let (mut at, mut cases) = (range.start, 0_usize);
        while at < range.end {
            let token = self.tokens[at];
            if token.kind == TokenKind::LeftParen || token.kind == TokenKind::LeftBracket {
                at = closing(&self.tokens[..range.end], at) + 1;
                continue;
            }
            if self.word(at, &["case"]) {
                cases += 1;
            } else if self.word(at, &["end"]) {
                cases = cases.saturating_sub(1);
            }
            let last = found.last().map(|(kind, _)| *kind);
            match (cases == 0).then(|| self.clause_at(at, range.start, last)).flatten() {
                Some((kind, words)) => {
                    found.push((kind, at..at + words));
                    at += words;
                }
                None => at += 1,
            }
        }
        let ends: Vec<usize> =
            found.iter().skip(1).map(|(_, words)| words.start).chain([range.end]).collect();
        found
            .into_iter()
            .zip(ends)
            .map(|((kind, words), end)| Clause {
                kind,
                keyword: span_of(&self.tokens[words.clone()]),
                span: span_of(&self.tokens[words.start..end]),
                body: words.end..end,
            })
            .collect()
    }

    fn word(&self, at: usize, words: &[&str]) -> bool {
        let token = self.tokens.get(at);
        token.is_some_and(|token| words.iter().any(|word| token.is_word(self.sql(), word)))
    }

    /// Which clause starts at `at`, and with how many keywords.
    fn clause_at(&self, at: usize, start: usize, last: Option<ClauseKind>) -> Option<(ClauseKind, usize)> {
        use ClauseKind as Kind;

        let token = self.tokens[at];
        let before = |words: &[&str]| at > start && self.word(at - 1, words);
        let after = |ahead, words: &[&str]| self.word(at + ahead, words);
        // A name after a dot, or one that `AS` gives.
        if token.kind != TokenKind::Ident
            || before(&["as"])
            || (at > start && self.tokens[at - 1].kind == TokenKind::Dot)
        {
            return None;
        }
        let word = token.text(self.sql()).to_ascii_lowercase();
        let extra = |words: &[&str]| usize::from(after(1, words));
        Some(match word.as_str() {
            "with" if at == start => (Kind::With, 1 + extra(&["recursive"])),
            "select" => (Kind::Select, 1 + usize::from(after(1, &["distinct", "all"]) && !after(2, &["on"]))),
            "into" if last == Some(Kind::Select) => (Kind::Into, 1),
            "from" if !before(&["delete", "distinct"]) && last != Some(Kind::OrderBy) => (Kind::From, 1),
            "join" => (Kind::Join, 1),
            "left" | "right" | "full" | "inner" | "cross" | "natural" => {
                let ahead = (1..4).find(|ahead| after(*ahead, &["join"]))?;
                let words = ["left", "right", "full", "inner", "outer", "join"];
                if !(1..=ahead).all(|ahead| after(ahead, &words)) {
                    return None;
                }
                (Kind::Join, ahead + 1)
            }
            "on" if after(1, &["conflict"]) => (Kind::OnConflict, 2),
            "on" if !before(&["distinct"]) => (Kind::On, 1),
            "where" => (Kind::Where, 1),
            "group" if after(1, &["by"]) => (Kind::GroupBy, 2),
            "having" => (Kind::Having, 1),
            "order" if after(1, &["by"]) => (Kind::OrderBy, 2),
            "limit" => (Kind::Limit, 1),
            "offset" | "fetch" | "window" => (Kind::Other, 1),
            "for" if after(1, &["update", "no", "share", "key"]) => {
                (Kind::Other, 2 + usize::from(after(1, &["no"])) + usize::from(after(1, &["no", "key"])))
            }
            "union" | "except" | "intersect" => (Kind::SetOperation, 1 + extra(&["all", "distinct"])),
            "insert" => (Kind::Insert, 1 + extra(&["into"])),
            "values" if !before(&["default"]) => (Kind::Values, 1),
            "update" if !before(&["do"]) => (Kind::Update, 1),
            "set" => (Kind::Set, 1),
            "delete" => (Kind::Delete, 1 + extra(&["from"])),
            "merge" => (Kind::Merge, 1 + extra(&["into"])),
            "using" if matches!(last, Some(Kind::Delete | Kind::Merge)) => (Kind::Using, 1),
            "using" if last == Some(Kind::Join) => (Kind::JoinUsing, 1),
            "when" => (Kind::When, 1),
            "returning" => (Kind::Returning, 1),
            _ => return None,
        })
    }
}
