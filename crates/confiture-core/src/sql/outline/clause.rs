//! Columns, their clauses, and constraints.

use super::super::cursor::Cursor;
use super::super::lex::TokenKind;
use super::super::{ObjectName, Span};
use super::{inner, list};

/// The definition of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: ObjectName,
    /// All of it.
    pub span: Span,
    /// Its type; `None` where none is written (partitions, typed tables, `CREATE TABLE … AS`).
    pub data_type: Option<Span>,
    /// What follows the type, in order.
    pub clauses: Vec<Clause>,
}

impl Column {
    /// The first clause of a kind.
    pub fn clause(&self, kind: ClauseKind) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.kind == kind)
    }
}

/// One clause of a column or domain, or one constraint of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// What it is.
    pub kind: ClauseKind,
    /// All of it, from `CONSTRAINT` to its last attribute.
    pub span: Span,
    /// The name after `CONSTRAINT`.
    pub name: Option<ObjectName>,
    /// Every item of the column list of a primary key, unique or foreign key constraint, every element of
    /// an exclusion constraint.
    pub columns: Vec<Span>,
    /// The expression of `DEFAULT`, `CHECK` and `GENERATED … AS`, without parentheses that belong to the
    /// clause; the collation, the storage or the compression method; the options of an identity.
    pub expression: Option<Span>,
    /// What a foreign key refers to.
    pub references: Option<References>,
    /// What follows, in order.
    pub attributes: Vec<Attribute>,
}

impl Clause {
    /// The first attribute of a kind.
    pub fn attribute(&self, kind: AttributeKind) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.kind == kind)
    }
}

/// What a clause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClauseKind {
    /// `NOT NULL`; since 18 also a constraint of a table, with its column in `columns`.
    NotNull,
    /// `NULL`.
    Null,
    /// `DEFAULT expression`.
    Default,
    /// `PRIMARY KEY`, of a column or a table.
    PrimaryKey,
    /// `UNIQUE`, of a column or a table.
    Unique,
    /// `REFERENCES` of a column, `FOREIGN KEY` of a table.
    ForeignKey,
    /// `CHECK`.
    Check,
    /// `EXCLUDE`.
    Exclude,
    /// `GENERATED ALWAYS AS (…) STORED` or `VIRTUAL`.
    Generated,
    /// `GENERATED … AS IDENTITY`.
    Identity,
    /// `COLLATE`.
    Collate,
    /// `STORAGE`.
    Storage,
    /// `COMPRESSION`.
    Compression,
    /// Something else.
    Other,
}

/// What a foreign key refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct References {
    /// The table.
    pub table: ObjectName,
    /// Its columns; empty when the primary key is meant.
    pub columns: Vec<Span>,
    /// From `REFERENCES` to the end of the column list.
    pub span: Span,
}

/// Something that follows a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// What it is.
    pub kind: AttributeKind,
    /// All of it.
    pub span: Span,
    /// What follows its keywords: the action, the match type, the list, the predicate without parentheses.
    pub value: Option<Span>,
}

/// What an attribute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttributeKind {
    /// `ON DELETE action`.
    OnDelete,
    /// `ON UPDATE action`.
    OnUpdate,
    /// `MATCH FULL | PARTIAL | SIMPLE`.
    Match,
    /// `DEFERRABLE`.
    Deferrable,
    /// `NOT DEFERRABLE`.
    NotDeferrable,
    /// `INITIALLY DEFERRED` or `IMMEDIATE`.
    Initially,
    /// `NOT VALID`.
    NotValid,
    /// `NO INHERIT`.
    NoInherit,
    /// `ENFORCED` (since 18).
    Enforced,
    /// `NOT ENFORCED` (since 18).
    NotEnforced,
    /// `NULLS NOT DISTINCT` (since 15).
    NullsNotDistinct,
    /// `NULLS DISTINCT` (since 15).
    NullsDistinct,
    /// `INCLUDE (…)`.
    Include,
    /// `WITH (…)`.
    With,
    /// `USING INDEX TABLESPACE …`.
    IndexTablespace,
    /// `USING INDEX …`, of `ALTER TABLE … ADD CONSTRAINT`.
    UsingIndex,
    /// `USING method`, of an exclusion constraint.
    Method,
    /// `WHERE (…)`, of an exclusion constraint.
    Where,
    /// `STORED` or `VIRTUAL`, of a generated column.
    Stored,
}

/// Reads the column definition that takes the rest of `cursor`.
pub(super) fn column(mut cursor: Cursor<'_>) -> Option<Column> {
    let start = cursor.offset();
    let mut name = cursor.name()?;
    // A column is never qualified; a type that follows a dot is no column.
    if name.parts.len() > 1 {
        return None;
    }
    name.parts.truncate(1);
    cursor.eat_words(&["with", "options"]);
    let data_type = data_type(&mut cursor);
    let clauses = clauses(&mut cursor);
    Some(Column { name, span: cursor.since(start), data_type, clauses })
}

/// A type, up to the first word that starts a clause.
pub(super) fn data_type(cursor: &mut Cursor<'_>) -> Option<Span> {
    let start = cursor.offset();
    cursor.skip_until(|at| at_clause(at) || at.at_any(BEHAVIOUR));
    Some(cursor.since(start)).filter(|span| !span.is_empty())
}

/// What may end the definition of an attribute of a type.
const BEHAVIOUR: &[&str] = &["cascade", "restrict"];

/// Clauses up to the end of `cursor`.
pub(super) fn clauses(cursor: &mut Cursor<'_>) -> Vec<Clause> {
    let mut clauses = Vec::new();
    while !cursor.is_done() && !cursor.at_any(BEHAVIOUR) {
        clauses.push(clause(cursor));
    }
    clauses
}

/// Whether one of the words that start a clause of a column is next.
fn at_clause(at: &Cursor<'_>) -> bool {
    const WORDS: &[&str] = &[
        "constraint",
        "null",
        "unique",
        "primary",
        "check",
        "references",
        "collate",
        "generated",
        "default",
        "deferrable",
        "initially",
        "storage",
        "compression",
        "options",
        "using",
        "exclude",
        "foreign",
    ];
    at.at_any(WORDS) || (at.at_word("not") && NOT.iter().any(|word| at.nth_is(1, word)))
}

/// What `NOT` starts a clause with.
const NOT: &[&str] = &["null", "deferrable", "valid", "enforced"];

/// Whether the constraint of a table is next, not a column: `EXCLUDE` is the only word that may be both.
pub(super) fn at_constraint(at: &Cursor<'_>) -> bool {
    at.at_any(&["constraint", "primary", "unique", "check", "foreign"])
        || at.at_words(&["not", "null"])
        || (at.at_word("exclude")
            && (at.nth_is(1, "using") || at.nth(1).is_some_and(|token| token.kind == TokenKind::LeftParen)))
}

/// Reads one clause; always goes on by at least one token unless there is none.
pub(super) fn clause(cursor: &mut Cursor<'_>) -> Clause {
    let start = cursor.offset();
    let mut clause = Clause {
        kind: ClauseKind::Other,
        span: Span::empty(start),
        name: None,
        columns: Vec::new(),
        expression: None,
        references: None,
        attributes: Vec::new(),
    };
    if cursor.eat("constraint") {
        clause.name = cursor.name();
    }
    clause.kind = body(cursor, &mut clause);
    if clause.kind == ClauseKind::Other {
        cursor.bump_group();
        cursor.skip_until(at_clause);
    }
    while let Some(attribute) = attribute(cursor) {
        clause.attributes.push(attribute);
    }
    clause.span = cursor.since(start);
    clause
}

fn body(cursor: &mut Cursor<'_>, clause: &mut Clause) -> ClauseKind {
    if cursor.eat_words(&["not", "null"]) {
        let column = cursor.peek().filter(|token| token.kind.is_name() && !at_clause(cursor));
        if column.is_some() && !at_attribute(cursor) {
            clause.columns.extend(column.map(|token| token.span));
            cursor.bump();
        }
        ClauseKind::NotNull
    } else if cursor.eat("null") {
        ClauseKind::Null
    } else if cursor.eat("default") {
        clause.expression = expression(cursor);
        ClauseKind::Default
    } else if cursor.eat_words(&["primary", "key"]) {
        clause.columns = list(cursor);
        ClauseKind::PrimaryKey
    } else if cursor.eat("unique") {
        nulls_distinct(cursor, clause);
        clause.columns = list(cursor);
        ClauseKind::Unique
    } else if cursor.eat_words(&["foreign", "key"]) {
        clause.columns = list(cursor);
        clause.references = references(cursor);
        ClauseKind::ForeignKey
    } else if cursor.at_word("references") {
        clause.references = references(cursor);
        ClauseKind::ForeignKey
    } else if cursor.eat("check") {
        clause.expression = cursor.parens().map(|group| inner(cursor.sql, group));
        ClauseKind::Check
    } else if cursor.eat("exclude") {
        let start = cursor.offset();
        if cursor.eat("using") {
            let value = cursor.name().map(|name| name.span);
            let span = cursor.since(start);
            clause.attributes.push(Attribute { kind: AttributeKind::Method, span, value });
        }
        clause.columns = list(cursor);
        ClauseKind::Exclude
    } else if cursor.eat("generated") {
        generated(cursor, clause)
    } else if cursor.eat("collate") {
        clause.expression = cursor.name().map(|name| name.span);
        ClauseKind::Collate
    } else if cursor.eat("storage") {
        clause.expression = cursor.bump().map(|token| token.span);
        ClauseKind::Storage
    } else if cursor.eat("compression") {
        clause.expression = cursor.bump().map(|token| token.span);
        ClauseKind::Compression
    } else {
        ClauseKind::Other
    }
}

fn nulls_distinct(cursor: &mut Cursor<'_>, clause: &mut Clause) {
    let start = cursor.offset();
    let kind = if cursor.eat_words(&["nulls", "not", "distinct"]) {
        AttributeKind::NullsNotDistinct
    } else if cursor.eat_words(&["nulls", "distinct"]) {
        AttributeKind::NullsDistinct
    } else {
        return;
    };
    clause.attributes.push(Attribute { kind, span: cursor.since(start), value: None });
}

fn references(cursor: &mut Cursor<'_>) -> Option<References> {
    let start = cursor.offset();
    if !cursor.eat("references") {
        return None;
    }
    let table = cursor.name()?;
    let columns = list(cursor);
    Some(References { table, columns, span: cursor.since(start) })
}

fn generated(cursor: &mut Cursor<'_>, clause: &mut Clause) -> ClauseKind {
    if !cursor.eat("always") {
        cursor.eat_words(&["by", "default"]);
    }
    cursor.eat("as");
    if cursor.eat("identity") {
        clause.expression = cursor.parens().map(|group| inner(cursor.sql, group));
        return ClauseKind::Identity;
    }
    clause.expression = cursor.parens().map(|group| inner(cursor.sql, group));
    let start = cursor.offset();
    if cursor.eat_any(&["stored", "virtual"]) {
        let span = cursor.since(start);
        clause.attributes.push(Attribute { kind: AttributeKind::Stored, span, value: None });
    }
    ClauseKind::Generated
}

/// The expression of a `DEFAULT`: at least one token, then up to the word that starts the next clause.
fn expression(cursor: &mut Cursor<'_>) -> Option<Span> {
    let start = cursor.offset();
    let mut cases = 0_usize;
    while let Some(token) = cursor.peek() {
        // After a dot, `AS` or `::` any word is a name; between CASE and END any word is an expression.
        if token.span.start > start && cases == 0 && at_clause(cursor) {
            break;
        }
        if token.is_word(cursor.sql, "case") {
            cases += 1;
        } else if token.is_word(cursor.sql, "end") {
            cases = cases.saturating_sub(1);
        }
        cursor.bump_group();
        if matches!(token.kind, TokenKind::Dot | TokenKind::DoubleColon) {
            cursor.bump();
        }
    }
    Some(cursor.since(start)).filter(|span| !span.is_empty())
}

fn at_attribute(at: &Cursor<'_>) -> bool {
    let mut ahead = *at;
    attribute(&mut ahead).is_some()
}

fn attribute(cursor: &mut Cursor<'_>) -> Option<Attribute> {
    const FIXED: &[(&[&str], AttributeKind)] = &[
        (&["deferrable"], AttributeKind::Deferrable),
        (&["not", "deferrable"], AttributeKind::NotDeferrable),
        (&["initially", "deferred"], AttributeKind::Initially),
        (&["initially", "immediate"], AttributeKind::Initially),
        (&["not", "valid"], AttributeKind::NotValid),
        (&["no", "inherit"], AttributeKind::NoInherit),
        (&["enforced"], AttributeKind::Enforced),
        (&["not", "enforced"], AttributeKind::NotEnforced),
        (&["match", "full"], AttributeKind::Match),
        (&["match", "partial"], AttributeKind::Match),
        (&["match", "simple"], AttributeKind::Match),
    ];
    let start = cursor.offset();
    for (words, kind) in FIXED {
        if cursor.eat_words(words) {
            let span = cursor.since(start);
            let valued = matches!(kind, AttributeKind::Match | AttributeKind::Initially);
            let last = words.last().map_or(0, |word| word.len());
            let value = valued.then(|| Span::new(span.end - last, span.end));
            return Some(Attribute { kind: *kind, span, value });
        }
    }
    let (kind, value) = if cursor.eat_words(&["on", "delete"]) {
        (AttributeKind::OnDelete, action(cursor))
    } else if cursor.eat_words(&["on", "update"]) {
        (AttributeKind::OnUpdate, action(cursor))
    } else if cursor.at_word("include") && next_is_paren(cursor) {
        cursor.bump();
        (AttributeKind::Include, group(cursor))
    } else if cursor.at_word("with") && next_is_paren(cursor) {
        cursor.bump();
        (AttributeKind::With, group(cursor))
    } else if cursor.eat_words(&["using", "index", "tablespace"]) {
        (AttributeKind::IndexTablespace, cursor.name().map(|name| name.span))
    } else if cursor.eat_words(&["using", "index"]) {
        (AttributeKind::UsingIndex, cursor.name().map(|name| name.span))
    } else if cursor.at_word("where") && next_is_paren(cursor) {
        cursor.bump();
        (AttributeKind::Where, group(cursor))
    } else {
        return None;
    };
    Some(Attribute { kind, span: cursor.since(start), value })
}

fn next_is_paren(cursor: &Cursor<'_>) -> bool {
    cursor.nth(1).is_some_and(|token| token.kind == TokenKind::LeftParen)
}

fn group(cursor: &mut Cursor<'_>) -> Option<Span> {
    cursor.parens().map(|group| inner(cursor.sql, group))
}

/// What a foreign key does: `CASCADE`, `SET NULL (a, b)`, ….
fn action(cursor: &mut Cursor<'_>) -> Option<Span> {
    let start = cursor.offset();
    if cursor.eat_words(&["no", "action"]) || cursor.eat_any(&["cascade", "restrict"]) {
        return Some(cursor.since(start));
    }
    if cursor.eat_words(&["set", "null"]) || cursor.eat_words(&["set", "default"]) {
        // A column list is possible since 15.
        cursor.parens();
        return Some(cursor.since(start));
    }
    None
}
