//! `rename-table`.

use super::super::prelude::*;

/// A table or view has another name than the running application uses.
#[derive(Debug, Default)]
pub struct RenameTable;

confiture_core::register!(rule RenameTable);

impl Rule for RenameTable {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "rename-table",
                summary: "renaming a table breaks every query of the application that still runs",
                docs: "The previous version of the application runs on while and after the migration is applied, and \
                       all its queries that name the table fail with SQLSTATE 42P01. In the same transaction leave a \
                       view with the old name in its place: SELECT * FROM the new one can be written to like the \
                       table. Drop it when no application uses the old name. A view \
                       that groups, joins or calculates can be read only: INSERT, UPDATE and DELETE fail with SQLSTATE \
                       55000. The same goes for sequences and schemas, and for types that queries name in casts.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users RENAME TO accounts;",
                good: &["SET lock_timeout = '2s';\nALTER TABLE users RENAME TO accounts;\n\
                         CREATE VIEW users AS SELECT * FROM accounts;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in moved(cx, ActionKind::Rename) {
            let Some(new) = &action.name else { continue };
            // It takes the place of one that left it in this transaction: a swap.
            let swapped = moved(cx, ActionKind::Rename).any(|(other, left, _)| {
                other.index < statement.index
                    && RuleContext::together(other, statement)
                    && left.name() == new.name()
            });
            if swapped
                || cx.is_new(statement, ObjectKind::Table, table)
                || has_successor(cx, statement, table)
            {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    action.span,
                    format!("queries of the running application that name {table} fail"),
                )
                .help(format!("in the same transaction: CREATE VIEW {table} AS SELECT * FROM {new};"))
                .on(table),
            );
        }
        for (statement, object, name, action) in others(cx, ActionKind::Rename) {
            let Some(new) = &action.name else { continue };
            let finding = RuleFinding::new(
                statement,
                action.span,
                format!("what the running application calls {name} is called {new}"),
            )
            .label("whatever names it fails")
            .help("make a new one beside it, and drop the old one when no application names it");
            // Clients name types in casts only.
            let rare = matches!(object, ObjectKind::Type | ObjectKind::Domain);
            out.push(if rare { finding.severity(Severity::Medium) } else { finding });
        }
    }
}

/// The actions of one kind on sequences, schemas and types that were there, with the kind and the name, but for those
/// whose name something else takes in the same transaction.
pub(super) fn others<'a>(
    cx: &RuleContext<'a>,
    kind: ActionKind,
) -> impl Iterator<Item = (&'a RuleStatement<'a>, ObjectKind, &'a ObjectName, &'a Action)> {
    const KINDS: &[ObjectKind] =
        &[ObjectKind::Sequence, ObjectKind::Schema, ObjectKind::Type, ObjectKind::Domain];
    let alters = cx.statements.iter().filter(|statement| statement.outline().verb == Verb::Alter);
    let named = alters.filter_map(|statement| {
        let outline = statement.outline();
        Some((statement, outline.object.filter(|object| KINDS.contains(object))?, outline.name()?))
    });
    let old = named.filter(|&(statement, object, name)| {
        let taken = |later: &RuleStatement<'_>| {
            let outline = later.outline();
            let created = outline.verb == Verb::Create
                && outline.object.is_some_and(|other| KINDS.contains(&other))
                && outline.name().is_some_and(|other| RuleContext::same_name(other, name));
            created
                || outline.actions().iter().any(|action| {
                    action.kind == ActionKind::Rename
                        && action.name.as_ref().is_some_and(|given| given.name() == name.name())
                })
        };
        !cx.is_new(statement, object, name)
            && cx.original(statement, object, name).is_none_or(|old| old.name() == name.name())
            && !cx
                .after_it(statement)
                .iter()
                .any(|later| RuleContext::together(statement, later) && taken(later))
    });
    old.flat_map(|(statement, object, name)| {
        statement.outline().actions().iter().map(move |action| (statement, object, name, action))
    })
    .filter(move |(_, _, _, action)| action.kind == kind)
}

/// The actions of one kind on tables and views, with the statement and the name of the relation.
pub(super) fn moved<'a>(
    cx: &RuleContext<'a>,
    kind: ActionKind,
) -> impl Iterator<Item = (&'a RuleStatement<'a>, &'a ObjectName, &'a Action)> {
    const RELATIONS: &[ObjectKind] =
        &[ObjectKind::Table, ObjectKind::View, ObjectKind::MaterializedView, ObjectKind::ForeignTable];
    let alters = cx.statements.iter().filter(|statement| {
        let outline = statement.outline();
        outline.verb == Verb::Alter && outline.object.is_some_and(|object| RELATIONS.contains(&object))
    });
    let named = alters.filter_map(|statement| Some((statement, statement.outline().name()?)));
    named
        .flat_map(|(statement, table)| {
            statement.outline().actions().iter().map(move |action| (statement, table, action))
        })
        .filter(move |(_, _, action)| action.kind == kind)
}

/// Whether something takes the name that the relation had before the migration, or it is given back, in the
/// same transaction.
pub(super) fn has_successor(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, table: &ObjectName) -> bool {
    let Some(old) = cx.original(statement, ObjectKind::Table, table) else { return true };
    // It left its old name before: that statement is to blame.
    if old.name() != table.name() {
        return true;
    }
    cx.after_it(statement).iter().filter(|later| RuleContext::together(statement, later)).any(|later| {
        let outline = later.outline();
        match outline.verb {
            Verb::Create => {
                matches!(
                    outline.object,
                    Some(ObjectKind::View | ObjectKind::Table | ObjectKind::MaterializedView)
                ) && outline.name().is_some_and(|name| RuleContext::same_name(name, &old))
                    && (outline.object != Some(ObjectKind::View)
                        || statement.outline().object != Some(ObjectKind::Table)
                        || can_be_written(later)
                        || writes_for(cx, later, &old))
            }
            Verb::Alter => outline.actions().iter().any(|action| {
                action.kind == ActionKind::Rename
                    && action.name.as_ref().is_some_and(|name| name.name() == old.name())
            }),
            _ => false,
        }
    })
}

/// Whether a trigger or rule after `view` does with its rows what tables do.
fn writes_for(cx: &RuleContext<'_>, view: &RuleStatement<'_>, name: &ObjectName) -> bool {
    cx.after_it(view).iter().any(|later| {
        let outline = later.outline();
        matches!(outline.object, Some(ObjectKind::Trigger | ObjectKind::Rule))
            && outline.on.as_ref().is_some_and(|on| RuleContext::same_name(on, name))
    })
}

/// Whether a view can be written to like the table it stands for. PostgreSQL manual, CREATE VIEW, "Updatable Views".
fn can_be_written(view: &RuleStatement<'_>) -> bool {
    let sql = view.sql();
    let tokens = view.tokens();
    let Some(start) = tokens.iter().position(|token| token.is_word(sql, "select")) else { return true };
    let mut depth = 0_usize;
    for token in &tokens[start..] {
        match token.text(sql) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if [
                "group",
                "distinct",
                "having",
                "limit",
                "offset",
                "union",
                "intersect",
                "except",
                "join",
            ]
            .iter()
            .any(|word| token.is_word(sql, word)) =>
            {
                return false;
            }
            _ => {}
        }
    }
    true
}
