//! `rewrite-default`.

use super::super::family::family;
use super::super::prelude::*;
use confiture_core::sql::{ActionKind, ClauseKind, ObjectKind, Token, TokenKind};

/// Gives a new column a volatile default of the same value.
#[derive(Debug, Default)]
pub struct RewriteDefault;

confiture_core::register!(operator RewriteDefault);

impl MutationOperator for RewriteDefault {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "rewrite-default",
                summary: "gives a new column a default that rewrites the table",
                docs: "A constant default of `ADD COLUMN` is stored once; a volatile one is computed for \
                       every row, and the whole table is written anew under ACCESS EXCLUSIVE. The rows hold \
                       the same. The file of the table (`pg_relation_filenode`) tells, and the text of the \
                       default in the catalog. Equivalent on an empty table that nobody else uses.",
            },
            category: MutationCategory::Performance,
            severity: Severity::High,
            channels: Channels::PLAN.and(Channels::LOCK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int); CREATE TABLE before_it AS SELECT \
                         pg_relation_filenode('users') AS node;",
                up: "ALTER TABLE users ADD COLUMN level int NOT NULL DEFAULT 0;",
                down: "",
                mutant: "ALTER TABLE users ADD COLUMN level int NOT NULL DEFAULT CASE WHEN random() >= 0 THEN\
                         \x20CAST(0 AS int) END;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES (1);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT node = pg_relation_filenode('users') FROM before_it;",
                ),
                spared: "ALTER TABLE users ADD COLUMN level int; ALTER TABLE users ADD COLUMN key uuid \
                         DEFAULT gen_random_uuid();",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let sql = site.sql();
            for action in
                site.outline().actions().iter().filter(|action| action.kind == ActionKind::AddColumn)
            {
                let Some(column) = &action.column else { continue };
                let default = column.clause(ClauseKind::Default).and_then(|clause| clause.expression);
                let Some((data_type, default)) = column.data_type.zip(default) else { continue };
                if site.outline().object != Some(ObjectKind::Table) || !constant(sql, site.tokens_in(default))
                {
                    continue;
                }
                let (value, written) = (default.text(sql), data_type.text(sql));
                let other = format!("CASE WHEN random() >= 0 THEN CAST({value} AS {written}) END");
                let mutant = site
                    .mutant([Edit::replace(default, other)], format!("{value} is computed for every row"));
                out.push(mutant.on(format!("{}.{}", site.object(), column.name.name())));
            }
        }
    }
}

/// Whether a default is computed once: it calls nothing but what is the same all through a transaction.
fn constant(sql: &str, tokens: &[Token]) -> bool {
    const STABLE: &[&str] =
        &["now", "transaction_timestamp", "statement_timestamp", "coalesce", "jsonb_build_object"];
    let null = matches!(tokens, [only] if only.is_word(sql, "null"));
    let calls = tokens.windows(2).any(|pair| {
        pair[1].kind == TokenKind::LeftParen
            && pair[0].kind.is_name()
            && !STABLE.iter().any(|word| pair[0].is_word(sql, word))
            && family(pair[0].text(sql)).is_none()
    });
    !tokens.is_empty() && !null && !calls
}
