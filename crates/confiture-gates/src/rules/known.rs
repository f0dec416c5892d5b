//! What is known of the objects a statement names: from the catalog before the migration, else from the migrations.

use super::prelude::*;
use confiture_core::catalog::{ObjectId, Table};
use confiture_core::sql::Body;

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

/// A table as the catalog before the migration has it; `None` without a catalog, and when the table is new.
pub(super) fn table<'a>(
    cx: &RuleContext<'a>,
    statement: &RuleStatement<'_>,
    name: &ObjectName,
) -> Option<(&'a ObjectId, &'a Table)> {
    named(cx.before?.tables(), &cx.original(statement, ObjectKind::Table, name)?)
}

/// What ran before `statement` and the catalog does not know yet, latest first.
pub(super) fn unknown_to_catalog<'a>(
    cx: &RuleContext<'a>,
    statement: &RuleStatement<'_>,
) -> Vec<&'a RuleStatement<'a>> {
    match cx.before {
        Some(_) => cx.before_it(statement).iter().rev().collect(),
        None => cx.past(statement).collect(),
    }
}

/// Whether a statement is about the table.
pub(super) fn is_about(statement: &RuleStatement<'_>, verb: Verb, table: &ObjectName) -> bool {
    statement.does(verb, ObjectKind::Table)
        && statement.outline().name().is_some_and(|name| RuleContext::same_name(name, table))
}

/// The type of a column before `statement`, as it was written or as the catalog prints it.
pub(super) fn column_type(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    name: &ObjectName,
    column: &str,
) -> Option<String> {
    for past in unknown_to_catalog(cx, statement) {
        let text = |span: confiture_core::sql::Span| span.text(past.sql()).to_owned();
        if is_about(past, Verb::Alter, name) {
            for action in past.outline().actions().iter().rev() {
                let new = action.new_name.as_ref().is_some_and(|new| new.name() == column);
                match action.kind {
                    ActionKind::RenameColumn if new => return None,
                    ActionKind::AlterType if is_named(&action.name, column) => return action.value.map(text),
                    ActionKind::AddColumn if is_named(&action.name, column) => {
                        return action.column.as_ref()?.data_type.map(text);
                    }
                    _ => {}
                }
            }
        } else if let (true, Body::Table(body)) = (is_about(past, Verb::Create, name), &past.outline().body) {
            let found = body.columns().find(|known| known.name.name() == column)?;
            return found.data_type.map(text);
        }
    }
    let (id, _) = table(cx, statement, name)?;
    cx.before?.column(id, column).map(|column| column.data_type.clone())
}

/// Whether a column is known to hold no NULL; `None` when nothing is known.
pub(super) fn not_null(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    name: &ObjectName,
    column: &str,
) -> Option<bool> {
    let refuses = |kind: ClauseKind| {
        matches!(kind, ClauseKind::NotNull | ClauseKind::PrimaryKey | ClauseKind::Identity)
    };
    for past in unknown_to_catalog(cx, statement) {
        let definition = if is_about(past, Verb::Alter, name) {
            let actions = past.outline().actions().iter().rev();
            let found = actions.clone().find(|action| {
                let kinds = [ActionKind::SetNotNull, ActionKind::DropNotNull, ActionKind::AddColumn];
                kinds.contains(&action.kind) && is_named(&action.name, column)
            });
            match found {
                Some(action) if action.kind == ActionKind::AddColumn => action.column.as_ref(),
                Some(action) => return Some(action.kind == ActionKind::SetNotNull),
                None => None,
            }
        } else if let (true, Body::Table(body)) = (is_about(past, Verb::Create, name), &past.outline().body) {
            body.columns().find(|known| known.name.name() == column)
        } else {
            None
        };
        if let Some(column) = definition {
            return Some(column.clauses.iter().any(|clause| refuses(clause.kind)));
        }
    }
    let (id, _) = table(cx, statement, name)?;
    cx.before?.column(id, column).map(|column| column.not_null && !column.not_null_not_valid)
}

fn is_named(name: &Option<ObjectName>, wanted: &str) -> bool {
    name.as_ref().is_some_and(|name| name.name() == wanted)
}

/// A type as words and modifiers: aliases are one, words in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypeName {
    /// Such as `character varying`; arrays end with `[]`.
    pub(super) base: String,
    /// What stands in its parentheses.
    pub(super) modifiers: Vec<u32>,
}

impl TypeName {
    /// Reads a type as somebody or the server writes it.
    pub(super) fn read(text: &str) -> Self {
        let (mut words, mut modifiers) = (String::new(), Vec::new());
        let mut rest = text;
        if let (Some(open), Some(close)) = (text.find('('), text.find(')')) {
            modifiers =
                text[open + 1..close].split(',').filter_map(|number| number.trim().parse().ok()).collect();
            words.push_str(&text[..open]);
            words.push(' ');
            rest = &text[close + 1..];
        }
        words.push_str(rest);
        let words = words.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let words = words.strip_prefix("pg_catalog.").unwrap_or(&words).replace(" []", "[]");
        let (scalar, array) = words.split_at(words.find('[').unwrap_or(words.len()));
        let scalar = match scalar {
            "varchar" | "char varying" => "character varying",
            "char" | "bpchar" => "character",
            "int" | "int4" => "integer",
            "int8" => "bigint",
            "int2" => "smallint",
            "decimal" | "dec" => "numeric",
            "bool" => "boolean",
            "varbit" => "bit varying",
            "float8" | "float" => "double precision",
            "float4" => "real",
            "timestamptz" => "timestamp with time zone",
            "timestamp" => "timestamp without time zone",
            "timetz" => "time with time zone",
            "time" => "time without time zone",
            "serial" | "serial4" => "integer",
            "bigserial" | "serial8" => "bigint",
            "smallserial" | "serial2" => "smallint",
            other => other,
        };
        Self { base: format!("{scalar}{array}"), modifiers }
    }
}
