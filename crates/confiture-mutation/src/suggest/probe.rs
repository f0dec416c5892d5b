//! Rows made up to tell a mutant from the original, where no row that is there does.

use std::collections::BTreeSet;

use confiture_core::catalog::ConstraintType;
use confiture_core::sql::{TokenKind, Tokens, quote_literal};
use confiture_fixtures::{TableRows, Trial};

use super::inserts;
use crate::audience::words;
use crate::error::MutationError;
use crate::worker::{Subject, Worker};

/// Most rows tried for one mutant.
const TRIED: usize = 32;

impl Worker<'_> {
    /// Tests with a row that the mutant treats otherwise: a row like those that are there, with one value
    /// exchanged for a constant of the statement, for its neighbour, or for NULL.
    pub(super) async fn probe(
        &mut self,
        subject: &Subject<'_>,
        original: &Trial,
    ) -> Result<Vec<String>, MutationError> {
        let Some(before) = subject.migration.checked_sub(1) else { return Ok(Vec::new()) };
        let known = self.ladder_ref().known_rows();
        let (statements, changed) = self.texts(subject);
        let mentioned: BTreeSet<String> = statements.iter().flat_map(|sql| words(sql)).collect();
        let constants: BTreeSet<String> =
            statements.iter().chain(&changed).flat_map(|sql| constants(sql)).collect();
        let tables: Vec<&TableRows> =
            known.iter().filter(|rows| mentioned.contains(&rows.table.name().to_lowercase())).collect();
        let queries: Vec<String> = tables
            .iter()
            .map(|rows| {
                let table = rows.table.sql_name();
                format!("SELECT string_agg(r::text, E'\\n' ORDER BY r::text) FROM {table} r")
            })
            .collect();
        let (migration, mutant) = self.both(subject.migration);
        let catalog = &original.record.before;
        let mut tried = 0;
        for table in &tables {
            let Some(row) = table.rows.first() else { continue };
            let tied: BTreeSet<&String> = catalog
                .constraints_of(&table.table)
                .filter(|(_, constraint)| constraint.constraint_type == ConstraintType::ForeignKey)
                .flat_map(|(_, constraint)| &constraint.columns)
                .collect();
            for (at, column) in table.columns.iter().enumerate() {
                if tied.contains(column) || !mentioned.contains(&column.to_lowercase()) {
                    continue;
                }
                for value in constants.iter().map(Some).chain([None]) {
                    tried += 1;
                    if tried > TRIED {
                        return Ok(Vec::new());
                    }
                    let mut row = row.clone();
                    row[at] = value.cloned();
                    let Some(inserts) = inserts::of_row(catalog, &known, table, &row) else { continue };
                    let expected = self.ladder().answers(&inserts, &migration, false, &queries).await?;
                    let found = self.ladder().answers(&inserts, &mutant, false, &queries).await?;
                    let told = queries
                        .iter()
                        .zip(expected)
                        .zip(found)
                        .find_map(|((query, was), is)| (was != is).then_some((query, was)));
                    if let Some((query, Some(was))) = told {
                        return Ok(vec![format!(
                            "-- confiture: migrate to {}\n{inserts}-- confiture: migrate to {}\n\
                             -- confiture: assert\nSELECT ({query}) IS NOT DISTINCT FROM {};\n",
                            self.version(before),
                            self.version(subject.migration),
                            quote_literal(&was)
                        )]);
                    }
                }
            }
        }
        Ok(Vec::new())
    }

    /// The statements a mutant changes, as they are and as it makes them.
    fn texts(&self, subject: &Subject<'_>) -> (Vec<String>, Vec<String>) {
        let migration = self.original(subject.migration);
        let Some(script) = migration.step(subject.direction).script() else { return Default::default() };
        let places: BTreeSet<usize> = subject.mutant.edits.iter().map(|(at, _)| *at).collect();
        let original = places.iter().filter_map(|at| Some(script.statements.get(*at)?.sql.to_string()));
        let changed = places.iter().filter_map(|at| subject.mutant.statement_text(script, *at).ok());
        (original.collect(), changed.collect())
    }
}

/// The constants a statement writes, and the neighbours of whole numbers.
fn constants(sql: &str) -> Vec<String> {
    let mut constants = Vec::new();
    for token in Tokens::new(sql) {
        let text = token.text(sql);
        match token.kind {
            TokenKind::Number => {
                constants.push(text.to_owned());
                if let Ok(number) = text.parse::<i64>() {
                    constants
                        .extend([number.saturating_sub(1), number.saturating_add(1)].map(|n| n.to_string()));
                }
            }
            TokenKind::String => constants.push(text.trim_matches('\'').replace("''", "'")),
            _ => {}
        }
    }
    constants
}
