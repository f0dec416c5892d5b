//! `rls-without-policy`.

use super::super::known;
use super::super::prelude::*;
use confiture_core::sql::{Body, PartKind};

/// Row security shows nobody anything.
#[derive(Debug, Default)]
pub struct RlsWithoutPolicy;

confiture_core::register!(rule RlsWithoutPolicy);

impl Rule for RlsWithoutPolicy {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "rls-without-policy",
                summary: "ENABLE ROW LEVEL SECURITY without a policy hides every row",
                docs: "Without a permissive policy nobody but the owner, superusers and roles with BYPASSRLS sees a row or may write \
                       one: SELECT is empty, INSERT fails with SQLSTATE 42501. Create the policies in the same \
                       transaction. FORCE ROW LEVEL SECURITY does so to the owner too.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users ENABLE ROW LEVEL SECURITY;",
                good: &[
                    "SET lock_timeout = '2s';\nALTER TABLE users ENABLE ROW LEVEL SECURITY;\nCREATE POLICY everyone ON users USING (true);",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        let kinds = [ActionKind::EnableRowSecurity, ActionKind::ForceRowSecurity];
        for (statement, table, action) in cx.actions(&kinds) {
            let off = |other: &&RuleStatement<'_>| RuleContext::together(statement, other);
            let mut around = cx.past(statement).chain(cx.after_it(statement).iter().filter(off));
            let created = around.any(|other| permits(other, table));
            let there = known::table(cx, statement, table).is_some_and(|(catalog, id, _)| {
                let dropped = |name: &str| {
                    cx.before_it(statement).iter().any(|past| {
                        past.does(Verb::Drop, ObjectKind::Policy)
                            && past.outline().names.iter().any(|dropped| dropped.name() == name)
                    })
                };
                catalog.policies_of(id).any(|(id, policy)| policy.permissive && !dropped(id.name()))
            });
            // FORCE after ENABLE says nothing new.
            let again = out.iter().any(|found: &RuleFinding| found.table.as_ref() == Some(&table.parts));
            if created || there || again {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    action.span,
                    format!("the running application sees no row of {table}"),
                )
                .label("no permissive policy lets anybody in")
                .help(format!("in the same transaction: CREATE POLICY … ON {table} USING (…);"))
                .on(table),
            );
        }
        for statement in cx.statements.iter().filter(|s| s.does(Verb::Drop, ObjectKind::Policy)) {
            let Some(table) = &statement.outline().on else { continue };
            let Some((catalog, id, _)) =
                known::table(cx, statement, table).filter(|(_, _, on)| on.row_security)
            else {
                continue;
            };
            let dropped = |name: &str| {
                cx.statements.iter().any(|other| {
                    other.does(Verb::Drop, ObjectKind::Policy)
                        && other.outline().on.as_ref().is_some_and(|on| RuleContext::same_name(on, table))
                        && other.outline().names.iter().any(|dropped| dropped.name() == name)
                })
            };
            let was = catalog.policies_of(id).any(|(_, policy)| policy.permissive);
            let left = catalog.policies_of(id).any(|(id, policy)| policy.permissive && !dropped(id.name()));
            let given = cx.statements.iter().any(|other| {
                permits(other, table)
                    || (known::is_about(other, Verb::Alter, table)
                        && other
                            .outline()
                            .actions()
                            .iter()
                            .any(|action| action.kind == ActionKind::DisableRowSecurity))
                    || (other.does(Verb::Drop, ObjectKind::Table)
                        && other.outline().names.iter().any(|name| RuleContext::same_name(name, table)))
            });
            let again = out.iter().any(|found: &RuleFinding| found.table.as_ref() == Some(&table.parts));
            if !was || left || given || again {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    statement.span(),
                    format!(
                        "the running application sees no row of {table}: its last permissive policy goes"
                    ),
                )
                .help(format!("in the same transaction: CREATE POLICY … ON {table} USING (…);"))
                .on(table)
                .seen_in_catalog(),
            );
        }
    }
}

/// Whether a statement creates a permissive policy of the table.
fn permits(statement: &RuleStatement<'_>, table: &ObjectName) -> bool {
    let outline = statement.outline();
    let Body::Definition(definition) = &outline.body else { return false };
    let restrictive = definition
        .part(PartKind::Permissive)
        .is_some_and(|part| part.span.text(statement.sql()).to_ascii_lowercase().contains("restrictive"));
    statement.does(Verb::Create, ObjectKind::Policy)
        && !restrictive
        && outline.on.as_ref().is_some_and(|on| RuleContext::same_name(on, table))
}
