//! `fk-not-valid-on-partitioned`.

use super::super::known::partitioned;
use super::super::prelude::*;

/// A foreign key of a partitioned table cannot be added without a look at the rows.
#[derive(Debug, Default)]
pub struct FkNotValidOnPartitioned;

confiture_core::register!(rule FkNotValidOnPartitioned);

impl Rule for FkNotValidOnPartitioned {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "fk-not-valid-on-partitioned",
                summary: "a foreign key of a partitioned table cannot be NOT VALID",
                docs: "Up to PostgreSQL 17, ADD FOREIGN KEY … NOT VALID on a partitioned table fails with SQLSTATE \
                       42809. Add it NOT VALID to each partition and VALIDATE it there; adding it to the partitioned \
                       table then adopts these, without another look at the rows.",
            },
            category: RuleCategory::Fails,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: Some(17),
            claim: Claim { sqlstate: Some("42809"), ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE people (id int PRIMARY KEY);\n\
                        CREATE TABLE visits (person_id int, at date) PARTITION BY RANGE (at);\n\
                        CREATE TABLE visits_2030 PARTITION OF visits \
                        FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');\n\
                        CREATE INDEX ON visits (person_id);",
                bad: "SET lock_timeout = '2s';\n\
                      CREATE TABLE users (id int PRIMARY KEY);\n\
                      CREATE TABLE events (user_id int, at date) PARTITION BY RANGE (at);\n\
                      CREATE INDEX ON events (user_id);\n\
                      ALTER TABLE events ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;",
                good: &[
                    "SET lock_timeout = '2s';\n\
                     ALTER TABLE visits_2030 ADD CONSTRAINT of_person FOREIGN KEY (person_id) REFERENCES people NOT VALID;",
                    "SET lock_timeout = '2s';\nALTER TABLE visits_2030 VALIDATE CONSTRAINT of_person;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        if !cx.runs_on(0, 17) {
            return;
        }
        for statement in cx.statements.iter().filter(|s| s.does(Verb::Alter, ObjectKind::Table)) {
            let Some(table) = statement.outline().name() else { continue };
            for clause in statement.outline().actions().iter().filter_map(|action| action.constraint.as_ref())
            {
                let not_valid = clause.attribute(AttributeKind::NotValid);
                let (ClauseKind::ForeignKey, Some(not_valid)) = (clause.kind, not_valid) else { continue };
                if partitioned(cx, statement, table) != Some(true) {
                    continue;
                }
                out.push(
                    RuleFinding::new(statement, not_valid.span, format!("{table} is partitioned"))
                        .label("refused with SQLSTATE 42809 up to PostgreSQL 17")
                        .help("add it NOT VALID to each partition, VALIDATE it there, then add it to the parent")
                        .on(table)
                        .evidence("sqlstate", "42809"),
                );
            }
        }
    }
}
