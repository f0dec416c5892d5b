//! `add-column-volatile-default`.

use super::super::prelude::*;
use confiture_core::sql::TokenKind;

/// A default that differs from row to row is written into every row.
#[derive(Debug, Default)]
pub struct AddColumnVolatileDefault;

confiture_core::register!(rule AddColumnVolatileDefault);

/// Volatile functions of PostgreSQL that people put into defaults.
const VOLATILE: &[&str] = &[
    "clock_timestamp",
    "currval",
    "gen_random_uuid",
    "lastval",
    "nextval",
    "random",
    "random_normal",
    "setseed",
    "setval",
    "timeofday",
    "uuidv4",
    "uuidv7",
    // Of the extensions uuid-ossp and pgcrypto.
    "gen_random_bytes",
    "gen_salt",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
];

impl Rule for AddColumnVolatileDefault {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "add-column-volatile-default",
                summary: "ADD COLUMN with a volatile default writes the table anew",
                docs: "A default that is the same for all rows is kept in the catalog (since PostgreSQL 11; now() is \
                       one). A volatile one (random(), clock_timestamp(), gen_random_uuid(), nextval()) has to be \
                       worked out for each row: table and indexes are written anew under ACCESS EXCLUSIVE. Add the \
                       column without a default, SET DEFAULT for new rows, and fill the old ones in batches.",
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
                setup: "CREATE TABLE users (id int PRIMARY KEY);\n\
                        INSERT INTO users SELECT g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
                      ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();",
                good: &["SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN token uuid;\n\
                         ALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AddColumn]) {
            let default = action.column.as_ref().and_then(|column| column.clause(ClauseKind::Default));
            let Some(expression) = default.and_then(|default| default.expression) else { continue };
            let Some(function) = volatile(cx, statement, expression) else { continue };
            out.push(
                RuleFinding::new(
                    statement,
                    expression,
                    format!("{table} is written anew: {function}() gives another value for each row"),
                )
                .label("ACCESS EXCLUSIVE lock for a rewrite of the whole table")
                .help("add the column without a default, SET DEFAULT, and fill the old rows in batches")
                .on(table),
            );
        }
    }
}

/// The first volatile function that an expression calls: one of PostgreSQL, or one of the chain's own that is
/// not declared STABLE or IMMUTABLE.
fn volatile(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    expression: confiture_core::sql::Span,
) -> Option<String> {
    let sql = statement.sql();
    let calls = statement.tokens_in(expression).windows(2).filter_map(|pair| {
        let called = pair[0].kind.is_name() && pair[1].kind == TokenKind::LeftParen;
        called.then(|| pair[0].text(sql).trim_matches('"').to_ascii_lowercase())
    });
    calls.into_iter().find(|name| VOLATILE.contains(&name.as_str()) || defined_volatile(cx, statement, name))
}

fn defined_volatile(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, name: &str) -> bool {
    use confiture_core::sql::{Body, PartKind};
    let definition = cx.past(statement).find(|past| {
        past.does(Verb::Create, ObjectKind::Function)
            && past.outline().name().is_some_and(|known| known.name() == name)
    });
    let Some(definition) = definition else { return false };
    match &definition.outline().body {
        Body::Definition(body) => body
            .part(PartKind::Volatility)
            .is_none_or(|part| part.span.text(definition.sql()).eq_ignore_ascii_case("volatile")),
        _ => false,
    }
}
