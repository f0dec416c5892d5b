//! `unbounded-dml`.

use super::super::prelude::*;
use confiture_core::sql::{Body, Span, Token};

/// Every row of a table is updated or deleted in one statement.
#[derive(Debug, Default)]
pub struct UnboundedDml;

confiture_core::register!(rule UnboundedDml);

impl Rule for UnboundedDml {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "unbounded-dml",
                summary: "UPDATE or DELETE without WHERE touches every row at once",
                docs: "Every row it touches stays locked until the transaction ends, whoever writes to one of them \
                       waits, and the table grows by as many dead rows as vacuum cannot remove meanwhile. Do it in \
                       batches by key, each in a transaction of its own, in a migration without a transaction or \
                       outside of migrations.",
            },
            category: RuleCategory::Lock,
            severity: Severity::Medium,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::RowExclusive)], scans: &["users"], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, active bool);\n\
                        INSERT INTO users SELECT g FROM generate_series(1, 5000) g;\nANALYZE users;",
                bad: "UPDATE users SET active = true;",
                good: &["-- confiture: no-transaction\n\
                         UPDATE users SET active = true WHERE id BETWEEN 1 AND 100;\n\
                         UPDATE users SET active = true WHERE id BETWEEN 101 AND 200;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            for (verb, table, span) in inner(statement) {
                if !cx.is_new(statement, ObjectKind::Table, &table) {
                    out.push(finding(statement, span, verb, &table));
                }
            }
            let (Body::Rows(rows), Verb::Update | Verb::Delete) = (&outline.body, outline.verb) else {
                continue;
            };
            let Some(table) = outline.name() else { continue };
            if rows.filter.is_some() || rows.from.is_some() || cx.is_new(statement, ObjectKind::Table, table)
            {
                continue;
            }
            out.push(finding(statement, statement.span(), outline.verb, table));
        }
    }
}

fn finding(statement: &RuleStatement<'_>, span: Span, verb: Verb, table: &ObjectName) -> RuleFinding {
    let what = if verb == Verb::Delete { "deleted" } else { "updated" };
    RuleFinding::new(
        statement,
        span,
        format!("every row of {table} is {what} at once and stays locked until the transaction ends"),
    )
    .help("go through the table in batches by key, each in a transaction of its own")
    .on(table)
}

/// `(DELETE FROM table …)` and `(UPDATE table SET …)` in WITH, without FROM, USING or WHERE.
fn inner(statement: &RuleStatement<'_>) -> Vec<(Verb, ObjectName, Span)> {
    let sql = statement.sql();
    let tokens = statement.tokens();
    if !tokens.first().is_some_and(|first| first.is_word(sql, "with")) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        let [open, word] = pair else { continue };
        let verb = match open.text(sql) {
            "(" if word.is_word(sql, "delete") => Verb::Delete,
            "(" if word.is_word(sql, "update") => Verb::Update,
            _ => continue,
        };
        let body = &tokens[at + 1..];
        let mut depth = 0_usize;
        let end = body.iter().position(|token| match token.text(sql) {
            ")" if depth == 0 => true,
            ")" => {
                depth -= 1;
                false
            }
            "(" => {
                depth += 1;
                false
            }
            _ => false,
        });
        let Some(body) = end.map(|end| &body[..end]) else { continue };
        let limits = ["where", "using", "from"];
        // The FROM of DELETE FROM limits nothing.
        let limited = body.iter().skip(2).any(|token| limits.iter().any(|limit| token.is_word(sql, limit)));
        let Some(last) = body.last() else { continue };
        let only = |token: &&Token| token.is_word(sql, "from") || token.is_word(sql, "only");
        let named = 1 + body[1..].iter().take_while(only).count();
        let mut end = named;
        while body.get(end + 1).is_some_and(|dot| dot.text(sql) == ".") && end + 2 < body.len() {
            end += 2;
        }
        let (Some(first), Some(end)) = (body.get(named), body.get(end)) else { continue };
        let rest = Span { start: first.span.start, end: end.span.end };
        if let Some(name) = ObjectName::read(sql, rest).filter(|_| !limited) {
            found.push((verb, name, Span { start: word.span.start, end: last.span.end }));
        }
    }
    found
}
