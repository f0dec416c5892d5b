//! `long-work-under-exclusive-lock`.

use super::super::prelude::*;
use super::super::taken::taken;
use confiture_core::sql::{Body, Rows, TableOptionKind, Token, TokenKind};

/// Rows are written while the transaction keeps others out of a table.
#[derive(Debug, Default)]
pub struct LongWorkUnderExclusiveLock;

confiture_core::register!(rule LongWorkUnderExclusiveLock);

impl Rule for LongWorkUnderExclusiveLock {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "long-work-under-exclusive-lock",
                summary: "rows are changed in the transaction that holds a strong lock",
                docs: "A lock is held until the transaction ends, not until its statement does. A backfill after ALTER \
TABLE in one transaction keeps everybody out of the table for as long as the backfill takes. Change \
the schema in one migration, and rows in another one, in batches. Rows that are named by their key \
or a range of it do not count.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], scans: &["users"], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE users ADD COLUMN active boolean;\n\
UPDATE users SET active = true WHERE active IS NULL;",
                good: &[
                    "SET lock_timeout = '2s';\n\
ALTER TABLE users ADD COLUMN active boolean;",
                    "-- confiture: no-transaction\n\
SET lock_timeout = 0;\n\
UPDATE users SET active = true WHERE id BETWEEN 1 AND 250 AND active IS NULL;\n\
UPDATE users SET active = true WHERE id BETWEEN 251 AND 500 AND active IS NULL;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        let mut said: Vec<Option<usize>> = Vec::new();
        for statement in cx.statements {
            if statement.transaction.is_none() || said.contains(&statement.transaction) {
                continue;
            }
            if !is_long(cx, statement) {
                continue;
            }
            let earlier =
                cx.before_it(statement).iter().filter(|past| RuleContext::together(past, statement));
            let held = earlier.flat_map(|past| taken(cx, past));
            let Some((table, mode)) =
                held.filter(|(_, mode)| *mode >= LockMode::Share).max_by_key(|(_, mode)| *mode)
            else {
                continue;
            };
            said.push(statement.transaction);
            let who = if mode == LockMode::AccessExclusive { "use" } else { "write to" };
            out.push(
                RuleFinding::new(
                    statement,
                    statement.span(),
                    format!("nobody can {who} {table} while these rows are changed"),
                )
                .label(format!("{mode} lock on {table} from before is held until the transaction ends"))
                .help("change rows in a migration of their own, in batches")
                .on(table),
            );
        }
    }
}

/// Whether a statement may take long because of the rows it reads or writes.
fn is_long(cx: &RuleContext<'_>, statement: &RuleStatement<'_>) -> bool {
    let outline = statement.outline();
    let sql = statement.sql();
    let old = |name: &ObjectName| !cx.is_new(statement, ObjectKind::Table, name);
    match (&outline.body, outline.verb) {
        (Body::Rows(rows), Verb::Update | Verb::Delete) => {
            outline.name().is_some_and(old) && !is_bounded(statement, rows)
        }
        (Body::Rows(rows), Verb::Insert) => {
            rows.query.is_some_and(|query| reads_a_table(statement.tokens_in(query), sql))
        }
        (Body::Table(table), Verb::Create) => table
            .option(TableOptionKind::As)
            .is_some_and(|query| reads_a_table(statement.tokens_in(query.span), sql)),
        (_, Verb::Refresh | Verb::Merge) => true,
        (_, Verb::Select) => statement.tokens().iter().any(|token| token.is_word(sql, "pg_sleep")),
        _ => false,
    }
}

/// Whether a query has a FROM that names a table, and not only functions and VALUES.
fn reads_a_table(tokens: &[Token], sql: &str) -> bool {
    tokens.windows(3).any(|three| {
        let from = three[0].is_word(sql, "from") || three[0].is_word(sql, "join");
        from && three[1].kind.is_name() && three[2].kind != TokenKind::LeftParen
    }) || tokens.windows(2).next_back().is_some_and(|last| {
        (last[0].is_word(sql, "from") || last[0].is_word(sql, "join")) && last[1].kind.is_name()
    })
}

/// Whether WHERE names rows by a range, a list or a key: a comparison of one name with constants.
fn is_bounded(statement: &RuleStatement<'_>, rows: &Rows) -> bool {
    let sql = statement.sql();
    let Some(predicate) = rows.predicate else { return false };
    let tokens = statement.tokens_in(predicate);
    let constant =
        |token: &Token| token.kind.is_string() || token.text(sql).bytes().all(|byte| byte.is_ascii_digit());
    let word = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is_word(sql, word));
    (0..tokens.len()).any(|at| {
        let is_key = at.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|name| {
            let name = name.text(sql).trim_matches('"').to_ascii_lowercase();
            name == "id" || name.ends_with("_id") || name == "key" || name == "code" || name == "name"
        });
        let value = tokens.get(at + 1);
        word(at, "limit")
            || (word(at, "between") && value.is_some_and(constant))
            || (word(at, "in")
                && value.is_some_and(|open| open.kind == TokenKind::LeftParen)
                && tokens.get(at + 2).is_some_and(constant))
            || (is_key && tokens[at].text(sql) == "=" && value.is_some_and(constant))
    })
}
