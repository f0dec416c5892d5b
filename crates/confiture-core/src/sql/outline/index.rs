//! `CREATE INDEX`.

use super::super::Span;
use super::super::cursor::Cursor;
use super::{inside, items};

/// What a `CREATE INDEX` defines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Index {
    /// The method after `USING`.
    pub method: Option<Span>,
    /// The list of columns, with its parentheses.
    pub list: Option<Span>,
    /// Every column or expression of the list, with its collation, operator class and order.
    pub columns: Vec<Span>,
    /// `INCLUDE (…)`.
    pub include: Option<Span>,
    /// `NULLS NOT DISTINCT` or `NULLS DISTINCT` (since 15).
    pub nulls: Option<Span>,
    /// `WITH (…)`.
    pub with: Option<Span>,
    /// `TABLESPACE …`.
    pub tablespace: Option<Span>,
    /// `WHERE …`.
    pub filter: Option<Span>,
    /// The expression after `WHERE`.
    pub predicate: Option<Span>,
}

/// Reads what follows the table.
pub(super) fn read(mut cursor: Cursor<'_>) -> Index {
    let mut index = Index::default();
    if cursor.eat("using") {
        index.method = cursor.name().map(|name| name.span);
    }
    if let Some(list) = cursor.parens() {
        index.list = Some(list);
        index.columns = items(inside(cursor, list));
    }
    while !cursor.is_done() {
        let start = cursor.offset();
        if cursor.eat("include") {
            cursor.parens();
            index.include = Some(cursor.since(start));
        } else if cursor.eat_words(&["nulls", "not", "distinct"]) || cursor.eat_words(&["nulls", "distinct"])
        {
            index.nulls = Some(cursor.since(start));
        } else if cursor.eat("with") {
            cursor.parens();
            index.with = Some(cursor.since(start));
        } else if cursor.eat("tablespace") {
            cursor.bump();
            index.tablespace = Some(cursor.since(start));
        } else if cursor.eat("where") {
            index.predicate = cursor.rest();
            cursor.skip_until(|_| false);
            index.filter = Some(cursor.since(start));
        } else {
            cursor.bump_group();
        }
    }
    index
}
