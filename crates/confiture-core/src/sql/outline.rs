//! The shape of a statement from its tokens: which objects, which clauses, and the bytes of each.

mod alter;
mod clause;
mod define;
mod index;
mod rows;
mod table;

pub use alter::{Action, ActionKind};
pub use clause::{Attribute, AttributeKind, Clause, ClauseKind, Column, References};
pub use define::{Definition, Part, PartKind};
pub use index::Index;
pub use rows::{Assignment, Rows};
pub use table::{Item, ItemKind, Table, TableOption, TableOptionKind};

use super::cursor::Cursor;
use super::head::{Head, Names};
use super::lex::{TokenKind, significant};
use super::{Modifier, ObjectKind, ObjectName, Span, Verb};

/// A statement taken apart as far as its tokens tell.
///
/// Every span counts from the start of the text given to [`outline`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outline {
    /// What it does.
    pub verb: Verb,
    /// To which kind of object.
    pub object: Option<ObjectKind>,
    /// Words of the head that can be taken away, in the order they are written.
    pub modifiers: Vec<(Modifier, Span)>,
    /// The objects it creates, alters, drops or touches, as it names them. Those of `GRANT … ON ALL TABLES
    /// IN SCHEMA` are schemas.
    pub names: Vec<ObjectName>,
    /// The table an index, trigger, rule, policy or constraint hangs on.
    pub on: Option<ObjectName>,
    /// What is known of the rest.
    pub body: Body,
}

/// What follows the head of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// Nothing this module reads.
    Other,
    /// `CREATE TABLE`, `CREATE FOREIGN TABLE`.
    Table(Table),
    /// The actions of an `ALTER` of a table, view, index, sequence, type, domain, ….
    Actions(Vec<Action>),
    /// `CREATE INDEX`.
    Index(Index),
    /// `CREATE DOMAIN`, `TYPE`, `VIEW`, `TRIGGER`, `POLICY`, `SEQUENCE`, `FUNCTION` and `PROCEDURE`.
    Definition(Definition),
    /// `INSERT`, `UPDATE`, `DELETE`.
    Rows(Rows),
}

impl Outline {
    /// The first object it names.
    pub fn name(&self) -> Option<&ObjectName> {
        self.names.first()
    }

    /// Where `modifier` is written.
    pub fn modifier(&self, modifier: Modifier) -> Option<Span> {
        self.modifiers.iter().find(|(found, _)| *found == modifier).map(|(_, span)| *span)
    }

    /// The actions of an `ALTER`.
    pub fn actions(&self) -> &[Action] {
        match &self.body {
            Body::Actions(actions) => actions,
            _ => &[],
        }
    }

    /// What a `CREATE TABLE` defines.
    pub fn table(&self) -> Option<&Table> {
        match &self.body {
            Body::Table(table) => Some(table),
            _ => None,
        }
    }

    /// What a `CREATE INDEX` defines.
    pub fn index(&self) -> Option<&Index> {
        match &self.body {
            Body::Index(index) => Some(index),
            _ => None,
        }
    }
}

/// Takes one statement apart.
///
/// Never fails: what is not understood is missing from the outline. Text the server would refuse may have
/// one all the same.
///
/// # Example
/// ```
/// use confiture_core::sql::{outline, ClauseKind};
///
/// let sql = "CREATE TABLE shop.item (id int PRIMARY KEY, price numeric NOT NULL DEFAULT 0)";
/// let outline = outline(sql);
/// assert_eq!(outline.names[0].parts, ["shop", "item"]);
/// let price = outline.table().unwrap().columns().nth(1).unwrap();
/// let default = price.clause(ClauseKind::Default).unwrap();
/// assert_eq!(default.span.text(sql), "DEFAULT 0");
/// ```
pub fn outline(sql: &str) -> Outline {
    let tokens = significant(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    let head = Head::read(&mut cursor);
    let found = Names::read(&head, &mut cursor);
    let body = match (head.verb, head.object) {
        (Verb::Create, Some(ObjectKind::Table | ObjectKind::ForeignTable)) => {
            Body::Table(table::read(cursor))
        }
        (Verb::Create, Some(ObjectKind::Index)) => Body::Index(index::read(cursor)),
        (Verb::Create, Some(object)) => define::read(object, cursor).map_or(Body::Other, Body::Definition),
        (Verb::Alter, Some(_)) if !found.names.is_empty() => Body::Actions(alter::read(cursor)),
        (Verb::Insert | Verb::Update | Verb::Delete, _) => Body::Rows(rows::read(head.verb, cursor)),
        _ => Body::Other,
    };
    Outline {
        verb: head.verb,
        object: head.object,
        modifiers: head.modifiers,
        names: found.names,
        on: found.on,
        body,
    }
}

/// The items of a comma list, each from its first token to its last; empty ones are left out.
fn items(mut cursor: Cursor<'_>) -> Vec<Span> {
    let mut items = Vec::new();
    while !cursor.is_done() {
        let start = cursor.offset();
        cursor.skip_until(|at| at.at_kind(TokenKind::Comma));
        let item = cursor.since(start);
        if !item.is_empty() {
            items.push(item);
        }
        cursor.bump();
    }
    items
}

/// The cursor over what stands inside the parentheses of `group`.
fn inside<'a>(cursor: Cursor<'a>, group: Span) -> Cursor<'a> {
    cursor.rewound().within(Span::new(group.start + 1, inner(cursor.sql, group).end))
}

/// `group` without its parentheses, the closing one of which may be missing.
fn inner(sql: &str, group: Span) -> Span {
    let closed = group.len() > 1 && group.text(sql).ends_with(')');
    Span::new(group.start + 1, group.end - usize::from(closed))
}

/// The items of the parenthesised list here, if there is one.
fn list(cursor: &mut Cursor<'_>) -> Vec<Span> {
    match cursor.parens() {
        Some(group) => items(inside(*cursor, group)),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
