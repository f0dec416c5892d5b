//! Which column gets which value, in `UPDATE`, `INSERT` and `MERGE`.

use confiture_core::sql::{Span, Token, TokenKind};

use super::query::{Clause, ClauseKind, Piece, Query, closing, items, span_of};

/// `column = value`, or `(columns) = (values)`.
#[derive(Debug)]
pub(super) struct Assigned<'p> {
    pub(super) span: Span,
    pub(super) target: &'p [Token],
    pub(super) value: &'p [Token],
}

impl Assigned<'_> {
    /// The column, when it is one: neither an element nor a field of one, nor a list.
    pub(super) fn column(&self, sql: &str) -> Option<String> {
        match self.target {
            [only] => Some(name_of(sql, *only)),
            _ => None,
        }
    }
}

/// The name that an identifier stands for.
pub(super) fn name_of(sql: &str, token: Token) -> String {
    let text = token.text(sql);
    match token.kind {
        TokenKind::QuotedIdent => text.trim_matches('"').replace("\"\"", "\""),
        _ => text.to_ascii_lowercase(),
    }
}

/// The assignments of a `SET` clause.
pub(super) fn assigned<'p>(piece: &'p Piece<'_>, set: &Clause) -> Vec<Assigned<'p>> {
    let sql = piece.sql();
    let one = |item: &'p [Token]| {
        let sign = item.iter().position(|token| token.text(sql) == "=")?;
        let (target, value) = (item.get(..sign)?, item.get(sign + 1..)?);
        (!target.is_empty() && !value.is_empty()).then(|| Assigned { span: span_of(item), target, value })
    };
    items(sql, piece.body(set)).into_iter().filter_map(one).collect()
}

/// An `INSERT` that names its columns.
#[derive(Debug)]
pub(super) struct Inserted {
    pub(super) columns: Vec<Span>,
    /// Per row, or per `SELECT`: one value a column.
    pub(super) rows: Vec<Vec<Span>>,
}

/// Every `INSERT` of a query, that of a `MERGE` too, whose values can be told apart.
pub(super) fn inserted(piece: &Piece<'_>, query: &Query) -> Vec<Inserted> {
    let mut found = Vec::new();
    for (at, clause) in query.clauses.iter().enumerate() {
        if clause.kind == ClauseKind::Insert
            && let Some(columns) = columns(piece, clause)
            && let Some(rows) = rows(piece, &query.clauses[at + 1..])
            && !rows.is_empty()
            && rows.iter().all(|row| row.len() == columns.len())
        {
            found.push(Inserted { columns, rows });
        }
    }
    found
}

/// The columns that an `INSERT INTO table (…)` names.
pub(super) fn columns(piece: &Piece<'_>, insert: &Clause) -> Option<Vec<Span>> {
    let body = piece.body(insert);
    let open = body.iter().position(|token| token.kind == TokenKind::LeftParen)?;
    let list = body.get(open + 1..closing(body, open))?;
    let items = items(piece.sql(), list);
    items
        .iter()
        .all(|item| item.len() == 1 && item[0].kind.is_name())
        .then(|| items.iter().map(|i| span_of(i)).collect())
}

/// The rows after `VALUES`, or the list of every `SELECT`, up to the next action of a `MERGE`.
fn rows(piece: &Piece<'_>, clauses: &[Clause]) -> Option<Vec<Vec<Span>>> {
    let sql = piece.sql();
    let mut rows = Vec::new();
    for clause in clauses.iter().take_while(|clause| clause.kind != ClauseKind::When) {
        let body = piece.body(clause);
        match clause.kind {
            ClauseKind::Values => {
                for row in items(sql, body) {
                    let inside = row.get(1..row.len() - 1)?;
                    rows.push(items(sql, inside).into_iter().map(span_of).collect());
                }
            }
            ClauseKind::Select => {
                let list = items(sql, body);
                let star = |item: &&[Token]| item.last().is_some_and(|token| token.text(sql) == "*");
                if list.iter().any(star) {
                    return None;
                }
                rows.push(list.into_iter().map(span_of).collect());
            }
            // What sorts and groups may count columns.
            ClauseKind::GroupBy | ClauseKind::OrderBy
                if items(sql, body).iter().any(|item| item[0].kind == TokenKind::Number) =>
            {
                return None;
            }
            _ => {}
        }
    }
    Some(rows)
}
