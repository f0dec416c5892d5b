//! `revoke-privilege`.

use super::super::prelude::*;

/// Somebody may no longer do what the running application does.
#[derive(Debug, Default)]
pub struct RevokePrivilege;

confiture_core::register!(rule RevokePrivilege);

impl Rule for RevokePrivilege {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "revoke-privilege",
                summary: "REVOKE breaks the application that relies on the privilege",
                docs: "The previous version of the application runs on, and what it may no longer do fails with SQLSTATE 42501. \
                       Revoke when nothing relies on the privilege any more; what is given again in the same \
                       transaction to the same role is not missed.",
            },
            category: RuleCategory::ClientBreak,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim::NONE,
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY);\nGRANT SELECT, INSERT ON users TO PUBLIC;",
                bad: "REVOKE INSERT ON users FROM PUBLIC;",
                good: &["REVOKE ALL ON users FROM PUBLIC;\nGRANT ALL ON users TO PUBLIC;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.outline().verb == Verb::Revoke) {
            let outline = statement.outline();
            let Some(kind) = outline.object else { continue };
            let words: Vec<_> = statement.tokens().iter().take(4).collect();
            let option = words.get(2).is_some_and(|word| word.is_word(statement.sql(), "option"));
            let old = outline.names.iter().any(|name| !cx.is_new(statement, kind, name));
            let known = !matches!(kind, ObjectKind::Role | ObjectKind::Schema) && !outline.names.is_empty();
            if option || (known && !old) || given_again(cx, statement) {
                continue;
            }
            let what = match (kind, outline.names.first()) {
                (ObjectKind::Role, _) | (_, None) => String::new(),
                (_, Some(name)) => format!(" on {name}"),
            };
            out.push(
                RuleFinding::new(
                    statement,
                    statement.span(),
                    format!("the running application loses what it may do{what}"),
                )
                .label("refused with SQLSTATE 42501 from now on")
                .help("revoke it when no running application relies on it"),
            );
        }
    }
}

/// Whether the same transaction grants as much on the same objects to the same roles later.
fn given_again(cx: &RuleContext<'_>, statement: &RuleStatement<'_>) -> bool {
    let Some((privileges, object, roles)) = parts(statement, "from") else { return false };
    cx.after_it(statement).iter().filter(|later| RuleContext::together(statement, later)).any(|later| {
        later.outline().verb == Verb::Grant
            && parts(later, "to").is_some_and(|(given, on, to)| {
                let all = given.first().is_some_and(|word| word == "all");
                on == object
                    && roles.iter().all(|role| to.contains(role))
                    && (all || privileges.iter().all(|privilege| given.contains(privilege)))
            })
    })
}

/// The words before `ON`, those up to `word`, and those after it.
fn parts(statement: &RuleStatement<'_>, word: &str) -> Option<(Vec<String>, Vec<String>, Vec<String>)> {
    let sql = statement.sql();
    let tokens = statement.tokens();
    let on = tokens.iter().position(|token| token.is_word(sql, "on"))?;
    let to = tokens.iter().position(|token| token.is_word(sql, word)).filter(|to| *to > on)?;
    let words = |from: usize, to: usize| {
        let text = tokens[from..to].iter().map(|token| token.text(sql).to_ascii_lowercase());
        text.filter(|text| !matches!(text.as_str(), "," | ";" | "table" | "cascade" | "restrict")).collect()
    };
    Some((words(1, on), words(on + 1, to), words(to + 1, tokens.len())))
}
