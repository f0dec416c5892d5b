//! `CREATE TABLE`.

use super::super::cursor::Cursor;
use super::super::lex::TokenKind;
use super::super::{ObjectName, Span};
use super::clause::{Clause, Column, at_constraint, clause, column};
use super::{inside, items};

/// What a `CREATE TABLE` or `CREATE FOREIGN TABLE` defines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Table {
    /// The list of columns and constraints, with its parentheses.
    pub list: Option<Span>,
    /// Every item of the list, in order.
    pub items: Vec<Item>,
    /// The table after `PARTITION OF`.
    pub partition_of: Option<ObjectName>,
    /// What follows the list, in order.
    pub options: Vec<TableOption>,
}

impl Table {
    /// Its columns, in order.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Column(column) => Some(column),
            _ => None,
        })
    }

    /// Its constraints that are items of their own, in order.
    pub fn constraints(&self) -> impl Iterator<Item = &Clause> {
        self.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Constraint(constraint) => Some(constraint),
            _ => None,
        })
    }

    /// The spans of all items, as [`Edit::remove_item`](crate::sql::Edit::remove_item) takes them.
    pub fn item_spans(&self) -> Vec<Span> {
        self.items.iter().map(|item| item.span).collect()
    }

    /// The first option of a kind.
    pub fn option(&self, kind: TableOptionKind) -> Option<&TableOption> {
        self.options.iter().find(|option| option.kind == kind)
    }
}

/// One item of the list of a `CREATE TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// All of it, without the comma.
    pub span: Span,
    /// What it is.
    pub kind: ItemKind,
}

/// What an item of a `CREATE TABLE` is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemKind {
    /// A column.
    Column(Column),
    /// A constraint.
    Constraint(Clause),
    /// `LIKE table …`.
    Like(ObjectName),
    /// Something else.
    Other,
}

/// Something that follows the list of a `CREATE TABLE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableOption {
    /// What it is.
    pub kind: TableOptionKind,
    /// All of it.
    pub span: Span,
}

/// What an option of a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TableOptionKind {
    /// `INHERITS (…)`.
    Inherits,
    /// `PARTITION BY …`.
    PartitionBy,
    /// `FOR VALUES …` or `DEFAULT`, of a partition.
    Bound,
    /// `USING method`.
    Using,
    /// `WITH (…)`.
    With,
    /// `ON COMMIT …`.
    OnCommit,
    /// `TABLESPACE …`.
    Tablespace,
    /// `SERVER …`, of a foreign table.
    Server,
    /// `OPTIONS (…)`, of a foreign table.
    Options,
    /// `AS query`.
    As,
}

const OPTIONS: &[(&[&str], TableOptionKind)] = &[
    (&["inherits"], TableOptionKind::Inherits),
    (&["partition", "by"], TableOptionKind::PartitionBy),
    (&["for", "values"], TableOptionKind::Bound),
    (&["default"], TableOptionKind::Bound),
    (&["using"], TableOptionKind::Using),
    (&["with"], TableOptionKind::With),
    (&["on", "commit"], TableOptionKind::OnCommit),
    (&["tablespace"], TableOptionKind::Tablespace),
    (&["server"], TableOptionKind::Server),
    (&["options"], TableOptionKind::Options),
    (&["as"], TableOptionKind::As),
];

/// Reads what follows the name.
pub(super) fn read(mut cursor: Cursor<'_>) -> Table {
    let mut table = Table::default();
    if cursor.eat_words(&["partition", "of"]) {
        table.partition_of = cursor.name();
    } else if cursor.eat("of") {
        cursor.name();
    }
    if let Some(list) = cursor.parens() {
        table.list = Some(list);
        let inside = inside(cursor, list);
        table.items = items(inside).into_iter().map(|span| item(inside.within(span), span)).collect();
    }
    while !cursor.is_done() {
        let start = cursor.offset();
        let Some((_, kind)) = OPTIONS.iter().find(|(words, _)| cursor.eat_words(words)) else {
            cursor.bump_group();
            continue;
        };
        // A query holds all of these words; a bound holds WITH and FROM, an access method anything.
        match kind {
            TableOptionKind::As => cursor.skip_until(|_| false),
            TableOptionKind::Bound if cursor.eat("with") => {
                cursor.parens();
            }
            _ => cursor.skip_until(|at| OPTIONS.iter().any(|(words, _)| at.at_words(words))),
        }
        table.options.push(TableOption { kind: *kind, span: cursor.since(start) });
    }
    table
}

fn item(mut cursor: Cursor<'_>, span: Span) -> Item {
    let kind = if at_constraint(&cursor) {
        let mut constraint = clause(&mut cursor);
        constraint.span = span;
        ItemKind::Constraint(constraint)
    } else if cursor.at_word("like") {
        cursor.bump();
        cursor.name().map_or(ItemKind::Other, ItemKind::Like)
    } else if cursor.peek().is_some_and(|token| token.kind != TokenKind::LeftParen) {
        column(cursor).map_or(ItemKind::Other, ItemKind::Column)
    } else {
        ItemKind::Other
    };
    Item { span, kind }
}
