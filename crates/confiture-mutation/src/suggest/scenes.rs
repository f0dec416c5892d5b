//! Rows made up from those that tables had in the trial: as they are, and with values exchanged.

use std::collections::BTreeSet;

use confiture_core::catalog::{Catalog, ConstraintType};
use confiture_fixtures::TableRows;

use super::inserts;
use super::values;

/// Most sets of rows in which one column has another value.
const SINGLE: usize = 80;

/// Most sets of rows in which several have.
const MIXED: usize = 40;

/// How many rows of every table a statement mentions are tried together, fewest first.
const TOGETHER: [usize; 3] = [1, 3, 20];

/// Rows of a table that are tried one by one.
const EACH: usize = 20;

/// Rows that get the same value at once.
const ALIKE: usize = 5;

/// What rows are made of.
pub(super) struct Made<'a> {
    /// What is there when they are inserted.
    pub(super) catalog: &'a Catalog,
    /// All rows that may be inserted.
    pub(super) known: &'a [TableRows],
    /// Those of tables that the statements mention, and what the migration makes of them.
    pub(super) tables: Vec<TableRows>,
    pub(super) mentioned: &'a BTreeSet<String>,
    pub(super) constants: &'a BTreeSet<String>,
}

/// A set of rows as `INSERT`s, and what to try where the server refuses it or the migration does.
pub(super) type Scene = Vec<String>;

impl Made<'_> {
    /// Rows as they are: few of each table, and more.
    pub(super) fn plain(&self) -> Vec<Scene> {
        let mut scenes: Vec<Scene> = Vec::new();
        for count in TOGETHER {
            let rows = self.tables.iter();
            let rows =
                rows.flat_map(|table| table.rows.iter().take(count).map(move |row| (table, row.clone())));
            add(&mut scenes, [self.of_rows(&rows.collect::<Vec<_>>())], usize::MAX);
        }
        scenes
    }

    /// Each row of each table alone, by the places of the table and the row.
    pub(super) fn each(&self) -> Vec<(usize, usize, String)> {
        let places = self
            .tables
            .iter()
            .enumerate()
            .flat_map(|(at, table)| (0..table.rows.len().min(EACH)).map(move |row| (at, row)));
        places
            .filter_map(|(at, row)| {
                let table = &self.tables[at];
                Some((at, row, self.of_rows(&[(table, table.rows[row].clone())])?))
            })
            .collect()
    }

    /// All sets of rows: as they are, with one column exchanged, with several.
    pub(super) fn all(&self) -> Vec<Scene> {
        let mut scenes = self.plain();
        let choices: Vec<_> = self.tables.iter().map(|table| (table, self.choices(table))).collect();
        // The first choice of every column before the second of any.
        let rounds = choices.iter().flat_map(|(_, columns)| columns).map(|(_, values)| values.len()).max();
        for round in 0..rounds.unwrap_or(0) {
            for (table, columns) in &choices {
                for (at, values) in columns {
                    let Some(value) = values.get(round) else { continue };
                    let changed = |row: &Vec<Option<String>>| {
                        let mut row = row.clone();
                        row[*at].clone_from(value);
                        (*table, row)
                    };
                    let alike: Vec<_> = table.rows.iter().take(ALIKE).map(changed).collect();
                    // Where the column is a key, only one row can have it.
                    let one = self.of_rows(alike.get(..1).unwrap_or_default());
                    add(&mut scenes, [self.of_rows(&alike), one], SINGLE);
                }
            }
        }
        // Conditions that only several values meet together; the same in every run.
        let mut dice = Dice(1);
        for count in 0..MIXED {
            let mut rows = Vec::new();
            for (table, choices) in &choices {
                for row in table.rows.iter().take(1 + count % 3) {
                    let mut row = row.clone();
                    for (at, values) in choices {
                        if dice.below(3) > 0 && !values.is_empty() {
                            row[*at].clone_from(&values[dice.below(values.len())]);
                        }
                    }
                    rows.push((*table, row));
                }
            }
            add(&mut scenes, [self.of_rows(&rows)], SINGLE + MIXED);
        }
        scenes
    }

    fn of_rows(&self, rows: &[(&TableRows, Vec<Option<String>>)]) -> Option<String> {
        let rows = rows.iter().map(|(table, row)| (*table, row.as_slice()));
        inserts::of_rows(self.catalog, self.known, rows)
    }

    /// For each mentioned column, by its place, the values it may get.
    fn choices(&self, table: &TableRows) -> Vec<(usize, Vec<Option<String>>)> {
        let columns = self.catalog.columns_of(&table.table);
        let tied: BTreeSet<&String> = self
            .catalog
            .constraints_of(&table.table)
            .filter(|(_, constraint)| constraint.constraint_type == ConstraintType::ForeignKey)
            .flat_map(|(_, constraint)| &constraint.columns)
            .collect();
        let choice = |(at, name): (usize, &String)| {
            let (_, column) = columns.iter().find(|(id, _)| id.name() == name)?;
            let mut values: Vec<Option<String>> = Vec::new();
            if !column.not_null {
                values.push(None);
            }
            // What refers to another row can only refer to one that is there, or to none.
            if tied.contains(name) {
                let others = table.rows.iter().filter_map(|row| row.get(at)).take(2);
                values.extend(others.filter(|value| value.is_some()).cloned());
            } else {
                let own = values::of_type(self.catalog, &column.data_type, self.constants);
                values.extend(own.into_iter().map(Some));
                values.extend(self.partners(table, &column.data_type).into_iter().map(Some));
            }
            Some((at, values))
        };
        let places = table.columns.iter().enumerate();
        places.filter(|(_, name)| self.mentioned.contains(&name.to_lowercase())).filter_map(choice).collect()
    }

    /// Values of mentioned columns of other tables with the same type: what a join compares.
    fn partners(&self, table: &TableRows, data_type: &str) -> Vec<String> {
        let others = self.tables.iter().filter(|other| other.table != table.table);
        let mut values = Vec::new();
        for other in others {
            for (id, column) in self.catalog.columns_of(&other.table) {
                let named = self.mentioned.contains(&id.name().to_lowercase());
                let place = other.columns.iter().position(|name| name == id.name());
                let value = place.and_then(|at| other.rows.first()?.get(at)?.clone());
                values.extend(value.filter(|_| named && column.data_type == data_type));
            }
        }
        values.truncate(3);
        values
    }
}

/// Appends what could be made of `tries`, unless it is there already or there are `most`.
fn add<const N: usize>(scenes: &mut Vec<Scene>, tries: [Option<String>; N], most: usize) {
    let mut scene: Scene = tries.into_iter().flatten().filter(|rows| !rows.is_empty()).collect();
    scene.dedup();
    if !scene.is_empty() && scenes.len() < most && !scenes.contains(&scene) {
        scenes.push(scene);
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
