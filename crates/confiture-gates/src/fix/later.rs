//! A foreign key or CHECK is added NOT VALID, and validated by a migration of its own.

use confiture_core::migration::Script;
use confiture_core::sql::{
    Action, ActionKind, AttributeKind, ClauseKind, Edit, ObjectName, Outline, outline,
};

use super::layouts::NewMigration;
use super::{Proposal, State};
use crate::lint::Found;

pub(super) fn propose(state: &State, migration: usize, found: &Found) -> Option<Result<Proposal, String>> {
    if !["add-fk-not-valid-missing", "add-check-not-valid-missing"].contains(&found.diagnostic.code) {
        return None;
    }
    let script = state.source.loaded.migrations.get(migration)?.up.script()?;
    Some(proposal(script, found))
}

fn proposal(script: &Script, found: &Found) -> Result<Proposal, String> {
    let (start, sql) = statement(script, found)?;
    let outline = outline(sql);
    let action = action(&outline, start, found)?;
    let (Some(table), Some(clause)) = (outline.name(), &action.constraint) else {
        return Err("only a constraint that is added by itself can be added NOT VALID".to_owned());
    };
    let mut edits = Vec::new();
    let (name, definition) = match (&clause.name, clause.kind) {
        (_, ClauseKind::NotNull) => {
            return Err("NOT VALID for NOT NULL is new in PostgreSQL 18: write it by hand".to_owned());
        }
        (Some(name), _) => (name.quoted().to_string(), clause.span.text(sql).to_owned()),
        (None, ClauseKind::ForeignKey) => {
            let columns = clause.columns.iter().map(|column| column.text(sql));
            let name = default_name(table, columns, "fkey")?;
            edits.push((start + clause.span.start, format!("CONSTRAINT {name} ")));
            let definition = format!("CONSTRAINT {name} {}", clause.span.text(sql));
            (name, definition)
        }
        (None, _) => return Err("the constraint has no name to validate it by: give it one".to_owned()),
    };
    edits.push((start + clause.span.end, " NOT VALID".to_owned()));
    let path = &script.source.path;
    let table = table.span.text(sql);
    Ok(Proposal {
        text: format!("{name} is added NOT VALID, and validated by a migration of its own"),
        edits: edits.into_iter().map(|(at, text)| (path.clone(), Edit::insert(at, text))).collect(),
        new: vec![NewMigration {
            name: format!("validate {name}"),
            up: format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};\n"),
            down: format!(
                "ALTER TABLE {table} DROP CONSTRAINT {name};\nALTER TABLE {table} ADD {definition} NOT VALID;\n"
            ),
        }],
        ..Proposal::default()
    })
}

/// The statement of the file a finding is about: where it starts, and its text.
pub(super) fn statement<'s>(script: &'s Script, found: &Found) -> Result<(usize, &'s str), String> {
    let Some(statement) = script.statements.get(found.statement) else {
        return Err("the statement is not in this file".to_owned());
    };
    if !statement.moved.is_empty() {
        return Err("template values stand in the statement: change it by hand".to_owned());
    }
    Ok((statement.span.start, &statement.sql))
}

/// The action of an ALTER TABLE a finding is about.
pub(super) fn action<'o>(outline: &'o Outline, start: usize, found: &Found) -> Result<&'o Action, String> {
    let at = found.diagnostic.location.as_ref().map(|at| at.span.clone()).unwrap_or_default();
    let about = |action: &&Action| {
        let clause = action.constraint.as_ref().map(|clause| clause.span.shifted(start).range());
        action.kind == ActionKind::AddConstraint && clause.is_some_and(|span| span == at)
    };
    let found = outline.actions().iter().find(about);
    found.ok_or_else(|| "it stands in a column or in a body: change it by hand".to_owned())
}

/// The name PostgreSQL gives a constraint (`ChooseConstraintName`), where it is short enough to be left whole.
pub(super) fn default_name<'a>(
    table: &ObjectName,
    columns: impl Iterator<Item = &'a str>,
    label: &str,
) -> Result<String, String> {
    let mut parts = vec![table.name().to_owned()];
    for column in columns {
        let name = ObjectName::read(column, confiture_core::sql::Span::new(0, column.len()));
        let Some(name) = name.filter(|name| name.parts.len() == 1) else {
            return Err("the constraint has no name, and none can be found for it: give it one".to_owned());
        };
        parts.push(name.name().to_owned());
    }
    parts.push(label.to_owned());
    let name = parts.join("_");
    match name.len() < 64 {
        true => Ok(confiture_core::sql::Quoted::ident(&name).to_string()),
        false => {
            Err("the constraint has no name, and that of PostgreSQL is too long: give it one".to_owned())
        }
    }
}

/// Whether something follows a constraint that its index would have to be made with.
pub(super) fn plain_attribute(kind: AttributeKind) -> bool {
    matches!(kind, AttributeKind::Deferrable | AttributeKind::NotDeferrable | AttributeKind::Initially)
}
