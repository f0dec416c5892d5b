//! `alter-column-collation-index-rebuild`.

use super::super::known;
use super::super::prelude::*;

/// The indexes of a column are built again for another collation.
#[derive(Debug, Default)]
pub struct AlterColumnCollationIndexRebuild;

confiture_core::register!(rule AlterColumnCollationIndexRebuild);

impl Rule for AlterColumnCollationIndexRebuild {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "alter-column-collation-index-rebuild",
                summary: "a new collation builds the indexes of the column again",
                docs: "Indexes are sorted by the collation of their columns. ALTER COLUMN … TYPE … COLLATE leaves the rows \
alone, but builds each index of the column again under ACCESS EXCLUSIVE, and nobody can read or \
write meanwhile. Make an index with the other collation concurrently and let queries say COLLATE; or \
add a column with the other collation, fill it in batches, and exchange the two.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], scans: &["users"], ..Claim::NONE },
            withdrawal: Withdrawal::NoScan,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;\n\
CREATE INDEX users_email ON users (email);",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE users ALTER COLUMN email TYPE text COLLATE \"C\";",
                good: &["-- confiture: no-transaction\n\
SET lock_timeout = 0;\n\
CREATE INDEX CONCURRENTLY users_email_c ON users (email COLLATE \"C\");"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AlterType]) {
            let sql = statement.sql();
            let end = action.using.map_or(action.span.end, |using| using.start);
            let words = statement.tokens_in(confiture_core::sql::Span::new(action.span.start, end));
            let collate = words.iter().find(|token| token.is_word(sql, "collate"));
            let (Some(collate), Some(column)) = (collate, &action.name) else { continue };
            if !is_indexed(cx, statement, table, column.name()) {
                continue;
            }
            out.push(
                RuleFinding::new(
                    statement,
                    collate.span,
                    format!("nobody can use {table} while the indexes of {column} are built again"),
                )
                .label("ACCESS EXCLUSIVE lock for a read of the whole table")
                .help("make an index with this collation concurrently, and let queries say COLLATE")
                .on(table),
            );
        }
    }
}

/// Whether an index has the column; without a catalog one may.
fn is_indexed(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, table: &ObjectName, column: &str) -> bool {
    let Some((catalog, id, _)) = known::table(cx, statement, table) else { return true };
    catalog.indexes_of(id).any(|(_, index)| {
        index.columns.iter().flatten().any(|name| name == column)
            || (index.expression_or_predicate
                && index.definition.as_ref().is_some_and(|definition| definition.contains(column)))
    })
}
