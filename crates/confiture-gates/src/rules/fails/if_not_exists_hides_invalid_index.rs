//! `if-not-exists-hides-invalid-index`.

use super::super::known::find;
use super::super::prelude::*;
use confiture_core::catalog::{Detail, Kind};

/// The remains of a failed CREATE INDEX CONCURRENTLY are taken for the index.
#[derive(Debug, Default)]
pub struct IfNotExistsHidesInvalidIndex;

confiture_core::register!(rule IfNotExistsHidesInvalidIndex);

impl Rule for IfNotExistsHidesInvalidIndex {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "if-not-exists-hides-invalid-index",
                summary: "CREATE INDEX CONCURRENTLY IF NOT EXISTS takes an INVALID index for the index",
                docs: "CREATE INDEX CONCURRENTLY that fails (duplicates, a timeout, a cancel) leaves an INVALID index: no \
                       query uses it and uniqueness does not hold. Run again with IF NOT EXISTS, it finds the name, \
                       gives a notice and succeeds. DROP INDEX CONCURRENTLY IF EXISTS before it instead, and make the \
                       index without IF NOT EXISTS. With a catalog the rule speaks only where the index is INVALID.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, age int);",
                bad: "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_age ON users (age);",
                good: &["-- confiture: no-transaction\n\
                         DROP INDEX CONCURRENTLY IF EXISTS users_age;\n\
                         CREATE INDEX CONCURRENTLY users_age ON users (age);"],
                transaction: false,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.does(Verb::Create, ObjectKind::Index)) {
            let outline = statement.outline();
            let (Some(index), Some(span)) = (outline.name(), outline.modifier(Modifier::IfNotExists)) else {
                continue;
            };
            // Dropped a moment ago, or on a table that is as new.
            let gone = cx.before_it(statement).iter().any(|past| {
                past.does(Verb::Drop, ObjectKind::Index)
                    && past.outline().names.iter().any(|name| name.name() == index.name())
            });
            let fresh =
                outline.on.as_ref().is_some_and(|table| cx.is_new(statement, ObjectKind::Table, table));
            let wanted = match cx.before {
                _ if gone || fresh => false,
                Some(catalog) => find(catalog, Kind::Index, index)
                    .and_then(|id| catalog.get(id))
                    .is_some_and(|object| matches!(&object.detail, Detail::Index(index) if !index.valid)),
                None => outline.modifier(Modifier::Concurrently).is_some(),
            };
            if !wanted {
                continue;
            }
            let message = match cx.before {
                Some(_) => format!("{index} exists and is INVALID, and this leaves it so"),
                None => format!("{index} stays INVALID where an earlier run left it so"),
            };
            let finding = RuleFinding::new(statement, span, message)
                .label("succeeds with a notice")
                .help(format!("DROP INDEX CONCURRENTLY IF EXISTS {index}; before it, without IF NOT EXISTS"));
            out.push(if cx.before.is_some() { finding.seen_in_catalog() } else { finding });
        }
    }
}
