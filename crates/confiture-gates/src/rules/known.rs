//! What is known of an object before a statement: the catalog, where there is one, and what the statements
//! before it did.

mod index;
mod types;

pub(super) use index::{Indexed, column_name, indexes};
pub(super) use types::{TypeName, type_name};

use super::prelude::*;
use confiture_core::catalog::{Catalog, Detail, Kind, ObjectId, Publication, Table};
use confiture_core::sql::{Body, Span, TableOptionKind};

/// A column as it is when a statement runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Its type as it is written, or as the catalog prints it.
    pub(super) data_type: String,
    /// Whether it refuses NULL.
    pub(super) not_null: bool,
    /// Whether something fills it when nothing is given.
    pub(super) filled: bool,
    /// Whether it refuses NULL, and old rows were not checked.
    pub(super) unchecked: bool,
    /// Whether the migration itself adds it.
    pub(super) here: bool,
}

/// The one of `objects` that `name` means; a name without a schema is looked for in `public` first.
pub(super) fn named<'a, T>(
    objects: impl Iterator<Item = (&'a ObjectId, T)>,
    name: &ObjectName,
) -> Option<(&'a ObjectId, T)> {
    let mut found = None;
    for (id, object) in objects.filter(|(id, _)| id.name() == name.name()) {
        match name.schema() {
            Some(schema) if id.schema() == Some(schema) => return Some((id, object)),
            Some(_) => {}
            None if id.schema() == Some("public") => return Some((id, object)),
            None => found = found.or(Some((id, object))),
        }
    }
    found
}

/// The object of that kind in the catalog.
pub(super) fn find<'c>(catalog: &'c Catalog, kind: Kind, name: &ObjectName) -> Option<&'c ObjectId> {
    named(catalog.of_kind(kind), name).map(|(id, _)| id)
}

/// The table that `statement` calls `name` in the catalog before the migration; `None` without a catalog, and when
/// the table is new.
pub(super) fn table<'c>(
    cx: &RuleContext<'c>,
    statement: &RuleStatement<'_>,
    name: &ObjectName,
) -> Option<(&'c Catalog, &'c ObjectId, &'c Table)> {
    let catalog = cx.before?;
    let (id, table) = named(catalog.tables(), &cx.original(statement, ObjectKind::Table, name)?)?;
    Some((catalog, id, table))
}

/// Whether a statement is about the table.
pub(super) fn is_about(statement: &RuleStatement<'_>, verb: Verb, table: &ObjectName) -> bool {
    statement.does(verb, ObjectKind::Table)
        && statement.outline().name().is_some_and(|name| RuleContext::same_name(name, table))
}

/// What leads to the state before `statement`, oldest first: after the catalog, or after nothing.
pub(super) fn steps<'a>(
    cx: &RuleContext<'a>,
    statement: &RuleStatement<'_>,
) -> impl DoubleEndedIterator<Item = &'a RuleStatement<'a>> {
    let history = if cx.before.is_some() { Default::default() } else { cx.history };
    history.iter().flatten().chain(cx.before_it(statement))
}

/// The statement that made what has this name now.
pub(super) fn made<'a>(
    cx: &RuleContext<'a>,
    statement: &RuleStatement<'_>,
    kind: ObjectKind,
    name: &ObjectName,
) -> Option<&'a RuleStatement<'a>> {
    let named = |past: &&RuleStatement<'_>| {
        let outline = past.outline();
        outline.object == Some(kind)
            && matches!(outline.verb, Verb::Create | Verb::Drop)
            && outline.names.iter().any(|other| RuleContext::same_name(other, name))
    };
    cx.past(statement).find(named).filter(|past| past.outline().verb == Verb::Create)
}

/// Whether a table is partitioned; `None` where nothing tells.
pub(super) fn partitioned(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    name: &ObjectName,
) -> Option<bool> {
    if let Some((_, _, table)) = table(cx, statement, name) {
        return Some(table.partition_by.is_some());
    }
    let same = |other: &ObjectName| RuleContext::same_name(other, name);
    cx.past(statement).find_map(|past| {
        let outline = past.outline();
        match &outline.body {
            Body::Table(table) if table.partition_of.as_ref().is_some_and(same) => Some(true),
            Body::Table(table) if outline.name().is_some_and(same) => {
                Some(table.option(TableOptionKind::PartitionBy).is_some())
            }
            Body::Actions(actions) if outline.name().is_some_and(same) => {
                actions.iter().any(|action| action.kind == ActionKind::AttachPartition).then_some(true)
            }
            _ => None,
        }
    })
}

/// The column when `statement` runs; `None` where nothing tells.
pub(super) fn column(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    name: &ObjectName,
    column: &str,
) -> Option<Known> {
    let past: Vec<&RuleStatement<'_>> = steps(cx, statement).collect();
    let names = names(&past, name, column);
    let first = names.first().map_or(column, |(_, column)| column.as_str());
    let catalog = table(cx, statement, name);
    let mut known = catalog.and_then(|(catalog, id, _)| catalog.column(id, first)).map(|column| Known {
        data_type: column.data_type.clone(),
        not_null: column.not_null,
        unchecked: column.not_null_not_valid,
        filled: column.default.is_some() || column.identity.is_some() || column.generated.is_some(),
        here: false,
    });
    let start = cx.statements.first().map(|first| first as *const RuleStatement<'_>);
    let mut here = false;
    for (past, (name, column)) in past.into_iter().zip(&names) {
        here |= start == Some(past as *const RuleStatement<'_>);
        let outline = past.outline();
        if !outline.name().is_some_and(|other| RuleContext::same_name(other, name)) {
            continue;
        }
        let listed = |clause: &Clause| {
            clause.kind == ClauseKind::PrimaryKey
                && clause.columns.iter().any(|span| is_column(past, *span, column))
        };
        if let Body::Table(table) = &outline.body {
            known = table
                .columns()
                .find(|added| added.name.name() == column)
                .map(|added| Known { here, ..defined(past, added) });
            if let Some(known) = known.as_mut().filter(|_| table.constraints().any(listed)) {
                known.not_null = true;
            }
        }
        for action in outline.actions() {
            let own = action.name.as_ref().is_some_and(|name| name.name() == column);
            match (action.kind, known.as_mut()) {
                (ActionKind::AddColumn, _) if own => {
                    known = action.column.as_ref().map(|added| Known { here, ..defined(past, added) });
                }
                (ActionKind::DropColumn, _) if own => known = None,
                (ActionKind::AlterType, Some(known)) if own => {
                    known.data_type = action.value.map_or("", |span| span.text(past.sql())).to_owned();
                }
                (ActionKind::SetNotNull, Some(known)) if own => known.not_null = true,
                (ActionKind::DropNotNull, Some(known)) if own => known.not_null = false,
                (ActionKind::SetDefault | ActionKind::AddIdentity, Some(known)) if own => known.filled = true,
                (ActionKind::DropDefault | ActionKind::DropIdentity, Some(known)) if own => {
                    known.filled = false;
                }
                (ActionKind::AddConstraint, Some(known))
                    if action.constraint.as_ref().is_some_and(listed) =>
                {
                    known.not_null = true;
                }
                _ => {}
            }
        }
    }
    known
}

fn defined(statement: &RuleStatement<'_>, column: &confiture_core::sql::Column) -> Known {
    let data_type = column.data_type.map_or("", |span| span.text(statement.sql())).to_owned();
    let has = |kind| column.clause(kind).is_some();
    let serial = is_serial(&data_type);
    Known {
        not_null: has(ClauseKind::NotNull)
            || has(ClauseKind::PrimaryKey)
            || has(ClauseKind::Identity)
            || serial,
        filled: has(ClauseKind::Default) || has(ClauseKind::Identity) || has(ClauseKind::Generated) || serial,
        data_type,
        here: false,
        unchecked: false,
    }
}

/// What a table and its column are called before each of these statements, when they are called so after the last.
fn names(past: &[&RuleStatement<'_>], table: &ObjectName, column: &str) -> Vec<(ObjectName, String)> {
    let (mut table, mut column) = (table.clone(), column.to_owned());
    let mut names = Vec::with_capacity(past.len());
    for statement in past.iter().rev() {
        let outline = statement.outline();
        if let (Verb::Alter, Some(old)) = (outline.verb, outline.name()) {
            for action in outline.actions() {
                match (action.kind, &action.name, &action.new_name) {
                    (ActionKind::Rename, Some(new), _)
                        if outline.object == Some(ObjectKind::Table) && new.name() == table.name() =>
                    {
                        table = old.clone();
                    }
                    (ActionKind::RenameColumn, Some(from), Some(to))
                        if to.name() == column && RuleContext::same_name(old, &table) =>
                    {
                        column = from.name().to_owned();
                    }
                    _ => {}
                }
            }
        }
        names.push((table.clone(), column.clone()));
    }
    names.reverse();
    names
}

/// A column that the migration adds to a table that was there.
pub(super) struct Added<'a> {
    sql: &'a str,
    column: &'a confiture_core::sql::Column,
}

/// How the migration, before `statement` or in it, adds a column to a table that was there.
pub(super) fn added<'a>(
    cx: &RuleContext<'a>,
    statement: &RuleStatement<'_>,
    table: &ObjectName,
    column: &str,
) -> Option<Added<'a>> {
    let adds = cx.actions(&[ActionKind::AddColumn]).filter(|(at, ..)| at.index <= statement.index);
    let own = adds.filter(|(_, other, _)| RuleContext::same_name(other, table));
    own.filter_map(|(at, _, action)| Some(Added { sql: at.sql(), column: action.column.as_ref()? }))
        .find(|added| added.column.name.name() == column)
}

impl Added<'_> {
    fn has(&self, kind: ClauseKind) -> bool {
        self.column.clause(kind).is_some()
    }

    /// Whether old rows have NULL in it.
    pub(super) fn is_empty(&self) -> bool {
        let serial = self.column.data_type.is_some_and(|span| is_serial(span.text(self.sql)));
        !serial
            && ![ClauseKind::Default, ClauseKind::Identity, ClauseKind::Generated]
                .iter()
                .any(|kind| self.has(*kind))
    }

    /// Whether all old rows have one value in it: its default is a constant.
    pub(super) fn is_constant(&self) -> bool {
        let Some(default) = self.column.clause(ClauseKind::Default).and_then(|clause| clause.expression)
        else {
            return false;
        };
        let text = default.text(self.sql);
        let mut tokens = confiture_core::sql::Tokens::new(text).filter(|token| !token.kind.is_trivia());
        let first = tokens.next().is_some_and(|token| {
            !token.kind.is_name() || token.is_word(text, "true") || token.is_word(text, "false")
        });
        first && !text.contains('(')
    }
}

/// The columns that a constraint wants filled whatever else a row holds: `… IS NOT NULL AND …`, NOT NULL.
pub(super) fn demanded(statement: &RuleStatement<'_>, clause: &Clause) -> Vec<ObjectName> {
    let sql = statement.sql();
    if clause.kind == ClauseKind::NotNull {
        return clause.columns.iter().filter_map(|span| ObjectName::read(sql, *span)).collect();
    }
    let (ClauseKind::Check, Some(expression)) = (clause.kind, clause.expression) else { return Vec::new() };
    let tokens = statement.tokens_in(expression);
    // What an OR joins, or a CASE chooses, need not hold.
    if tokens.iter().any(|token| token.is_word(sql, "or") || token.is_word(sql, "case")) {
        return Vec::new();
    }
    let asked = tokens.windows(4).filter(|window| {
        window[0].kind.is_name()
            && window[1].is_word(sql, "is")
            && window[2].is_word(sql, "not")
            && window[3].is_word(sql, "null")
    });
    asked.filter_map(|window| ObjectName::read(sql, window[0].span)).collect()
}

/// Whether the type gives the column a sequence.
pub(super) fn is_serial(data_type: &str) -> bool {
    const SERIAL: &[&str] = &["serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"];
    SERIAL.iter().any(|serial| data_type.eq_ignore_ascii_case(serial))
}

/// Whether an item of a list of columns is this column.
pub(super) fn is_column(statement: &RuleStatement<'_>, item: Span, column: &str) -> bool {
    ObjectName::read(statement.sql(), item).is_some_and(|name| name.name() == column)
}

/// Whether a statement mentions a name as an identifier.
pub(super) fn mentions(statement: &RuleStatement<'_>, within: Span, name: &str) -> bool {
    let sql = statement.sql();
    statement.tokens_in(within).iter().any(|token| {
        token.kind.is_name() && ObjectName::read(sql, token.span).is_some_and(|found| found.name() == name)
    })
}

/// Whether a column is filled by an `UPDATE` between the start of the migration and `statement`.
pub(super) fn is_filled(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    table: &ObjectName,
    column: &str,
) -> bool {
    cx.before_it(statement).iter().any(|past| {
        let outline = past.outline();
        let rows = matches!(outline.verb, Verb::Update | Verb::Merge | Verb::Insert)
            && outline.name().is_some_and(|name| RuleContext::same_name(name, table))
            && mentions(past, past.span(), column);
        // What a routine does, and what is left after all rows are gone, is anybody's guess.
        rows || matches!(outline.verb, Verb::Do | Verb::Call | Verb::Select | Verb::Truncate)
    })
}

/// The columns of the primary key a publication relies on, and whether a table has one when `statement` runs;
/// `None` where nothing tells.
pub(super) fn has_primary_key(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    name: &ObjectName,
) -> Option<bool> {
    let mut known = table(cx, statement, name).map(|(catalog, id, _)| {
        let primary = confiture_core::catalog::ConstraintType::PrimaryKey;
        catalog.constraints_of(id).any(|(_, constraint)| constraint.constraint_type == primary)
    });
    for past in steps(cx, statement) {
        let outline = past.outline();
        if !outline.name().is_some_and(|other| RuleContext::same_name(other, name)) {
            continue;
        }
        let key = |clause: &Clause| clause.kind == ClauseKind::PrimaryKey;
        if let Body::Table(table) = &outline.body {
            known = Some(
                table.constraints().any(key) || table.columns().any(|column| column.clauses.iter().any(key)),
            );
        }
        for action in outline.actions() {
            let added = action.constraint.iter().any(key)
                || action.column.iter().any(|column| column.clauses.iter().any(key));
            if added {
                known = Some(true);
            }
        }
    }
    known
}

/// Whether a table is in a publication that replicates UPDATE or DELETE; `None` without a catalog.
pub(super) fn published(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    name: &ObjectName,
) -> Option<bool> {
    let (catalog, id, _) = table(cx, statement, name)?;
    let (qualified, schema) = (id.sql_name(), id.schema().unwrap_or_default());
    let holds = |publication: &Publication| {
        let changes = publication.publish.contains("update") || publication.publish.contains("delete");
        let listed = |table: &String| {
            let rest = table.strip_prefix(qualified.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(']))
        };
        changes
            && (publication.all_tables
                || publication.tables.iter().any(listed)
                || publication.schemas.iter().any(|quoted| quoted.trim_matches('"') == schema))
    };
    Some(catalog.of_kind(Kind::Publication).any(|(_, object)| match &object.detail {
        Detail::Publication(publication) => holds(publication),
        _ => false,
    }))
}
