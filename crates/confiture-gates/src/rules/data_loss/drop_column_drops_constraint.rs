//! `drop-column-drops-constraint`.

use super::super::known::{column_name, indexes, mentions, steps, table};
use super::super::prelude::*;
use confiture_core::catalog::ConstraintType;
use confiture_core::sql::{Body, TokenKind, Tokens};

/// With a column go constraints and indexes that are about other columns, too.
#[derive(Debug, Default)]
pub struct DropColumnDropsConstraint;

confiture_core::register!(rule DropColumnDropsConstraint);

impl Rule for DropColumnDropsConstraint {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "drop-column-drops-constraint",
                summary: "DROP COLUMN silently drops constraints and indexes on further columns",
                docs: "PostgreSQL drops every index, key and CHECK of the table that mentions the column, without a word and \
                       without CASCADE, also those about other columns: rows they refused are accepted from then \
                       on. Before, create what shall still hold of the other columns, and drop the old ones by name, \
                       so that a reader sees it. Indexes and constraints of the column alone are not reported.",
            },
            category: RuleCategory::DataLoss,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, tenant int, email text, UNIQUE (tenant, email));",
                bad: "SET lock_timeout = '2s';\n\
                      -- confiture:ignore drop-column nobody reads it, and a backup has it\n\
                      ALTER TABLE users DROP COLUMN tenant;",
                good: &[
                    "SET lock_timeout = '2s';\nALTER TABLE users DROP CONSTRAINT users_tenant_email_key;\n\
                         -- confiture:ignore drop-column nobody reads it, and a backup has it\n\
                         ALTER TABLE users DROP COLUMN tenant;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, of, action) in cx.actions(&[ActionKind::DropColumn]) {
            let Some(column) = &action.name else { continue };
            let gone = lost(cx, statement, of, column.name());
            let Some(first) = gone.first() else { continue };
            let more = match gone.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            let finding = RuleFinding::new(
                statement,
                action.span,
                format!("with {of}.{column} goes {first}{more}, which is about other columns, too"),
            )
            .label("dropped without CASCADE and without a word")
            .help("before, create what shall still hold of the other columns, and drop the old one by name")
            .on(of)
            .evidence("dropped", gone);
            out.push(if cx.before.is_some() { finding.seen_in_catalog() } else { finding });
        }
    }
}

/// Constraints and indexes that mention the column and another one.
fn lost(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, of: &ObjectName, column: &str) -> Vec<String> {
    let shared = |columns: &[String]| columns.len() > 1 && columns.iter().any(|name| name == column);
    let dropped = |name: &str| {
        cx.statements.iter().take(statement.index + 1).any(|past| {
            let outline = past.outline();
            let index = past.does(Verb::Drop, ObjectKind::Index)
                && outline.names.iter().any(|dropped| dropped.name() == name);
            let constraint = |action: &Action| {
                action.kind == ActionKind::DropConstraint
                    && action.name.as_ref().is_some_and(|dropped| dropped.name() == name)
            };
            index || outline.actions().iter().any(constraint)
        })
    };
    let mut gone: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !dropped(name) && !gone.iter().any(|known| known == name) {
            gone.push(name.to_owned());
        }
    };
    for index in indexes(cx, statement, Some(of)) {
        let name = index.name.as_ref().map_or("an index", ObjectName::name);
        if shared(&index.columns) {
            add(name);
        }
    }
    if let Some((catalog, id, _)) = table(cx, statement, of) {
        for (id, constraint) in catalog.constraints_of(id) {
            if constraint.constraint_type != ConstraintType::PrimaryKey && shared(&constraint.columns) {
                add(id.name());
            }
        }
    }
    for past in steps(cx, statement) {
        let outline = past.outline();
        if !outline.name().is_some_and(|name| RuleContext::same_name(name, of)) {
            continue;
        }
        let clauses: Vec<&Clause> = match &outline.body {
            Body::Table(table) => {
                table.constraints().chain(table.columns().flat_map(|column| &column.clauses)).collect()
            }
            Body::Actions(actions) => actions.iter().filter_map(|a| a.constraint.as_ref()).collect(),
            _ => continue,
        };
        for clause in clauses {
            let name = clause.name.as_ref().map_or("a constraint", ObjectName::name);
            match clause.kind {
                ClauseKind::ForeignKey => {
                    let columns: Vec<String> =
                        clause.columns.iter().map(|span| column_name(span.text(past.sql()))).collect();
                    if shared(&columns) {
                        add(name);
                    }
                }
                ClauseKind::Check => {
                    let Some(expression) = clause.expression else { continue };
                    if mentions(past, expression, column) && columns_in(expression.text(past.sql()), column) {
                        add(name);
                    }
                }
                _ => {}
            }
        }
    }
    gone
}

/// Whether an expression compares the column with another name: `a < b`, not `a > 0 AND lower(a) = a`.
fn columns_in(expression: &str, column: &str) -> bool {
    const WORDS: &[&str] =
        &["and", "or", "not", "is", "null", "in", "between", "like", "any", "true", "false"];
    let tokens: Vec<_> = Tokens::new(expression).filter(|token| !token.kind.is_trivia()).collect();
    tokens.iter().enumerate().any(|(at, token)| {
        let called = tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::LeftParen);
        let cast = at > 0 && tokens[at - 1].text(expression) == "::";
        let name = column_name(token.text(expression));
        token.kind.is_name() && !called && !cast && name != column && !WORDS.contains(&name.as_str())
    })
}
