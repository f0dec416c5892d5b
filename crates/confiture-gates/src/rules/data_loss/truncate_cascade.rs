//! `truncate-cascade`.

use super::super::known::table;
use super::super::prelude::*;

/// All rows of tables that are named nowhere are gone.
#[derive(Debug, Default)]
pub struct TruncateCascade;

confiture_core::register!(rule TruncateCascade);

impl Rule for TruncateCascade {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "truncate-cascade",
                summary: "TRUNCATE … CASCADE empties every table that refers to the table, too",
                docs: "The tables with foreign keys to it, those with foreign keys to them, and so on, are emptied with \
                       no more than a notice, also those another migration added since this one was written. Name the \
                       tables that are meant, without CASCADE: PostgreSQL then refuses what was forgotten. With a \
                       catalog the rule speaks only of tables that others refer to.",
            },
            category: RuleCategory::DataLoss,
            severity: Severity::Critical,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("carts", LockMode::AccessExclusive), ("lines", LockMode::AccessExclusive)],
                rewrites: &["carts", "lines"],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE carts (id int PRIMARY KEY);\nCREATE TABLE lines (cart int REFERENCES carts);\n\
                        CREATE INDEX ON lines (cart);\nINSERT INTO carts VALUES (1);\nINSERT INTO lines VALUES (1);",
                bad: "SET lock_timeout = '2s';\n-- confiture:ignore truncate carts are a cache\nTRUNCATE carts CASCADE;",
                good: &["DELETE FROM lines WHERE cart = 1;\nDELETE FROM carts WHERE id = 1;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.outline().verb == Verb::Truncate) {
            let names = &statement.outline().names;
            let tokens = statement.tokens();
            let cascade = tokens.iter().rev().find(|token| token.is_word(statement.sql(), "cascade"));
            let Some(span) = cascade.map(|token| token.span) else { continue };
            let old = names.iter().find(|name| {
                !cx.is_new(statement, ObjectKind::Table, name)
                    && table(cx, statement, name).is_none_or(|(catalog, id, _)| {
                        catalog.tables().any(|(other, _)| {
                            other != id
                                && catalog.constraints_of(other).any(|(_, constraint)| {
                                    constraint.references.as_ref().is_some_and(|to| to.table == *id)
                                })
                        })
                    })
            });
            if let Some(name) = old {
                out.push(
                    RuleFinding::new(
                        statement,
                        span,
                        format!("every table that refers to {name} is emptied, too"),
                    )
                    .help("name the tables that are meant, without CASCADE")
                    .on(name),
                );
            }
        }
    }
}
