//! `add-column-constrained-domain`.

use super::super::known;
use super::super::prelude::*;
use confiture_core::sql::Body;

/// A column of a domain with constraints is written into every row.
#[derive(Debug, Default)]
pub struct AddColumnConstrainedDomain;

confiture_core::register!(rule AddColumnConstrainedDomain);

impl Rule for AddColumnConstrainedDomain {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "add-column-constrained-domain",
                summary: "ADD COLUMN of a domain with constraints writes the table anew",
                docs: "A constraint of the domain has to be checked for the new column, and PostgreSQL does so by writing \
table and indexes anew under ACCESS EXCLUSIVE, even when all values are NULL. Add the column with \
the base type and a CHECK NOT VALID, validated in a migration of its own.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim {
                locks: &[("users", LockMode::AccessExclusive)],
                rewrites: &["users"],
                scans: &["users"],
                ..Claim::NONE
            },
            withdrawal: Withdrawal::NoRewrite,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;\n\
CREATE DOMAIN positive AS int CHECK (VALUE > 0);",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE users ADD COLUMN points positive;",
                good: &[
                    "SET lock_timeout = '2s';\n\
ALTER TABLE users ADD COLUMN points int;\n\
ALTER TABLE users ADD CONSTRAINT points_ok CHECK (points > 0) NOT VALID;",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE users VALIDATE CONSTRAINT points_ok;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AddColumn]) {
            let Some(column) = &action.column else { continue };
            let Some(span) = column.data_type else { continue };
            let Some(domain) = ObjectName::read(statement.sql(), span) else { continue };
            if !is_constrained(cx, statement, &domain) {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    span,
                    format!("{table} is written anew: {domain} has constraints"),
                )
                .label("ACCESS EXCLUSIVE lock for a rewrite of the whole table")
                .help("add it with the base type and a CHECK NOT VALID, then VALIDATE in a migration of its own")
                .on(table),
            );
        }
    }
}

/// Whether the migrations or the catalog know a domain of this name that has constraints.
fn is_constrained(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, domain: &ObjectName) -> bool {
    let constrains = |clause: &Clause| matches!(clause.kind, ClauseKind::Check | ClauseKind::NotNull);
    let said = known::steps(cx, statement).rev().any(|past| {
        let outline = past.outline();
        outline.object == Some(ObjectKind::Domain)
            && outline.name().is_some_and(|name| RuleContext::same_name(name, domain))
            && match &outline.body {
                Body::Definition(definition) => definition.clauses.iter().any(constrains),
                Body::Actions(actions) => actions.iter().any(|action| {
                    action.kind == ActionKind::SetNotNull
                        || action.constraint.as_ref().is_some_and(constrains)
                }),
                _ => false,
            }
    });
    let found = cx.before.and_then(|catalog| {
        let (id, domain) = known::named(catalog.domains(), domain)?;
        Some(domain.not_null || catalog.constraints_of(id).next().is_some())
    });
    said || found == Some(true)
}
