//! A rule: no `char(n)`.

use confiture_core::Severity;
use confiture_core::plugin::{Claim, PluginMeta, Rule, RuleCategory, RuleContext, RuleExample, RuleFinding};
use confiture_core::plugin::{RuleMeta, Tier, Withdrawal};

const SUMMARY: &str = "char(n) pads what is stored in it";
const BAD: &str = "CREATE TABLE t (code char(3));";
const GOOD: &[&str] = &["CREATE TABLE t (code text);"];

#[derive(Debug, Default)]
struct NoChar;
confiture_core::register!(rule NoChar);

impl Rule for NoChar {
    fn meta(&self) -> &'static RuleMeta {
        &RuleMeta {
            plugin: PluginMeta { id: "acme/no-char", summary: SUMMARY, docs: "We use text." },
            category: RuleCategory::Design,
            severity: Severity::Medium,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample { setup: "", bad: BAD, good: GOOD, transaction: true },
        }
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let char = statement.tokens().iter().filter(|token| token.is_word(statement.sql(), "char"));
            out.extend(char.map(|token| RuleFinding::new(statement, token.span, SUMMARY).help("text")));
        }
    }
}
