//! What a script has made, renamed and dropped so far.

use super::RuleStatement;
use crate::sql::{ActionKind, Body, ClauseKind, ObjectKind, ObjectName, Verb};

/// What one statement did to a name.
#[derive(Debug)]
pub(super) struct Entry {
    /// The statement.
    pub(super) at: usize,
    kind: ObjectKind,
    name: ObjectName,
    event: Event,
}

#[derive(Debug)]
enum Event {
    Made,
    Dropped,
    /// It was called so before.
    Renamed(ObjectName),
}

/// One kind for everything whose names share a place in `pg_class`.
fn class(kind: ObjectKind) -> ObjectKind {
    match kind {
        ObjectKind::ForeignTable | ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Sequence => {
            ObjectKind::Table
        }
        ObjectKind::Domain => ObjectKind::Type,
        ObjectKind::Procedure | ObjectKind::Routine => ObjectKind::Function,
        kind => kind,
    }
}

/// Whether two names may mean one object: a missing schema is any.
pub(super) fn same(a: &ObjectName, b: &ObjectName) -> bool {
    a.name() == b.name() && (a.schema().is_none() || b.schema().is_none() || a.schema() == b.schema())
}

pub(super) fn read(statements: &[RuleStatement<'_>]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for statement in statements {
        let outline = statement.outline();
        let Some(kind) = outline.object.map(class) else { continue };
        let mut add = |kind, name: &ObjectName, event| {
            entries.push(Entry { at: statement.index, kind, name: name.clone(), event });
        };
        match outline.verb {
            Verb::Create => {
                if let Some(name) = outline.name() {
                    add(kind, name, Event::Made);
                }
                if let Body::Table(table) = &outline.body {
                    let columns = table.columns().flat_map(|column| &column.clauses);
                    for name in table.constraints().chain(columns).filter_map(|clause| clause.name.as_ref()) {
                        add(ObjectKind::Constraint, name, Event::Made);
                    }
                }
            }
            Verb::Drop => outline.names.iter().for_each(|name| add(kind, name, Event::Dropped)),
            Verb::Alter => {
                let Some(table) = outline.name() else { continue };
                for action in outline.actions() {
                    match (action.kind, &action.name, &action.new_name) {
                        (ActionKind::Rename, Some(new), _) => {
                            let mut named = new.clone();
                            named.parts.splice(0..0, table.schema().map(str::to_owned));
                            add(kind, &named, Event::Renamed(table.clone()));
                        }
                        (ActionKind::RenameConstraint, Some(old), Some(new)) => {
                            add(ObjectKind::Constraint, new, Event::Renamed(old.clone()));
                        }
                        (ActionKind::AddConstraint, Some(name), _) => {
                            add(ObjectKind::Constraint, name, Event::Made);
                            let key = |kind| matches!(kind, ClauseKind::PrimaryKey | ClauseKind::Unique);
                            if action.constraint.as_ref().is_some_and(|clause| key(clause.kind)) {
                                add(ObjectKind::Index, name, Event::Made);
                            }
                        }
                        (ActionKind::DropConstraint, Some(name), _) => {
                            add(ObjectKind::Constraint, name, Event::Dropped);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    entries
}

/// What `name` was called before the script ran; `None` when the script itself made it.
pub(super) fn original(
    entries: &[Entry],
    at: usize,
    kind: ObjectKind,
    name: &ObjectName,
) -> Option<ObjectName> {
    let kind = class(kind);
    let mut name = name.clone();
    for entry in entries.iter().rev().filter(|entry| entry.at < at && entry.kind == kind) {
        match &entry.event {
            _ if !same(&entry.name, &name) => {}
            Event::Made => return None,
            // What has this name now was there all the time in another schema, or the statement fails.
            Event::Dropped => return Some(name),
            Event::Renamed(from) => name = from.clone(),
        }
    }
    Some(name)
}
