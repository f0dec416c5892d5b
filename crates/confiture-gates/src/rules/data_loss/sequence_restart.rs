//! `sequence-restart`.

use super::super::prelude::*;
use confiture_core::sql::{Span, TokenKind, constant};

/// A sequence gives numbers that were given before.
#[derive(Debug, Default)]
pub struct SequenceRestart;

confiture_core::register!(rule SequenceRestart);

impl Rule for SequenceRestart {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "sequence-restart",
                summary: "a sequence that starts again collides with the keys there are",
                docs: "New rows get keys that old rows have: INSERTs fail with SQLSTATE 23505 where the key is unique, and where it is \
                       not, or rows were deleted, two things share a number for ever. Set it from the data: SELECT \
                       setval('s', (SELECT max(id) FROM t)).",
            },
            category: RuleCategory::DataLoss,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE SEQUENCE numbers;",
                bad: "ALTER SEQUENCE numbers RESTART WITH 1;",
                good: &[
                    "CREATE TABLE bills (id int PRIMARY KEY);\nSELECT setval('numbers', (SELECT max(id) FROM bills));",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            let sql = statement.sql();
            let has = |span, word| statement.tokens_in(span).iter().any(|token| token.is_word(sql, word));
            match (outline.verb, outline.object) {
                (Verb::Alter, Some(ObjectKind::Sequence)) => {
                    let Some(name) = outline.name() else { continue };
                    let behind = Span::new(name.span.end, sql.len());
                    if has(behind, "restart") && !cx.is_new(statement, ObjectKind::Sequence, name) {
                        out.push(restarted(statement, statement.span(), &name.to_string()));
                    }
                }
                (Verb::Select, _) => {
                    let tokens = statement.tokens();
                    let call = tokens.iter().position(|token| token.is_word(sql, "setval"));
                    let Some([name, _, value]) = call.and_then(|at| tokens.get(at + 2..at + 5)) else {
                        continue;
                    };
                    let written = constant(name.text(sql), name.kind).map(|(name, _)| name);
                    let sequence = written.and_then(|name| ObjectName::read(&name, Span::new(0, name.len())));
                    let old = |name: &ObjectName| !cx.is_new(statement, ObjectKind::Sequence, name);
                    if let Some(name) = sequence.filter(old).filter(|_| value.kind == TokenKind::Number) {
                        out.push(restarted(statement, value.span, &name.to_string()));
                    }
                }
                _ => {}
            }
        }
        for (statement, table, action) in cx.actions(&[ActionKind::AlterIdentity]) {
            let tokens = statement.tokens_in(action.span);
            if tokens.iter().any(|token| token.is_word(statement.sql(), "restart")) {
                let column = action.name.as_ref().map_or_else(String::new, ToString::to_string);
                out.push(restarted(statement, action.span, &format!("{table}.{column}")).on(table));
            }
        }
    }
}

fn restarted(statement: &RuleStatement<'_>, span: Span, what: &str) -> RuleFinding {
    RuleFinding::new(statement, span, format!("{what} gives numbers again that may be in use"))
        .label("INSERTs with a number in use are refused with SQLSTATE 23505")
        .help("set it from the data: SELECT setval('…', (SELECT max(…) FROM …));")
}
