//! `add-column-not-null-no-default`.

use super::super::known::is_serial;
use super::super::prelude::*;
use confiture_core::catalog::{Detail, Kind};

/// A column refuses NULL, and the old rows have nothing else for it.
#[derive(Debug, Default)]
pub struct AddColumnNotNullNoDefault;

confiture_core::register!(rule AddColumnNotNullNoDefault);

impl Rule for AddColumnNotNullNoDefault {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "add-column-not-null-no-default",
                summary: "ADD COLUMN NOT NULL without a default fails on every table that has rows",
                docs: "The old rows would have NULL in the new column, so the statement fails with SQLSTATE 23502; it \
                       works on the empty tables of a test. The previous application would not write the column \
                       either. Give it a DEFAULT that is right for old rows, or add it nullable, fill it in batches, \
                       and refuse NULL when no application is left that omits it.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { sqlstate: Some("23502"), ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);\nINSERT INTO users VALUES (1);",
                bad: "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN tenant int NOT NULL;",
                good: &[
                    "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN tenant int NOT NULL DEFAULT 0;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AddColumn]) {
            let Some(column) = &action.column else { continue };
            let data_type = column.data_type.map_or("", |span| span.text(statement.sql()));
            let refuses =
                |clause: &&Clause| matches!(clause.kind, ClauseKind::NotNull | ClauseKind::PrimaryKey);
            let refusing = column.clauses.iter().find(refuses).map(|clause| clause.span);
            let Some(span) = refusing.or(column.data_type.filter(|_| domain_refuses(cx, statement, column)))
            else {
                continue;
            };
            let fills = |clause: &Clause| {
                match clause.kind {
                ClauseKind::Identity | ClauseKind::Generated => true,
                ClauseKind::Default => !clause.expression.is_some_and(|expression| {
                    matches!(statement.tokens_in(expression), [null] if null.is_word(statement.sql(), "null"))
                }),
                _ => false,
            }
            };
            let own = column.clauses.iter().any(fills) || is_serial(data_type);
            if own
                || (refusing.is_some() && domain_fills(cx, statement, column))
                || cx.rows_of(table) == Some(0)
                || emptied(cx, statement, table)
            {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    span,
                    format!("{table} has no value for {} in its rows", column.name),
                )
                .label("refused with SQLSTATE 23502 as soon as there is a row")
                .help("give the column a DEFAULT, or add it nullable, fill it, and SET NOT NULL later")
                .on(table)
                .evidence("sqlstate", "23502"),
            );
        }
    }
}

/// Whether the migration takes all rows away before.
fn emptied(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, table: &ObjectName) -> bool {
    use confiture_core::sql::Body;
    cx.before_it(statement).iter().any(|past| {
        let outline = past.outline();
        let all = match &outline.body {
            Body::Rows(rows) => outline.verb == Verb::Delete && rows.filter.is_none() && rows.from.is_none(),
            _ => outline.verb == Verb::Truncate,
        };
        all && outline.names.iter().any(|name| RuleContext::same_name(name, table))
    })
}

type Column = confiture_core::sql::Column;

/// Whether the column's type is a domain that refuses NULL and has no default, and the column has none.
fn domain_refuses(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, column: &Column) -> bool {
    domain(cx, statement, column).is_some_and(|(not_null, default)| not_null && !default)
}

fn domain_fills(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, column: &Column) -> bool {
    domain(cx, statement, column).is_some_and(|(_, default)| default)
}

/// Whether the domain that is the column's type refuses NULL, and whether it has a default.
fn domain(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, column: &Column) -> Option<(bool, bool)> {
    use confiture_core::sql::Body;
    let name = ObjectName::read(statement.sql(), column.data_type?)?;
    if let Some(made) = super::super::known::made(cx, statement, ObjectKind::Domain, &name) {
        let Body::Definition(definition) = &made.outline().body else { return None };
        let has = |kind| definition.clauses.iter().any(|clause| clause.kind == kind);
        return Some((has(ClauseKind::NotNull), has(ClauseKind::Default)));
    }
    let id = super::super::known::find(cx.before?, Kind::Domain, &name)?;
    match &cx.before?.get(id)?.detail {
        Detail::Domain(domain) => Some((domain.not_null, domain.default.is_some())),
        _ => None,
    }
}
