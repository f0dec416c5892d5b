//! Indexes are built and dropped CONCURRENTLY, those of constraints too, in a script without a transaction.

use std::path::PathBuf;

use confiture_core::migration::{Migration, Script, Step, TransactionMode};
use confiture_core::sql::{
    ActionKind, ClauseKind, Edit, Modifier, ObjectKind, ObjectName, Quoted, Span, TokenKind, Tokens, Verb,
    classify, outline,
};

use super::later::{action, default_name, plain_attribute, statement};
use super::layouts::NewMigration;
use super::{Proposal, State, layouts};
use crate::lint::Found;

const CODES: [&str; 4] = [
    "index-not-concurrent",
    "drop-index-not-concurrent",
    "add-unique-not-using-index",
    "add-pk-not-using-index",
];

pub(super) fn propose(state: &State, at: usize, found: &Found) -> Option<Result<Proposal, String>> {
    if !CODES.contains(&found.diagnostic.code) {
        return None;
    }
    let migration = state.source.loaded.migrations.get(at)?;
    let script = migration.up.script()?;
    Some(proposal(state, at, migration, script, found))
}

fn proposal(
    state: &State,
    at: usize,
    migration: &Migration,
    script: &Script,
    found: &Found,
) -> Result<Proposal, String> {
    let change = change(migration, script, found)?;
    let mut edits = change.up;
    // Every statement of a script without a transaction stands for itself.
    for (index, other) in script.statements.iter().enumerate().filter(|(index, _)| *index != found.statement)
    {
        if is_timeout(&other.sql) {
            edits.push(Edit::remove(whole_line(script, other.span.clone().into())));
            continue;
        }
        let of_index = state.found.iter().find(|other| {
            other.migration == at && other.statement == index && CODES.contains(&other.diagnostic.code)
        });
        let of_index = of_index.map(|other| self::change(migration, script, other));
        if !matches!(of_index, Some(Ok(_))) {
            let line = script.locate(other.span.clone()).line;
            return Err(format!(
                "without its transaction the statement of line {line} would no longer be undone together with it: \
                 give each a migration of its own"
            ));
        }
    }
    if script.transaction != TransactionMode::Autocommit {
        edits.extend(layouts::without_transaction(&state.source.layout, script)?);
    }
    let path = &script.source.path;
    let edits = edits.into_iter().map(|edit| (path.clone(), edit)).chain(change.down).collect();
    let text = match found.diagnostic.code {
        "drop-index-not-concurrent" => "the index is dropped CONCURRENTLY, without a transaction",
        "index-not-concurrent" => "the index is built CONCURRENTLY, without a transaction",
        _ => {
            "the index is built CONCURRENTLY, without a transaction, and becomes a constraint in a migration of its own"
        }
    };
    let new = change.new.into_iter().collect();
    Ok(Proposal { text: text.to_owned(), edits, new, ..Proposal::default() })
}

/// What changes for one statement.
#[derive(Default)]
struct Change {
    up: Vec<Edit>,
    down: Vec<(PathBuf, Edit)>,
    new: Option<NewMigration>,
}

fn change(migration: &Migration, script: &Script, found: &Found) -> Result<Change, String> {
    let (start, sql) = statement(script, found)?;
    let outline = outline(sql);
    match (outline.verb, outline.object) {
        (Verb::Create | Verb::Drop, Some(ObjectKind::Index)) => {
            if outline.verb == Verb::Drop
                && (outline.names.len() > 1 || outline.modifier(Modifier::Cascade).is_some())
            {
                return Err("CONCURRENTLY drops one index at a time, and not with CASCADE".to_owned());
            }
            let word = Tokens::new(sql).find(|token| token.is_word(sql, "index"));
            let word = word.ok_or_else(|| "the statement cannot be read".to_owned())?;
            let up = vec![Edit::insert(start + word.span.end, " CONCURRENTLY")];
            Ok(Change { up, ..Change::default() })
        }
        (Verb::Alter, Some(ObjectKind::Table)) => using_index(migration, sql, start, found),
        _ => Err("it stands in a body: change it by hand".to_owned()),
    }
}

/// `ADD UNIQUE (…)` as an index, and the constraint in a migration of its own: a script without a transaction
/// that is interrupted between them could not be run again.
fn using_index(migration: &Migration, sql: &str, start: usize, found: &Found) -> Result<Change, String> {
    let outline = outline(sql);
    let action = action(&outline, start, found)?;
    let by_hand = |why: &str| Err(format!("{why}: write the index and USING INDEX by hand"));
    let (Some(table), Some(clause)) = (outline.name(), &action.constraint) else {
        return by_hand("the constraint cannot be read");
    };
    if outline.actions().len() > 1 || !outline.modifiers.is_empty() {
        return by_hand("the statement does more than to add the constraint");
    }
    let simple =
        |column: &Span| Tokens::new(column.text(sql)).filter(|token| !token.kind.is_trivia()).count() == 1;
    let plain = clause.attributes.iter().all(|attribute| plain_attribute(attribute.kind));
    if clause.columns.is_empty() || !clause.columns.iter().all(simple) || !plain {
        return by_hand("the constraint says more than its columns");
    }
    let columns: Vec<&str> = clause.columns.iter().map(|column| column.text(sql)).collect();
    let (keyword, label, named) = match clause.kind {
        ClauseKind::Unique => ("UNIQUE", "key", columns.as_slice()),
        ClauseKind::PrimaryKey => ("PRIMARY KEY", "pkey", &[][..]),
        _ => return by_hand("the constraint cannot be read"),
    };
    let name = match &clause.name {
        Some(name) => name.quoted().to_string(),
        None => default_name(table, named.iter().copied(), label)?,
    };
    let (on, columns) = (table.span.text(sql), columns.join(", "));
    let mut constraint = format!("CONSTRAINT {name} {keyword} USING INDEX {name}");
    for attribute in &clause.attributes {
        constraint.push_str(&format!(" {}", attribute.span.text(sql)));
    }
    let schema = table.schema().map(|schema| format!("{}.", Quoted::ident(schema))).unwrap_or_default();
    let index = format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {on} ({columns})");
    let whole = Span::new(start, start + sql.len());
    Ok(Change {
        up: vec![Edit::replace(whole, index)],
        down: rollback(migration, table, &name, &format!("DROP INDEX {schema}{name}"))?,
        new: Some(NewMigration {
            name: format!("constrain {name}"),
            up: format!("ALTER TABLE {on} ADD {constraint};\n"),
            down: format!(
                "ALTER TABLE {on} DROP CONSTRAINT {name};\nCREATE UNIQUE INDEX {name} ON {on} ({columns});\n"
            ),
        }),
    })
}

/// The rollback drops `instead` what was a constraint.
fn rollback(
    migration: &Migration,
    table: &ObjectName,
    constraint: &str,
    instead: &str,
) -> Result<Vec<(PathBuf, Edit)>, String> {
    let down = match &migration.down {
        Step::Sql(down) => down,
        Step::Absent => return Ok(Vec::new()),
        Step::NotRunnable { .. } => return Err("the rollback cannot be read: change it by hand".to_owned()),
    };
    for statement in &down.statements {
        let outline = outline(&statement.sql);
        let [action] = outline.actions() else { continue };
        let drops = outline.name().is_some_and(|name| name.agrees(table))
            && action.kind == ActionKind::DropConstraint
            && action.name.as_ref().is_some_and(|name| name.quoted().as_str() == constraint);
        if drops && statement.moved.is_empty() {
            let edit = Edit::replace(statement.span.clone().into(), instead);
            return Ok(vec![(down.source.path.clone(), edit)]);
        }
    }
    Err(format!("no statement of the rollback drops {constraint} and nothing else: write the index by hand"))
}

/// `SET` of a timeout, which CONCURRENTLY would be given up by.
fn is_timeout(sql: &str) -> bool {
    let names = ["lock_timeout", "statement_timeout"];
    classify(sql).verb == Verb::Set
        && Tokens::new(sql).any(|token| names.iter().any(|name| token.is_word(sql, name)))
}

/// A statement with its semicolon, and its line end where nothing else is on the line.
fn whole_line(script: &Script, span: Span) -> Span {
    let text = &script.source.text;
    let mut end = span.end;
    let rest = text.get(end..).unwrap_or_default();
    if let Some(token) = Tokens::new(rest).find(|token| !token.kind.is_trivia())
        && token.kind == TokenKind::Semicolon
    {
        end += token.span.end;
    }
    let before = text.get(..span.start).unwrap_or_default();
    let alone = before.is_empty() || before.ends_with('\n');
    if alone && text.get(end..).is_some_and(|rest| rest.starts_with('\n')) {
        end += 1;
    }
    Span::new(span.start, end)
}
