//! `drop-table-locks-referenced`.

use super::super::known;
use super::super::prelude::*;
use confiture_core::sql::{Body, TransactionControl, classify};

/// A table that a foreign key refers to is closed while the foreign key is dropped.
#[derive(Debug, Default)]
pub struct DropTableLocksReferenced;

confiture_core::register!(rule DropTableLocksReferenced);

impl Rule for DropTableLocksReferenced {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "drop-table-locks-referenced",
                summary: "dropping a foreign key closes the table it refers to",
                docs: "A foreign key has triggers on both tables. DROP TABLE of the referring one, and DROP CONSTRAINT of \
the key, hold ACCESS EXCLUSIVE on the table it refers to, until the transaction ends: nobody can \
read or write it. Drop the constraint in a migration of its own first, with a short lock_timeout; \
the table then goes without touching another one.",
            },
            category: RuleCategory::Lock,
            severity: Severity::Medium,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("users", LockMode::AccessExclusive), ("orders", LockMode::AccessExclusive)],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;\n\
CREATE TABLE orders (id int PRIMARY KEY, user_id int);\n\
ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users;",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE orders DROP CONSTRAINT orders_user;\n\
ALTER TABLE orders ADD COLUMN note text;",
                good: &[
                    "SET lock_timeout = '2s';\n\
ALTER TABLE orders DROP CONSTRAINT orders_user;",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE orders ADD COLUMN note text;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            let mut dropped: Vec<(&ObjectName, Option<&ObjectName>)> = Vec::new();
            if statement.does(Verb::Drop, ObjectKind::Table) {
                dropped.extend(outline.names.iter().map(|table| (table, None)));
            } else if let (true, Some(table)) =
                (statement.does(Verb::Alter, ObjectKind::Table) && !is_alone(cx, statement), outline.name())
            {
                let actions = outline.actions().iter();
                let drops = actions.filter(|action| action.kind == ActionKind::DropConstraint);
                dropped.extend(drops.filter_map(|action| Some((table, Some(action.name.as_ref()?)))));
            }
            for (table, constraint) in dropped {
                let to = referenced(cx, statement, table, constraint);
                let still = |to: &&ObjectName| {
                    !cx.is_new(statement, ObjectKind::Table, to)
                        && !outline.names.iter().any(|name| RuleContext::same_name(name, to))
                };
                let Some(to) = to.iter().find(still) else { continue };
                out.push(
                    RuleFinding::new(
                        statement,
                        constraint.unwrap_or(table).span,
                        format!("nobody can use {to} from here to the end of the transaction"),
                    )
                    .label(format!("ACCESS EXCLUSIVE lock on {to}, too: a foreign key refers to it"))
                    .help("DROP CONSTRAINT in a migration of its own first, with a short lock_timeout")
                    .on(to),
                );
            }
        }
    }
}

/// Whether a statement is the only one of its transaction that does anything.
fn is_alone(cx: &RuleContext<'_>, statement: &RuleStatement<'_>) -> bool {
    !cx.statements.iter().any(|other| {
        let control: Option<TransactionControl> = classify(other.sql()).control;
        other.index != statement.index
            && RuleContext::together(other, statement)
            && control.is_none()
            && !matches!(other.outline().verb, Verb::Set | Verb::Reset)
    })
}

/// The tables that the foreign keys of `table` refer to, or that `constraint` does.
fn referenced(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    table: &ObjectName,
    constraint: Option<&ObjectName>,
) -> Vec<ObjectName> {
    let meant = |name: Option<&str>| constraint.is_none_or(|wanted| Some(wanted.name()) == name);
    if let Some((catalog, id, _)) = known::table(cx, statement, table) {
        let keys = catalog.constraints_of(id).filter(|(id, _)| meant(Some(id.name())));
        let to = keys.filter_map(|(_, key)| key.references.as_ref());
        let name = |id: &confiture_core::catalog::ObjectId| ObjectName {
            parts: id.path().map(str::to_owned).collect(),
            span: table.span,
        };
        return to.map(|to| name(&to.table)).collect();
    }
    let mut found: Vec<ObjectName> = Vec::new();
    let mut gone: Vec<&str> = Vec::new();
    for past in cx.past(statement) {
        let outline = past.outline();
        if !outline.name().is_some_and(|name| RuleContext::same_name(name, table)) {
            continue;
        }
        let mut add = |clause: &Clause, column: Option<&str>, gone: &[&str]| {
            let given = column.map(|column| format!("{}_{column}_fkey", table.name()));
            let name = clause.name.as_ref().map(|name| name.name().to_owned()).or(given);
            let lives = name.as_deref().is_none_or(|name| !gone.contains(&name));
            if let Some(to) = clause.references.as_ref().filter(|_| lives && meant(name.as_deref())) {
                found.push(to.table.clone());
            }
        };
        match &outline.body {
            Body::Table(body) => {
                for column in body.columns() {
                    column.clauses.iter().for_each(|clause| add(clause, Some(column.name.name()), &gone));
                }
                body.constraints().for_each(|clause| add(clause, None, &gone));
                break;
            }
            Body::Actions(actions) => {
                for action in actions.iter().rev() {
                    if let (ActionKind::DropConstraint, Some(name)) = (action.kind, &action.name) {
                        gone.push(name.name());
                    }
                    if let Some(column) = &action.column {
                        column.clauses.iter().for_each(|clause| add(clause, Some(column.name.name()), &gone));
                    }
                    action.constraint.iter().for_each(|clause| add(clause, None, &gone));
                }
            }
            _ => {}
        }
    }
    found
}
