//! `index-replaced-in-wrong-order`.

use super::super::known::{Indexed, indexes};
use super::super::prelude::*;

/// An index is dropped before the one that takes its place is there.
#[derive(Debug, Default)]
pub struct IndexReplacedInWrongOrder;

confiture_core::register!(rule IndexReplacedInWrongOrder);

impl Rule for IndexReplacedInWrongOrder {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "index-replaced-in-wrong-order",
                summary: "the old index is dropped before the new one is built",
                docs: "Between the two statements the running application has no index: its queries read whole tables, ON \
                       CONFLICT fails (SQLSTATE 42P10), and a unique index no longer refuses duplicates, so that the new one may \
                       not be built at all. CREATE INDEX CONCURRENTLY under another name first, then DROP INDEX \
                       CONCURRENTLY, then ALTER INDEX … RENAME if the name matters. In one transaction nobody sees \
                       the gap.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text, age int);\n\
                        CREATE INDEX users_email ON users (email);",
                bad: "SET lock_timeout = 0;\n\
                      DROP INDEX CONCURRENTLY users_email;\n\
                      CREATE INDEX CONCURRENTLY users_email_age ON users (email, age);",
                good: &["-- confiture: no-transaction\n\
                         SET lock_timeout = 0;\n\
                         CREATE INDEX CONCURRENTLY users_email_age ON users (email, age);\n\
                         DROP INDEX CONCURRENTLY users_email;"],
                transaction: false,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            for (name, old) in dropped(cx, statement) {
                let covers = |new: &Indexed| replaces(name, old.as_ref(), new);
                let made =
                    |other: &RuleStatement<'_>| Indexed::made_by(other).into_iter().any(|new| covers(&new));
                if cx.before_it(statement).iter().any(made) {
                    continue;
                }
                let Some(later) = cx.after_it(statement).iter().find(|later| made(later)) else { continue };
                if RuleContext::together(statement, later) {
                    continue;
                }
                let mut finding = RuleFinding::new(
                    statement,
                    name.span,
                    format!("{name} is gone before the index that takes its place is built"),
                )
                .label("queries and ON CONFLICT of the running application have no index here")
                .help("create the new index under another name first, then drop this one");
                if let Some(table) = old.as_ref().and_then(|old| old.table.clone()) {
                    finding = finding.on(&table);
                }
                out.push(if cx.before.is_some() && old.is_some() {
                    finding.seen_in_catalog()
                } else {
                    finding
                });
            }
        }
    }
}

/// The indexes a statement drops that were there before the migration, and what is known of them. Of `IF EXISTS`
/// only those that are known: else it clears up what a failed attempt left.
fn dropped<'s>(
    cx: &RuleContext<'_>,
    statement: &'s RuleStatement<'_>,
) -> Vec<(&'s ObjectName, Option<Indexed>)> {
    let outline = statement.outline();
    let mut found: Vec<(&ObjectName, Option<Indexed>)> = Vec::new();
    let known = |name: &ObjectName| {
        let all = indexes(cx, statement, None).into_iter();
        all.rev().find(|index| index.name.as_ref().is_some_and(|own| RuleContext::same_name(own, name)))
    };
    if statement.does(Verb::Drop, ObjectKind::Index) {
        for name in &outline.names {
            let old = known(name);
            let sure = outline.modifier(Modifier::IfExists).is_none() || old.is_some();
            if sure && !cx.is_new(statement, ObjectKind::Index, name) {
                found.push((name, old));
            }
        }
    } else if statement.does(Verb::Alter, ObjectKind::Table) {
        let drops = outline.actions().iter().filter(|action| action.kind == ActionKind::DropConstraint);
        for name in drops.filter_map(|action| action.name.as_ref()) {
            let old = known(name).filter(|_| !cx.is_new(statement, ObjectKind::Constraint, name));
            found.extend(old.map(|old| (name, Some(old))));
        }
    }
    // What is left of a failed build serves nobody.
    found.retain(|(_, old)| old.as_ref().is_none_or(|old| old.valid));
    found
}

/// Whether `new` is there for what the dropped index was: the same table and first column, or the same name.
fn replaces(name: &ObjectName, old: Option<&Indexed>, new: &Indexed) -> bool {
    match old {
        Some(old) => {
            let table = match (&old.table, &new.table) {
                (Some(old), Some(new)) => RuleContext::same_name(old, new),
                _ => false,
            };
            table && old.columns.first() == new.columns.first()
        }
        None => {
            let part = |word: &str| name.name().contains(word);
            new.name.as_ref().is_some_and(|new| RuleContext::same_name(new, name))
                || new.table.as_ref().is_some_and(|table| part(table.name()))
                    && new.columns.first().is_some_and(|column| part(column))
        }
    }
}
