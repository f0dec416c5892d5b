//! Rows made up to tell a mutant from the original: those that tables had in the trial, and changed ones.

use std::collections::BTreeSet;

use confiture_core::catalog::{Catalog, ConstraintType, Kind, ObjectId};
use confiture_core::sql::{Quoted, TokenKind, Tokens, quote_literal};
use confiture_fixtures::{TableRows, Trial};

use super::inserts;
use crate::audience::words;
use crate::error::MutationError;
use crate::rows::Mask;
use crate::worker::{Group, Subject, Worker};

/// Most sets of rows tried for one mutant.
const TRIED: usize = 48;

/// How many rows of every table a statement mentions are tried together, fewest first.
const TOGETHER: [usize; 3] = [1, 3, 20];

impl Worker<'_> {
    /// A test with rows that the mutant treats otherwise: none at all, those that tables had in the trial, or one
    /// with a value exchanged for a constant of the statement, for its neighbour, or for NULL.
    pub(super) async fn probe(
        &mut self,
        subject: &Subject<'_>,
        group: &Group,
        original: &Trial,
        rolled_back: bool,
    ) -> Result<Option<String>, MutationError> {
        let after = match (rolled_back, &original.record.round_trip) {
            (false, _) => &original.record.after,
            (true, Some(trip)) => &trip.after_down,
            (true, None) => return Ok(None),
        };
        let before = subject.migration.checked_sub(1);
        if rolled_back && before.is_none() {
            return Ok(None);
        }
        let (statements, changed) = self.texts(subject);
        let mentioned: BTreeSet<String> =
            statements.iter().chain(&changed).flat_map(|sql| words(sql)).collect();
        let masks = [group.mask(), group.down_mask()];
        let queries = contents(after, &mentioned, &masks);
        if queries.is_empty() {
            return Ok(None);
        }
        let (migration, mutant) = self.both(subject.migration);
        let known = self.ladder_ref().known_rows();
        let mut scenes = vec![String::new()];
        if before.is_some() {
            let constants: BTreeSet<String> =
                statements.iter().chain(&changed).flat_map(|sql| constants(sql)).collect();
            let tables = known.iter().chain(&original.rows);
            let tables = tables.filter(|rows| mentioned.contains(&rows.table.name().to_lowercase()));
            let made = Made {
                before: &original.record.before,
                known: &known,
                tables: tables.collect(),
                mentioned: &mentioned,
                constants: &constants,
            };
            scenes.extend(made.scenes());
        }
        for rows in scenes {
            let expected = self.ladder().answers(&rows, &migration, rolled_back, &queries).await?;
            let found = self.ladder().answers(&rows, &mutant, rolled_back, &queries).await?;
            let mut told = queries.iter().zip(expected.into_iter().zip(found));
            let Some((query, (was, _))) = told.find(|(_, (was, is))| was != is) else { continue };
            let mut text = match before {
                Some(before) => format!("-- confiture: migrate to {}\n{rows}", self.version(before)),
                None => String::new(),
            };
            text.push_str(&self.to(subject.migration));
            if let (true, Some(before)) = (rolled_back, before) {
                text.push_str(&format!("-- confiture: rollback to {}\n", self.version(before)));
            }
            let value = was.map_or_else(|| "NULL".to_owned(), |was| quote_literal(&was));
            text.push_str(&format!("-- confiture: assert\nSELECT ({query}) IS NOT DISTINCT FROM {value};\n"));
            if self.tells(subject, &text).await? {
                return Ok(Some(text));
            }
        }
        Ok(None)
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

/// A query for all that each mentioned relation holds, as one text; masked columns are left out.
fn contents(catalog: &Catalog, mentioned: &BTreeSet<String>, masks: &[&Mask]) -> Vec<String> {
    let relations = catalog.iter().map(|(id, _)| id);
    let holds_rows = |id: &&ObjectId| matches!(id.kind(), Kind::Table | Kind::View | Kind::MaterializedView);
    let named = relations.filter(holds_rows).filter(|id| mentioned.contains(&id.name().to_lowercase()));
    let query = |relation: &ObjectId| {
        let seen = |id: &ObjectId| !masks.iter().any(|mask| mask.hides(relation, id.name()));
        let columns = catalog.columns_of(relation);
        let columns = columns.iter().filter(|(id, _)| seen(id));
        let columns: Vec<String> = columns.map(|(id, _)| Quoted::ident(id.name()).to_string()).collect();
        let row = format!("ROW({})::text", columns.join(", "));
        let from = relation.sql_name();
        (!columns.is_empty()).then(|| format!("SELECT string_agg({row}, ' ' ORDER BY {row}) FROM {from}"))
    };
    named.filter_map(query).collect()
}

/// What rows are made of.
struct Made<'a> {
    before: &'a Catalog,
    /// All rows there are before the migration.
    known: &'a [TableRows],
    /// Those of tables that the statements mention, and what the migration makes of them.
    tables: Vec<&'a TableRows>,
    mentioned: &'a BTreeSet<String>,
    constants: &'a BTreeSet<String>,
}

impl Made<'_> {
    /// Sets of rows as `INSERT`s: as they are, with one value exchanged, with several.
    fn scenes(&self) -> Vec<String> {
        let mut scenes: Vec<String> = Vec::new();
        let mut add = |scene: Option<String>, most: usize| {
            if let Some(scene) = scene.filter(|scene| !scene.is_empty())
                && !scenes.contains(&scene)
                && scenes.len() < most
            {
                scenes.push(scene);
            }
        };
        let of_rows = |rows: &[(&TableRows, Vec<Option<String>>)]| {
            let rows = rows.iter().map(|(table, row)| (*table, row.as_slice()));
            inserts::of_rows(self.before, self.known, rows)
        };
        for count in TOGETHER {
            let rows = self.tables.iter();
            let rows = rows.flat_map(|table| table.rows.iter().take(count).map(|row| (*table, row.clone())));
            add(of_rows(&rows.collect::<Vec<_>>()), TRIED);
        }
        for table in &self.tables {
            let Some(row) = table.rows.first() else { continue };
            for (at, values) in self.choices(table) {
                for value in values {
                    let mut row = row.clone();
                    row[at] = value;
                    add(of_rows(&[(table, row)]), TRIED);
                }
            }
        }
        // Conditions that only several values meet together; the same in every run.
        let mut dice = Dice(1);
        let choices: Vec<_> = self.tables.iter().map(|table| (*table, self.choices(table))).collect();
        for _ in 0..TRIED {
            let mut rows = Vec::new();
            for (table, choices) in &choices {
                for row in table.rows.iter().take(2) {
                    let mut row = row.clone();
                    for (at, values) in choices {
                        if dice.below(3) > 0 && !values.is_empty() {
                            row[*at].clone_from(&values[dice.below(values.len())]);
                        }
                    }
                    rows.push((*table, row));
                }
            }
            add(of_rows(&rows), 2 * TRIED);
        }
        scenes
    }

    /// For each mentioned column, by its place, the values it may get.
    fn choices(&self, table: &TableRows) -> Vec<(usize, Vec<Option<String>>)> {
        let columns = self.before.columns_of(&table.table);
        let tied: BTreeSet<&String> = self
            .before
            .constraints_of(&table.table)
            .filter(|(_, constraint)| constraint.constraint_type == ConstraintType::ForeignKey)
            .flat_map(|(_, constraint)| &constraint.columns)
            .collect();
        let choice = |(at, name): (usize, &String)| {
            let (_, column) = columns.iter().find(|(id, _)| id.name() == name)?;
            let of_type = |value: &&String| fits(&column.data_type, value);
            // What refers to another row can only refer to none.
            let constants = self.constants.iter().filter(|_| !tied.contains(name)).filter(of_type);
            let mut values: Vec<Option<String>> = constants.cloned().map(Some).collect();
            if column.data_type == "boolean" {
                values.extend(["true", "false"].map(|value| Some(value.to_owned())));
            }
            if !column.not_null {
                values.push(None);
            }
            Some((at, values))
        };
        let places = table.columns.iter().enumerate();
        places.filter(|(_, name)| self.mentioned.contains(&name.to_lowercase())).filter_map(choice).collect()
    }
}

/// Whether a column of a type may take a constant: what surely cannot is not worth asking the server.
fn fits(data_type: &str, value: &str) -> bool {
    let number = value.parse::<f64>().is_ok();
    match data_type.split(['(', ' ']).next().unwrap_or_default() {
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double" => number,
        "boolean" => matches!(value, "true" | "false"),
        "date" | "timestamp" | "time" | "uuid" | "interval" => {
            !number && value.starts_with(|c: char| c.is_ascii_hexdigit())
        }
        _ => true,
    }
}

/// Numbers that are the same in every run: a linear congruential generator (Knuth, MMIX).
struct Dice(u64);

impl Dice {
    /// A number from 0 to `count` - 1.
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count.max(1)
    }
}

/// The constants a statement writes: the neighbours of whole numbers too, and of patterns of `LIKE` texts that
/// match in one case only.
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
            TokenKind::String => {
                let value = text.trim_matches('\'').replace("''", "'");
                if value.contains('%') {
                    let matching = value.replace('%', "x");
                    constants.extend([matching.to_uppercase(), matching]);
                }
                constants.push(value);
            }
            _ => {}
        }
    }
    constants
}
