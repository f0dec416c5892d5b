//! `new-table-fk-locks-referenced`.

use super::super::prelude::*;
use confiture_core::sql::Body;

/// A new table's foreign key stops the writers of the table it refers to.
#[derive(Debug, Default)]
pub struct NewTableFkLocksReferenced;

confiture_core::register!(rule NewTableFkLocksReferenced);

impl Rule for NewTableFkLocksReferenced {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "new-table-fk-locks-referenced",
                summary: "CREATE TABLE … REFERENCES locks the referenced table",
                docs: "A foreign key adds triggers to the table it refers to: SHARE ROW EXCLUSIVE on it until the \
transaction ends, and nobody can write to it meanwhile. Nothing is read, so it is short, when it is \
alone: make the table first, then add the foreign key in a migration of its own, with a short \
lock_timeout.",
            },
            category: RuleCategory::Lock,
            severity: Severity::Medium,
            knowledge: Tier::Static,
            since: None,
            until: None,
            claim: Claim { locks: &[("users", LockMode::ShareRowExclusive)], ..Claim::NONE },
            withdrawal: Withdrawal::Never,
            example: RuleExample {
                setup: "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n\
INSERT INTO users SELECT g, 'u' || g, g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
CREATE TABLE invoices (id int PRIMARY KEY, user_id int REFERENCES users);\n\
CREATE INDEX ON invoices (user_id);",
                good: &[
                    "SET lock_timeout = '2s';\n\
CREATE TABLE invoices (id int PRIMARY KEY, user_id int);\n\
CREATE INDEX ON invoices (user_id);",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE invoices ADD CONSTRAINT invoices_user FOREIGN KEY (user_id) REFERENCES users NOT VALID;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for statement in cx.statements {
            let outline = statement.outline();
            let Some(made) = outline.name() else { continue };
            let clauses: Vec<&Clause> = match (&outline.body, outline.verb) {
                (Body::Table(table), _) => {
                    let columns = table.columns().flat_map(|column| &column.clauses);
                    columns.chain(table.constraints()).collect()
                }
                (Body::Actions(actions), Verb::Alter) if cx.is_new(statement, ObjectKind::Table, made) => {
                    let columns = actions.iter().filter_map(|action| action.column.as_ref());
                    let own = actions.iter().filter_map(|action| action.constraint.as_ref());
                    columns.flat_map(|column| &column.clauses).chain(own).collect()
                }
                _ => continue,
            };
            let mut said: Vec<&ObjectName> = Vec::new();
            for (clause, to) in clauses.iter().filter_map(|c| Some((c, &c.references.as_ref()?.table))) {
                let itself = RuleContext::same_name(to, made);
                let known = said.iter().any(|other| RuleContext::same_name(other, to));
                if itself || known || cx.is_new(statement, ObjectKind::Table, to) {
                    continue;
                }
                said.push(to);
                out.push(
                    RuleFinding::new(
                        statement,
                        clause.span,
                        format!("nobody can write to {to} from here to the end of the transaction"),
                    )
                    .label("SHARE ROW EXCLUSIVE lock on the referenced table")
                    .help("make the table without it, then ADD FOREIGN KEY … NOT VALID in a migration of its own")
                    .on(to),
                );
            }
        }
    }
}
