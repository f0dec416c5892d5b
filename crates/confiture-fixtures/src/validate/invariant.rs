//! Invariants that no constraint states, as SQL.

use confiture_core::catalog::{Kind, ObjectId};
use confiture_core::sql::{self, quote_literal};

use super::DataValidator;
use super::report::{Rule, ValidationReport, Violation};
use super::scan::{Scan, rows};
use crate::error::FixtureError;

/// What has to be true of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invariant {
    name: String,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Expression { schema: String, table: String, sql: String },
    NoRows(String),
    AllTrue(String),
}

impl Invariant {
    /// A boolean expression over the columns of a table, true of every row; NULL is not true.
    ///
    /// `schema` and `table` are without quotes.
    pub fn of_table(
        name: impl Into<String>,
        schema: impl Into<String>,
        table: impl Into<String>,
        expression: impl Into<String>,
    ) -> Self {
        let what = What::Expression { schema: schema.into(), table: table.into(), sql: expression.into() };
        Self { name: name.into(), what }
    }

    /// A query that returns no row.
    pub fn no_rows(name: impl Into<String>, query: impl Into<String>) -> Self {
        Self { name: name.into(), what: What::NoRows(query.into()) }
    }

    /// A query that returns at least one row, and true in every column of every row.
    pub fn all_true(name: impl Into<String>, query: impl Into<String>) -> Self {
        Self { name: name.into(), what: What::AllTrue(query.into()) }
    }
}

impl DataValidator<'_> {
    /// Rows that break an invariant: by their keys for an expression over a table, as JSON in the message's
    /// rows for a query. One query, run as part of a SELECT: it cannot modify data by itself.
    ///
    /// # Errors
    /// [`FixtureError::Query`] when the server refuses it, [`FixtureError::NoTable`],
    /// [`FixtureError::Invariant`] for several statements or none.
    pub async fn invariant(&self, invariant: &Invariant) -> Result<ValidationReport, FixtureError> {
        let mut report = ValidationReport::default();
        match &invariant.what {
            What::Expression { schema, table, sql } => {
                let tables = self.tables().await?;
                let table = tables.find(schema, table)?;
                let expression = single(&invariant.name, sql)?;
                let (object, name) = (table.id.clone(), &invariant.name);
                let scan = Scan {
                    rule: Rule::Invariant,
                    object,
                    table,
                    other: None,
                    bad: format!(
                        "SELECT {} FROM {} WHERE NOT COALESCE(({expression}\n), false)",
                        Scan::key(table),
                        table.source()
                    ),
                    message: Box::new(move |total| {
                        format!("{name}: not true of {} of {}", rows(total), table.id)
                    }),
                };
                // An expression of the user's that does not parse is an error, not a finding.
                self.read("check an invariant", &format!("EXPLAIN {}", scan.bad)).await?;
                self.scan(scan, &mut report).await?;
            }
            What::NoRows(query) => {
                let query = single(&invariant.name, query)?;
                self.query(invariant, &format!("SELECT to_json(q) AS shown FROM ({query}\n) q"), &mut report)
                    .await?;
            }
            What::AllTrue(query) => {
                let query = single(&invariant.name, query)?;
                // to_json keeps columns of the same name apart.
                let sql = format!(
                    "SELECT shown FROM (SELECT to_json(q) AS shown FROM ({query}\n) q) j \
                     WHERE EXISTS (SELECT FROM json_each_text(shown) WHERE value IS DISTINCT FROM 'true') \
                     UNION ALL SELECT to_json({}::text) WHERE NOT EXISTS (SELECT FROM ({query}\n) q)",
                    quote_literal("the query returns no row")
                );
                self.query(invariant, &sql, &mut report).await?;
            }
        }
        Ok(report)
    }

    /// Runs a query whose rows, one JSON value each, are the offending ones.
    async fn query(
        &self,
        invariant: &Invariant,
        bad: &str,
        report: &mut ValidationReport,
    ) -> Result<(), FixtureError> {
        let sql = format!(
            "WITH bad AS MATERIALIZED ({bad}) SELECT (SELECT count(*) FROM bad), \
             (SELECT string_agg(shown::text, '; ') FROM (SELECT shown FROM bad LIMIT {}) s)",
            self.limit
        );
        let found = self.read("check an invariant", &sql).await?;
        let object = ObjectId::new(Kind::Database, [""; 0]);
        report.examined.push((Rule::Invariant, object.clone()));
        let total: u64 = super::number(found.first().map_or(&None, |row| &row[0]))?;
        if total > 0 {
            let shown = found.first().and_then(|row| row[1].clone()).unwrap_or_default();
            let message = format!("{}: {}: {shown}", invariant.name, rows(total));
            report.violations.push(Violation {
                rule: Rule::Invariant,
                object,
                message,
                total,
                rows: Vec::new(),
            });
        }
        Ok(())
    }
}

/// The one statement of `text`, without its semicolon.
fn single<'t>(name: &str, text: &'t str) -> Result<&'t str, FixtureError> {
    let statements = sql::split(text);
    match statements.as_slice() {
        [one] => Ok(one.text(text).trim_end().trim_end_matches(';')),
        several => Err(FixtureError::Invariant {
            name: name.to_owned(),
            reason: format!("it is {} statements; it has to be one expression or query", several.len()),
        }),
    }
}
