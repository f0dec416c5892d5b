//! `INSERT`, `UPDATE`, `DELETE`.

use super::super::cursor::Cursor;
use super::super::lex::TokenKind;
use super::super::{Span, Verb};
use super::{items, list};

/// What an `INSERT`, `UPDATE` or `DELETE` does, apart from the `WITH` queries before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Rows {
    /// The columns of an `INSERT`.
    pub columns: Vec<Span>,
    /// The rows after `VALUES`, each with its parentheses.
    pub rows: Vec<Span>,
    /// The query of an `INSERT` that has no `VALUES`.
    pub query: Option<Span>,
    /// `ON CONFLICT …`.
    pub on_conflict: Option<Span>,
    /// The assignments of an `UPDATE`.
    pub assignments: Vec<Assignment>,
    /// `FROM …` of an `UPDATE`, `USING …` of a `DELETE`.
    pub from: Option<Span>,
    /// `WHERE …`.
    pub filter: Option<Span>,
    /// The expression after `WHERE`.
    pub predicate: Option<Span>,
    /// `RETURNING …`.
    pub returning: Option<Span>,
}

/// `column = value`, or `(columns) = (values)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment {
    /// All of it, without the comma.
    pub span: Span,
    /// What is assigned to.
    pub target: Span,
    /// What is assigned.
    pub value: Span,
}

/// Reads what follows the table.
pub(super) fn read(verb: Verb, mut cursor: Cursor<'_>) -> Rows {
    let mut rows = Rows::default();
    if verb == Verb::Insert {
        insert(&mut cursor, &mut rows);
    }
    while !cursor.is_done() {
        let start = cursor.offset();
        if cursor.eat("set") {
            cursor.skip_until(at_clause);
            rows.assignments = assignments(cursor, cursor.since(start + "set".len()));
        } else if cursor.at_any(&["from", "using"]) {
            cursor.bump();
            cursor.skip_until(at_clause);
            rows.from = Some(cursor.since(start));
        } else if cursor.eat("where") {
            let expression = cursor.offset();
            cursor.skip_until(at_clause);
            rows.filter = Some(cursor.since(start));
            rows.predicate = Some(cursor.since(expression)).filter(|span| !span.is_empty());
        } else if cursor.at_words(&["on", "conflict"]) {
            cursor.skip_until(|at| at.at_word("returning"));
            rows.on_conflict = Some(cursor.since(start));
        } else if cursor.at_word("returning") {
            cursor.skip_until(|_| false);
            rows.returning = Some(cursor.since(start));
        } else {
            cursor.bump_group();
        }
    }
    rows
}

fn insert(cursor: &mut Cursor<'_>, rows: &mut Rows) {
    if cursor.eat("as") {
        cursor.name();
    }
    let query = cursor.nth(1).is_some_and(|token| {
        ["select", "values", "with", "table"].iter().any(|word| token.is_word(cursor.sql, word))
            || token.kind == TokenKind::LeftParen
    });
    if cursor.at_kind(TokenKind::LeftParen) && !query {
        rows.columns = list(cursor);
    }
    if cursor.eat("overriding") {
        cursor.eat_any(&["system", "user"]);
        cursor.eat("value");
    }
    let start = cursor.offset();
    let end = |at: &Cursor<'_>| at.at_words(&["on", "conflict"]) || at.at_word("returning");
    if cursor.eat("values") {
        while let Some(row) = cursor.parens() {
            rows.rows.push(row);
            if !cursor.eat_kind(TokenKind::Comma) {
                break;
            }
        }
    } else if !cursor.at_words(&["default", "values"]) {
        cursor.skip_until(end);
        rows.query = Some(cursor.since(start)).filter(|span| !span.is_empty());
    }
    cursor.skip_until(end);
}

/// What ends an expression outside parentheses. `IS DISTINCT FROM` holds one of these words.
fn at_clause(at: &Cursor<'_>) -> bool {
    at.at_any(&["where", "returning", "using"]) || (at.at_word("from") && !at.follows("distinct"))
}

fn assignments(cursor: Cursor<'_>, span: Span) -> Vec<Assignment> {
    let list = cursor.rewound().within(span);
    let assignment = |item: Span| {
        let mut at = list.within(item);
        at.skip_until(|at| at.peek().is_some_and(|token| token.text(at.sql) == "="));
        let target = at.since(item.start);
        at.bump();
        Some(Assignment { span: item, target, value: at.rest()? })
    };
    items(list).into_iter().filter_map(assignment).collect()
}
