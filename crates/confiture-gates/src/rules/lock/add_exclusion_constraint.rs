//! `add-exclusion-constraint`.

use super::super::prelude::*;

/// The index of an exclusion constraint is built while nobody can use the table.
#[derive(Debug, Default)]
pub struct AddExclusionConstraint;

confiture_core::register!(rule AddExclusionConstraint);

impl Rule for AddExclusionConstraint {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "add-exclusion-constraint",
                summary: "ADD CONSTRAINT … EXCLUDE builds its index under ACCESS EXCLUSIVE",
                docs: "Adding an exclusion constraint holds ACCESS EXCLUSIVE while it reads every row, builds an index and \
compares the rows: nobody can read or write. There is no NOT VALID and no USING INDEX for it. Make a \
new table that has it, keep it up to date with a trigger, fill it in batches, and exchange the \
names; or do it while nobody works.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("stays", LockMode::AccessExclusive)], scans: &["stays"], ..Claim::NONE },
            withdrawal: Withdrawal::NoScan,
            example: RuleExample {
                setup: "CREATE TABLE stays (id int PRIMARY KEY, days int4range);\n\
INSERT INTO stays SELECT g, int4range(g, g + 1) FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE stays ADD CONSTRAINT stays_apart EXCLUDE USING gist (days WITH &&);",
                good: &["SET lock_timeout = '2s';\n\
CREATE TABLE stays_new (id int PRIMARY KEY, days int4range, EXCLUDE USING gist (days WITH &&));"],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AddConstraint]) {
            let Some(clause) = action.constraint.as_ref().filter(|c| c.kind == ClauseKind::Exclude) else {
                continue;
            };
            out.push(
                RuleFinding::new(
                    statement,
                    clause.span,
                    format!("nobody can use {table} while its rows are compared and an index is built"),
                )
                .label("ACCESS EXCLUSIVE lock for a read of the whole table")
                .help("make a new table that has the constraint, fill it in batches, and exchange the names")
                .on(table),
            );
        }
    }
}
