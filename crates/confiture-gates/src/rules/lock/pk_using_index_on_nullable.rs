//! `pk-using-index-on-nullable`.

use super::super::known;
use super::super::prelude::*;

/// The columns of a new primary key are read for NULL while nobody can use the table.
#[derive(Debug, Default)]
pub struct PkUsingIndexOnNullable;

confiture_core::register!(rule PkUsingIndexOnNullable);

impl Rule for PkUsingIndexOnNullable {
    fn meta(&self) -> &'static RuleMeta {
        static META: RuleMeta = RuleMeta {
            plugin: PluginMeta {
                id: "pk-using-index-on-nullable",
                summary: "ADD PRIMARY KEY USING INDEX on nullable columns reads the whole table",
                docs: "A primary key makes its columns NOT NULL: where they are not yet, every row is looked at under \
ACCESS EXCLUSIVE, although the index is there. Make them NOT NULL first, by way of a validated CHECK \
(column IS NOT NULL). Whether a column can hold NULL is known from the migrations or the database.",
            },
            category: RuleCategory::Lock,
            severity: Severity::High,
            knowledge: Tier::Catalog,
            since: None,
            until: None,
            claim: Claim { locks: &[("logs", LockMode::AccessExclusive)], scans: &["logs"], ..Claim::NONE },
            withdrawal: Withdrawal::NoScan,
            example: RuleExample {
                setup: "CREATE TABLE logs (code int, m text);\n\
CREATE UNIQUE INDEX logs_code ON logs (code);\n\
INSERT INTO logs SELECT g FROM generate_series(1, 500) g;",
                bad: "SET lock_timeout = '2s';\n\
ALTER TABLE logs ADD CONSTRAINT logs_code PRIMARY KEY USING INDEX logs_code;",
                good: &[
                    "SET lock_timeout = '2s';\n\
-- confiture:ignore new-constraint-rejects-old-writer the application has filled it since its last release\n\
ALTER TABLE logs ADD CONSTRAINT code_there CHECK (code IS NOT NULL) NOT VALID;",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE logs VALIDATE CONSTRAINT code_there;",
                    "SET lock_timeout = '2s';\n\
ALTER TABLE logs ALTER COLUMN code SET NOT NULL;\n\
ALTER TABLE logs DROP CONSTRAINT code_there;\n\
ALTER TABLE logs ADD CONSTRAINT logs_code PRIMARY KEY USING INDEX logs_code;",
                ],
                transaction: true,
            },
        };
        &META
    }

    fn check(&self, cx: &RuleContext<'_>, out: &mut Vec<RuleFinding>) {
        for (statement, table, action) in cx.actions(&[ActionKind::AddConstraint]) {
            let Some(clause) = action.constraint.as_ref().filter(|c| c.kind == ClauseKind::PrimaryKey) else {
                continue;
            };
            let sql = statement.sql();
            let using = clause.attribute(AttributeKind::UsingIndex);
            let Some(index) = using.and_then(|using| statement.tokens_in(using.span).last()) else {
                continue;
            };
            let Some(index) = ObjectName::read(sql, index.span) else { continue };
            let columns = columns_of(cx, statement, table, &index);
            let nullable = columns.iter().find(|c| {
                known::column(cx, statement, table, c).is_some_and(|known| !known.not_null || known.unchecked)
            });
            let Some(column) = nullable else { continue };
            out.push(
                RuleFinding::new(
                    statement,
                    clause.span,
                    format!("nobody can use {table} while every row is looked at for NULL in {column}"),
                )
                .label("ACCESS EXCLUSIVE lock for a read of the whole table")
                .help(format!(
                    "before: make {column} NOT NULL by way of a validated CHECK ({column} IS NOT NULL)"
                ))
                .on(table),
            );
        }
    }
}

/// The columns of an index, from the migrations or from the catalog; none where it is not known.
fn columns_of(
    cx: &RuleContext<'_>,
    statement: &RuleStatement<'_>,
    table: &ObjectName,
    index: &ObjectName,
) -> Vec<String> {
    let made = cx.past(statement).find(|past| {
        past.does(Verb::Create, ObjectKind::Index)
            && past.outline().name().is_some_and(|name| name.name() == index.name())
    });
    if let Some((made, definition)) = made.and_then(|made| Some((made, made.outline().index()?))) {
        let column = |span: &confiture_core::sql::Span| {
            let first = made.tokens_in(*span).first()?;
            Some(ObjectName::read(made.sql(), first.span)?.name().to_owned())
        };
        return definition.columns.iter().filter_map(column).collect();
    }
    let of_table = known::table(cx, statement, table);
    let found = of_table
        .and_then(|(catalog, id, _)| catalog.indexes_of(id).find(|(id, _)| id.name() == index.name()));
    found.map_or(Vec::new(), |(_, index)| index.columns.iter().flatten().cloned().collect())
}
