//! What is known of an object before a statement: the catalog, where there is one, and what the statements
//! before it did.

use super::prelude::*;
use confiture_core::catalog::{Catalog, Detail, Kind, ObjectId, Publication};
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
    /// Whether the migration itself adds it.
    pub(super) here: bool,
}

/// The object of that kind in the catalog; a missing schema is any.
pub(super) fn find<'c>(catalog: &'c Catalog, kind: Kind, name: &ObjectName) -> Option<&'c ObjectId> {
    let mut ids = catalog.of_kind(kind).map(|(id, _)| id);
    ids.find(|id| id.name() == name.name() && name.schema().is_none_or(|schema| id.schema() == Some(schema)))
}

/// The table that `statement` calls `name` in the catalog before the migration.
pub(super) fn table<'c>(
    cx: &RuleContext<'c>,
    statement: &RuleStatement<'_>,
    name: &ObjectName,
) -> Option<(&'c Catalog, &'c ObjectId)> {
    let old = cx.original(statement, ObjectKind::Table, name)?;
    Some((cx.before?, find(cx.before?, Kind::Table, &old)?))
}

/// What leads to the state before `statement`, oldest first: after the catalog, or after nothing.
pub(super) fn steps<'a>(
    cx: &RuleContext<'a>,
    statement: &RuleStatement<'_>,
) -> impl Iterator<Item = &'a RuleStatement<'a>> {
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
    if let Some((catalog, id)) = table(cx, statement, name) {
        return match &catalog.get(id)?.detail {
            Detail::Table(table) => Some(table.partition_by.is_some()),
            _ => None,
        };
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
    let catalog = table(cx, statement, name);
    let mut known = catalog.and_then(|(catalog, id)| catalog.column(id, column)).map(|column| Known {
        data_type: column.data_type.clone(),
        not_null: column.not_null,
        filled: column.default.is_some() || column.identity.is_some() || column.generated.is_some(),
        here: false,
    });
    let start = cx.statements.first().map(|first| first as *const RuleStatement<'_>);
    let mut here = false;
    for past in steps(cx, statement) {
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
    }
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
    let mut known = table(cx, statement, name).map(|(catalog, id)| {
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
    let (catalog, id) = table(cx, statement, name)?;
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

/// A type as the catalog prints it, whatever it is called in a statement.
pub(super) fn type_name(text: &str) -> String {
    const NAMES: &[(&str, &str)] = &[
        ("bigserial", "bigint"),
        ("bool", "boolean"),
        ("char", "character"),
        ("decimal", "numeric"),
        ("float", "double precision"),
        ("float4", "real"),
        ("float8", "double precision"),
        ("int", "integer"),
        ("int2", "smallint"),
        ("int4", "integer"),
        ("int8", "bigint"),
        ("serial", "integer"),
        ("smallserial", "smallint"),
        ("timestamp", "timestamp without time zone"),
        ("timestamptz", "timestamp with time zone"),
        ("time", "time without time zone"),
        ("timetz", "time with time zone"),
        ("varbit", "bit varying"),
        ("varchar", "character varying"),
    ];
    let lower = text.to_ascii_lowercase();
    let lower = lower.strip_prefix("pg_catalog.").unwrap_or(&lower);
    let words: String = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    let (name, rest) = words.split_at(words.find([' ', '(', '[']).unwrap_or(words.len()));
    let plain = !rest.trim_start().starts_with("with");
    let known = NAMES.iter().find(|(alias, _)| *alias == name && (plain || !name.starts_with("time")));
    let rest: String = rest.replace(" (", "(").replace(", ", ",").replace("( ", "(").replace(" )", ")");
    match known {
        // `timestamp(3)` is `timestamp(3) without time zone`.
        Some((alias, full)) if rest.starts_with('(') && full.contains(' ') && alias.starts_with("time") => {
            let (first, zone) = full.split_once(' ').unwrap_or((full, ""));
            format!("{first}{rest} {zone}")
        }
        Some((_, full)) if name != "character" => format!("{full}{rest}"),
        _ => format!("{name}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::type_name;

    #[test]
    fn types_are_called_as_the_catalog_calls_them() {
        let names = [
            ("INT", "integer"),
            ("int4[]", "integer[]"),
            ("varchar(20)", "character varying(20)"),
            ("character  varying (20)", "character varying(20)"),
            ("decimal(10, 2)", "numeric(10,2)"),
            ("timestamptz", "timestamp with time zone"),
            ("timestamp", "timestamp without time zone"),
            ("timestamp with time zone", "timestamp with time zone"),
            ("timestamptz(3)", "timestamp(3) with time zone"),
            ("public.mood", "public.mood"),
        ];
        for (written, printed) in names {
            assert_eq!(type_name(written), printed);
        }
    }
}
