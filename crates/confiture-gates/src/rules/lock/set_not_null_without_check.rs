//! `set-not-null-without-check`.

use super::super::prelude::*;
use confiture_core::sql::Body;

/// A table is read under ACCESS EXCLUSIVE to see that a column has no NULL.
#[derive(Debug, Default)]
pub struct SetNotNullWithoutCheck;

confiture_core::register!(rule SetNotNullWithoutCheck);

impl Rule for SetNotNullWithoutCheck {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "set-not-null-without-check",
                summary: "SET NOT NULL reads the whole table under ACCESS EXCLUSIVE",
                docs: "SET NOT NULL looks at every row, and nobody can read or write meanwhile. A validated CHECK \
                       (column IS NOT NULL) spares the scan (since PostgreSQL 12): add it NOT VALID, VALIDATE it in a \
                       transaction of its own, then SET NOT NULL and drop it. Since 18 the column's NOT NULL itself \
                       can be added NOT VALID.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], scans: &["users"], ..Claim::NONE },
            withdrawal: Withdrawal::NoScan,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text);\n\
                        INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN email SET NOT NULL;",
                good: &[
                    "SET lock_timeout = '2s';\n\
                     -- confiture:ignore new-constraint-rejects-old-writer the application has filled it since its last release\n\
                     ALTER TABLE users ADD CONSTRAINT email_there CHECK (email IS NOT NULL) NOT VALID;",
                    "SET lock_timeout = '2s';\nALTER TABLE users VALIDATE CONSTRAINT email_there;",
                    "SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN email SET NOT NULL;\n\
                     ALTER TABLE users DROP CONSTRAINT email_there;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::SetNotNull]) {
            let Some(column) = &action.name else { continue };
            if proven(cx, statement, table, column) {
                continue;
            }
            let check = format!("CHECK ({column} IS NOT NULL)");
            out.push(
                RuleFinding::new(
                    statement,
                    action.span,
                    format!("nobody can use {table} while every row is looked at for NULL in {column}"),
                )
                .label("ACCESS EXCLUSIVE lock for a read of the whole table")
                .help(format!(
                    "before: ALTER TABLE {table} ADD CONSTRAINT {}_not_null {check} NOT VALID; then VALIDATE it in \
                     a migration of its own",
                    column.name()
                ))
                .on(table),
            );
        }
    }
}

/// Whether a validated CHECK says already that the column holds no NULL, or the migration adds the column.
fn proven(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    table: &ObjectName,
    column: &ObjectName,
) -> bool {
    let mut validated: Vec<&str> = Vec::new();
    let mut dropped: Vec<&str> = Vec::new();
    for past in cx.past(statement) {
        if !past.outline().name().is_some_and(|name| RuleContext::same_name(name, table)) {
            continue;
        }
        // A CHECK that the table was made with is valid.
        if let Body::Table(body) = &past.outline().body {
            let own = body.columns().flat_map(|column| &column.clauses);
            return body.constraints().chain(own).any(|clause| {
                let name = clause.name.as_ref().map_or("", ObjectName::name);
                !dropped.contains(&name) && says_not_null(past, clause, column)
            });
        }
        for action in past.outline().actions() {
            match (action.kind, &action.name, &action.constraint) {
                (ActionKind::ValidateConstraint, Some(name), _) => validated.push(name.name()),
                (ActionKind::DropConstraint, Some(name), _) => dropped.push(name.name()),
                (ActionKind::AddConstraint, name, Some(clause)) if says_not_null(past, clause, column) => {
                    let valid = clause.attribute(AttributeKind::NotValid).is_none();
                    let name = name.as_ref().map_or("", ObjectName::name);
                    if (valid || validated.contains(&name)) && !dropped.contains(&name) {
                        return true;
                    }
                }
                _ => {}
            }
        }
    }
    false
}

/// Whether a constraint is `CHECK (column IS NOT NULL)`, or NOT NULL of the column.
fn says_not_null(statement: &RuleStatement<'_>, clause: &Clause, column: &ObjectName) -> bool {
    let sql = statement.sql();
    match (clause.kind, clause.expression) {
        (ClauseKind::Check, Some(expression)) => match statement.tokens_in(expression) {
            [name, is, not, null] => {
                let named = name.text(sql).trim_matches('"');
                (named == column.name() || named.eq_ignore_ascii_case(column.name()))
                    && is.is_word(sql, "is")
                    && not.is_word(sql, "not")
                    && null.is_word(sql, "null")
            }
            _ => false,
        },
        _ => false,
    }
}
