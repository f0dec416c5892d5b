//! `identifier-too-long`.

use std::collections::BTreeSet;

use super::super::prelude::*;
use confiture_core::sql::TokenKind;

/// A name is longer than PostgreSQL keeps.
#[derive(Debug, Default)]
pub struct IdentifierTooLong;

confiture_core::register!(rule IdentifierTooLong);

/// Bytes of a name that PostgreSQL keeps (`NAMEDATALEN - 1`).
const KEPT: usize = 63;

impl Rule for IdentifierTooLong {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "identifier-too-long",
                summary: "a name of more than 63 bytes is cut, with no more than a notice",
                docs: "PostgreSQL keeps the first 63 bytes of a name. The object is called otherwise than the script \
                       says, whoever looks it up in the catalog by its whole name does not find it, and two long names \
                       that start alike become one. Choose a shorter name. Names that PostgreSQL makes up itself (of \
                       indexes and constraints) are shortened by rules of their own and are not meant.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "",
                bad: "CREATE TABLE notes (\n  the_name_of_this_column_is_longer_than_the_sixty_three_bytes_of_a_name int\n);",
                good: &["CREATE TABLE notes (short int);"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        let mut told = BTreeSet::new();
        for statement in
            cx.statements.iter().filter(|s| matches!(s.outline().verb, Verb::Create | Verb::Alter))
        {
            for token in statement.tokens().iter().filter(|token| token.kind.is_name()) {
                let text = token.text(statement.sql());
                let name = match token.kind {
                    TokenKind::Ident => text.to_ascii_lowercase(),
                    TokenKind::QuotedIdent => text.trim_matches('"').replace("\"\"", "\""),
                    _ => continue,
                };
                if name.len() <= KEPT || !told.insert(name.clone()) {
                    continue;
                }
                let end = (0..=KEPT).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
                out.push(
                    RuleFinding::new(
                        statement,
                        token.span,
                        format!("this name has {} bytes; PostgreSQL keeps {KEPT}", name.len()),
                    )
                    .label(format!("becomes {}", &name[..end]))
                    .help("choose a name of at most 63 bytes"),
                );
            }
        }
    }
}
