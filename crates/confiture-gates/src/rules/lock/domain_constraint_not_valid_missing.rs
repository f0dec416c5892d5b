//! `domain-constraint-not-valid-missing`.

use super::super::known;
use super::super::prelude::*;
use confiture_core::catalog::{Detail, Kind};

/// Every table with a column of a domain is read while nobody can write to it.
#[derive(Debug, Default)]
pub struct DomainConstraintNotValidMissing;

confiture_core::register!(rule DomainConstraintNotValidMissing);

impl Rule for DomainConstraintNotValidMissing {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "domain-constraint-not-valid-missing",
                summary: "a constraint of a domain is checked in every table that uses it",
                docs: "ALTER DOMAIN … ADD CHECK and SET NOT NULL read each table that has a column of the domain, one after \
the other, and hold SHARE on all of them until the transaction ends: nobody can write. Added NOT \
VALID the constraint holds for new values at once and reads nothing. VALIDATE CONSTRAINT in a \
migration of its own reads the tables; since PostgreSQL 18 it lets writers through.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { locks: &[("items", LockMode::Share)], scans: &["items"], ..Claim::NONE },
            withdrawal: Withdrawal::NoScan,
            example: RuleExample {
                setup: "CREATE DOMAIN positive AS int;\n\
CREATE TABLE items (id int PRIMARY KEY, price positive);\n\
INSERT INTO items SELECT g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
ALTER DOMAIN positive ADD CONSTRAINT positive_ok CHECK (VALUE > 0);",
                good: &["SET lock_timeout = '2s';\n\
ALTER DOMAIN positive ADD CONSTRAINT positive_ok CHECK (VALUE > 0) NOT VALID;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.does(Verb::Alter, ObjectKind::Domain)) {
            let Some(domain) = statement.outline().name() else { continue };
            if cx.is_new(statement, ObjectKind::Domain, domain) || !used(cx, statement, domain) {
                continue;
            }
            for action in statement.outline().actions() {
                let reads = match (action.kind, &action.constraint) {
                    (ActionKind::SetNotNull, _) => true,
                    (_, Some(clause)) => clause.attribute(AttributeKind::NotValid).is_none(),
                    _ => false,
                };
                if !reads {
                    continue;
                }
                let finding = RuleFinding::new(
                    statement,
                    action.span,
                    format!("nobody can write to the tables with a column of {domain} while they are read"),
                );
                out.push(
                    finding
                        .label("SHARE lock for a read of each of these tables")
                        .help("ADD CONSTRAINT … CHECK (…) NOT VALID, then VALIDATE CONSTRAINT in a migration of its own"),
                );
            }
        }
    }
}

/// Whether a column may be of the domain; without a catalog it is.
fn used(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, domain: &ObjectName) -> bool {
    let original = cx.original(statement, ObjectKind::Domain, domain);
    let (Some(catalog), Some(original)) = (cx.before, original) else { return true };
    let Some((id, _)) = known::named(catalog.domains(), &original) else { return true };
    catalog.of_kind(Kind::Column).any(|(_, object)| match &object.detail {
        Detail::Column(column) => column.data_type.trim_end_matches("[]") == id.sql_name(),
        _ => false,
    })
}
