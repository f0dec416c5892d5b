//! `cluster-or-vacuum-full`.

use super::super::prelude::*;
use confiture_core::sql::TokenKind;

/// A table is written anew to put it in order or to give space back.
#[derive(Debug, Default)]
pub struct ClusterOrVacuumFull;

confiture_core::register!(rule ClusterOrVacuumFull);

impl Rule for ClusterOrVacuumFull {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "cluster-or-vacuum-full",
                summary: "CLUSTER and VACUUM FULL write the table anew under ACCESS EXCLUSIVE",
                docs: "Both copy the table and build all its indexes again, and nobody can read or write meanwhile. Plain \
VACUUM makes the space usable again without closing the table; pg_repack and pg_squeeze copy it \
beside its users.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
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
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
CLUSTER users USING users_pkey;",
                good: &[
                    "SET lock_timeout = '2s';\n\
ALTER TABLE users CLUSTER ON users_pkey;",
                    "-- confiture: no-transaction\n\
SET lock_timeout = 0;\n\
VACUUM users;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            let what = match outline.verb {
                Verb::Cluster => "CLUSTER",
                Verb::Vacuum if is_full(statement) => "VACUUM FULL",
                _ => continue,
            };
            let new = |table: &ObjectName| cx.is_new(statement, ObjectKind::Table, table);
            let mut finding = match outline.name() {
                Some(_) if outline.names.iter().all(new) => continue,
                Some(table) => RuleFinding::new(
                    statement,
                    statement.span(),
                    format!("nobody can use {table} while {what} writes it anew"),
                )
                .on(table),
                None => RuleFinding::new(
                    statement,
                    statement.span(),
                    format!("{what} writes every table anew, and nobody can use it meanwhile"),
                ),
            };
            finding = finding.label("ACCESS EXCLUSIVE lock for a rewrite of the whole table");
            out.push(finding.help("plain VACUUM, or pg_repack outside of migrations"));
        }
    }
}

/// Whether a VACUUM has the option FULL, and has not switched it off.
fn is_full(statement: &RuleStatement<'_>) -> bool {
    let sql = statement.sql();
    let tokens = statement.tokens();
    let options = match tokens.get(1) {
        Some(open) if open.kind == TokenKind::LeftParen => {
            let end = tokens.iter().position(|token| token.kind == TokenKind::RightParen);
            tokens.get(2..end.unwrap_or(tokens.len())).unwrap_or_default()
        }
        // FULL is the first of the words before the table, a reserved one.
        _ => tokens.get(1..2).unwrap_or_default(),
    };
    options.iter().enumerate().any(|(at, token)| {
        let off = options.get(at + 1).is_some_and(|value| {
            let value = value.text(sql).trim_matches('\'');
            ["false", "off", "no", "0"].iter().any(|word| value.eq_ignore_ascii_case(word))
        });
        token.is_word(sql, "full") && !off
    })
}
