//! `drop-index-not-concurrent`.

use super::super::prelude::*;
use confiture_core::catalog::Kind;

/// A table is closed while one of its indexes is dropped.
#[derive(Debug, Default)]
pub struct DropIndexNotConcurrent;

confiture_core::register!(rule DropIndexNotConcurrent);

impl Rule for DropIndexNotConcurrent {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "drop-index-not-concurrent",
                summary: "DROP INDEX without CONCURRENTLY closes the index's table",
                docs: "DROP INDEX holds ACCESS EXCLUSIVE on the index and on its table until the transaction ends: nobody \
can read or write. It is short, but it waits for whoever uses the table, and everybody waits behind \
it. DROP INDEX CONCURRENTLY holds SHARE UPDATE EXCLUSIVE, which lets them through; it needs a script \
without a transaction, one index at a time and no CASCADE. An index of a partitioned table can only \
be dropped the short way.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::AccessExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;\n\
CREATE INDEX users_age ON users (age);",
                bad: "SET lock_timeout = '2s';\n\
DROP INDEX users_age;",
                good: &["-- confiture: no-transaction\n\
SET lock_timeout = 0;\n\
DROP INDEX CONCURRENTLY users_age;"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements.iter().filter(|s| s.does(Verb::Drop, ObjectKind::Index)) {
            let outline = statement.outline();
            if outline.modifier(Modifier::Concurrently).is_some() {
                continue;
            }
            for index in &outline.names {
                if cx.is_new(statement, ObjectKind::Index, index) {
                    continue;
                }
                let table = table_of(cx, statement, index);
                let gone = cx.before.is_some() && table.is_none();
                if gone && outline.modifier(Modifier::IfExists).is_some() {
                    continue;
                }
                let closed = table.as_ref().map_or("its table".to_owned(), ToString::to_string);
                if table.as_ref().is_some_and(|table| cx.is_new(statement, ObjectKind::Table, table)) {
                    continue;
                }
                let mut finding = RuleFinding::new(
                    statement,
                    index.span,
                    format!("nobody can use {closed} from here to the end of the transaction"),
                )
                .label("ACCESS EXCLUSIVE lock on the index and on its table")
                .help("DROP INDEX CONCURRENTLY, in a script without a transaction");
                finding.table = table.map(|table| table.parts);
                out.push(finding);
            }
        }
    }
}

/// The table of an index, from the migrations or from the catalog.
fn table_of(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, index: &ObjectName) -> Option<ObjectName> {
    let made = cx.past(statement).find(|past| {
        past.does(Verb::Create, ObjectKind::Index)
            && past.outline().name().is_some_and(|name| name.name() == index.name())
    });
    if let Some(on) = made.and_then(|made| made.outline().on.clone()) {
        return Some(on);
    }
    let indexes = cx.before?.of_kind(Kind::Index);
    // Its path is schema, table and index.
    let found = indexes.map(|(id, _)| id).find(|id| {
        id.name() == index.name() && index.schema().is_none_or(|schema| id.schema() == Some(schema))
    })?;
    Some(ObjectName { parts: vec![found.part(0).to_owned(), found.part(1).to_owned()], span: index.span })
}
