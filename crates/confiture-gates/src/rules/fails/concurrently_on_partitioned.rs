//! `concurrently-on-partitioned`.

use super::super::known::{find, made, partitioned};
use super::super::prelude::*;
use confiture_core::catalog::Kind;

/// An index of a partitioned table cannot be made or dropped concurrently.
#[derive(Debug, Default)]
pub struct ConcurrentlyOnPartitioned;

confiture_core::register!(rule ConcurrentlyOnPartitioned);

impl Rule for ConcurrentlyOnPartitioned {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "concurrently-on-partitioned",
                summary: "an index of a partitioned table cannot be made or dropped CONCURRENTLY",
                docs: "CREATE INDEX CONCURRENTLY and DROP INDEX CONCURRENTLY fail with SQLSTATE 0A000 on a partitioned \
                       table. CREATE INDEX … ON ONLY the parent, CREATE INDEX CONCURRENTLY on each partition, then \
                       ALTER INDEX … ATTACH PARTITION each of them: with the last one the parent's becomes valid.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { sqlstate: Some("0A000"), ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "",
                bad: "CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);\n\
                      CREATE INDEX CONCURRENTLY events_id ON events (id);",
                good: &["-- confiture: no-transaction\n\
                         CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);\n\
                         CREATE TABLE events_2030 PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');\n\
                         CREATE INDEX events_id ON ONLY events (id);\n\
                         CREATE INDEX CONCURRENTLY events_2030_id ON events_2030 (id);\n\
                         ALTER INDEX events_id ATTACH PARTITION events_2030_id;"],
                transaction: false,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            let Some(span) = outline.modifier(Modifier::Concurrently) else { continue };
            let table = match outline.verb {
                Verb::Create => outline.on.clone(),
                Verb::Drop => outline.names.iter().find_map(|index| table_of(cx, statement, index)),
                _ => None,
            };
            let Some(table) = table.filter(|table| partitioned(cx, statement, table) == Some(true)) else {
                continue;
            };
            out.push(
                RuleFinding::new(statement, span, format!("{table} is partitioned"))
                    .label("refused with SQLSTATE 0A000")
                    .help(format!(
                        "ON ONLY {table} first, CONCURRENTLY on each partition, then ALTER INDEX … ATTACH PARTITION"
                    ))
                    .on(&table)
                    .evidence("sqlstate", "0A000"),
            );
        }
    }
}

/// The table an index is on.
fn table_of(cx: &RuleContext<'_>, statement: &RuleStatement<'_>, index: &ObjectName) -> Option<ObjectName> {
    if let Some(made) = made(cx, statement, ObjectKind::Index, index) {
        return made.outline().on.clone();
    }
    let (schema, table) = find(cx.before?, Kind::Index, index)?.owner_path()?;
    Some(ObjectName { parts: vec![schema.to_owned(), table.to_owned()], span: index.span })
}
