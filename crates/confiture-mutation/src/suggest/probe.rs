//! Rows that the mutant treats otherwise, found by trying.

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::catalog::{Catalog, Kind, ObjectId};
use confiture_core::migration::Migration;
use confiture_core::sql::{Quoted, outline, quote_literal};
use confiture_fixtures::{TableRows, Trial};

use super::scenes::{Made, Scene};
use super::values::constants;
use crate::audience::words;
use crate::error::MutationError;
use crate::rows::Mask;
use crate::worker::{Group, Subject, Worker};

/// Most rows that differ and still do not make a test which stays what it was seen to be.
const REFUTED: usize = 6;

impl Worker<'_> {
    /// A test with rows that the mutant treats otherwise: none at all, those that tables had in the trial, or
    /// some with values exchanged for a constant of the statement, for its neighbour, for NULL.
    pub(super) async fn probe(
        &mut self,
        subject: &Subject<'_>,
        group: &Group,
        original: &Trial,
        trial: &Trial,
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
        let texts = Texts::of(self, subject);
        let masks = [group.mask(), group.down_mask()];
        // What a trigger or a foreign key does is written to tables that nobody names.
        let differing = group.mask().differing(&original.rows, &trial.rows);
        let mut names: BTreeSet<String> = differing
            .filter_map(|(one, other)| one.or(other))
            .map(|rows| rows.table.name().to_lowercase())
            .collect();
        names.extend(texts.words.iter().cloned());
        let mut queries = contents(after, &names, &masks);
        if queries.is_empty() {
            return Ok(None);
        }
        queries.push(APPLIES.to_owned());
        let known = self.ladder_ref().known_rows();
        let (migration, mutant) = self.both(subject.migration);
        let mut scenes: Vec<(Scene, Stand)> = vec![(vec![String::new()], Stand::Before)];
        if before.is_some() {
            let mut made = texts.rows(&original.record.before, &known, &original.rows);
            if !self.only_accepted(&mut made, &migration).await? {
                // What another statement of the script makes of them is in the way.
                made.mentioned = &texts.script;
            }
            scenes.extend(made.all().into_iter().map(|scene| (scene, Stand::Before)));
        }
        if rolled_back {
            let changed = |rows: &&TableRows| !original.rows.iter().any(|new| new.table == rows.table);
            let there: Vec<TableRows> =
                original.rows.iter().chain(known.iter().filter(changed)).cloned().collect();
            let made = texts.rows(&original.record.after, &there, &[]);
            scenes.extend(made.all().into_iter().map(|scene| (scene, Stand::Between)));
        }
        let mut refuted = 0;
        for (scene, stand) in scenes {
            for rows in scene {
                let (first, undone) = match (rolled_back, stand) {
                    (false, _) => (rows.as_str(), None),
                    (true, Stand::Before) => (rows.as_str(), Some("")),
                    (true, Stand::Between) => ("", Some(rows.as_str())),
                };
                let expected = self.ladder().answers(first, &migration, undone, &queries).await?;
                if expected.last().is_none_or(Option::is_none) {
                    continue;
                }
                let found = self.ladder().answers(first, &mutant, undone, &queries).await?;
                let mut told = queries.iter().zip(expected.into_iter().zip(found));
                let Some((query, (was, _))) = told.find(|(_, (was, is))| was != is) else { break };
                let mut text = String::new();
                if let (Some(before), Stand::Before) = (before, stand) {
                    text.push_str(&self.to(before));
                    text.push_str(&rows);
                }
                text.push_str(&self.to(subject.migration));
                if let (true, Some(before)) = (rolled_back, before) {
                    if stand == Stand::Between {
                        text.push_str(&rows);
                    }
                    text.push_str(&self.back_to(before));
                }
                let value = was.map_or_else(|| "NULL".to_owned(), |was| quote_literal(&was));
                let condition = match query == APPLIES {
                    true => "true".to_owned(),
                    false => format!("({query}) IS NOT DISTINCT FROM {value}"),
                };
                text.push_str(&format!("-- confiture: assert\nSELECT {condition};\n"));
                if self.tells(subject, &text).await? {
                    return Ok(Some(text));
                }
                refuted += 1;
                if refuted >= REFUTED {
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    /// Leaves out the rows that the migration refuses, where it takes others of the same table.
    async fn only_accepted(
        &mut self,
        made: &mut Made<'_>,
        migration: &Migration,
    ) -> Result<bool, MutationError> {
        let queries = [APPLIES.to_owned()];
        let few = made.plain().into_iter().flatten().nth(1);
        let applies = |answers: Vec<Option<String>>| answers.iter().all(Option::is_some);
        if let Some(few) = few
            && applies(self.ladder().answers(&few, migration, None, &queries).await?)
        {
            return Ok(true);
        }
        let mut accepted: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (table, row, rows) in made.each() {
            if applies(self.ladder().answers(&rows, migration, None, &queries).await?) {
                accepted.entry(table).or_default().insert(row);
            }
        }
        let all = accepted.len() == made.tables.len();
        for (table, rows) in accepted {
            let mut place = 0..;
            made.tables[table].rows.retain(|_| place.next().is_some_and(|place| rows.contains(&place)));
        }
        Ok(all)
    }
}

/// Answered only where everything before it went through.
const APPLIES: &str = "SELECT 'it applies'";

/// Where rows are inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// At the version before the migration.
    Before,
    /// Between the migration and its rollback.
    Between,
}

/// What the statements that a mutant changes say, as they are and as it makes them.
pub(super) struct Texts {
    /// The statements as they are.
    pub(super) original: Vec<String>,
    /// The same as the mutant makes them.
    pub(super) changed: Vec<String>,
    words: BTreeSet<String>,
    /// The words of the whole script.
    script: BTreeSet<String>,
    constants: BTreeSet<String>,
}

impl Texts {
    pub(super) fn of(worker: &Worker<'_>, subject: &Subject<'_>) -> Self {
        let migration = worker.original(subject.migration);
        let script = migration.step(subject.direction).script();
        let places: BTreeSet<usize> = subject.mutant.edits.iter().map(|(at, _)| *at).collect();
        let original: Vec<String> = script
            .iter()
            .flat_map(|script| places.iter().filter_map(|at| script.statements.get(*at)))
            .map(|statement| statement.sql.to_string())
            .collect();
        let changed = script.iter().flat_map(|script| {
            places.iter().filter_map(|at| subject.mutant.statement_text(script, *at).ok())
        });
        let changed: Vec<String> = changed.collect();
        let all = || original.iter().chain(&changed);
        let mut mentioned: BTreeSet<String> = all().flat_map(|sql| words(sql)).collect();
        // What it was called when the rows were inserted.
        for statement in script.iter().flat_map(|script| &script.statements) {
            let outline = outline(&statement.sql);
            let pairs = outline.actions().iter().filter_map(|action| {
                let old = action.name.as_ref().or(outline.name())?;
                Some((old.name().to_lowercase(), action.new_name.as_ref()?.name().to_lowercase()))
            });
            for (old, new) in pairs {
                if mentioned.contains(&new) {
                    mentioned.insert(old);
                }
            }
        }
        let statements = script.iter().flat_map(|script| &script.statements);
        Self {
            script: statements.flat_map(|statement| words(&statement.sql)).collect(),
            words: mentioned,
            constants: all().flat_map(|sql| constants(sql)).collect(),
            original,
            changed,
        }
    }

    /// Whether they mention a name.
    pub(super) fn mention(&self, name: &str) -> bool {
        self.words.contains(&name.to_lowercase())
    }

    /// Rows of `known` tables that the statements mention, and those that `also` holds.
    pub(super) fn rows<'a>(
        &'a self,
        catalog: &'a Catalog,
        known: &'a [TableRows],
        also: &'a [TableRows],
    ) -> Made<'a> {
        // Rows of a partition are known as those of its table.
        let parted = |id: &ObjectId| {
            catalog.tables().any(|(part, table)| {
                let of = table.partition_of.as_ref();
                self.mention(part.name()) && of == Some(id)
            })
        };
        let tables = known.iter().chain(also);
        let tables = tables.filter(|rows| self.mention(rows.table.name()) || parted(&rows.table));
        Made {
            catalog,
            known,
            tables: tables.cloned().collect(),
            mentioned: &self.words,
            constants: &self.constants,
        }
    }
}

/// A query for all that each mentioned relation holds, as one text; masked columns are left out.
fn contents(catalog: &Catalog, mentioned: &BTreeSet<String>, masks: &[&Mask]) -> Vec<String> {
    let named = catalog.iter().map(|(id, _)| id).filter(|id| mentioned.contains(&id.name().to_lowercase()));
    let query = |relation: &ObjectId| {
        let from = relation.sql_name();
        match relation.kind() {
            Kind::Table | Kind::View | Kind::MaterializedView => {}
            Kind::Sequence => {
                return Some(format!("SELECT concat_ws(' ', last_value, is_called) FROM {from}"));
            }
            _ => return None,
        }
        let seen = |id: &ObjectId| !masks.iter().any(|mask| mask.hides(relation, id.name()));
        let columns = catalog.columns_of(relation);
        let columns = columns.iter().filter(|(id, _)| seen(id));
        let columns: Vec<String> = columns.map(|(id, _)| Quoted::ident(id.name()).to_string()).collect();
        let row = format!("ROW({})::text", columns.join(", "));
        (!columns.is_empty()).then(|| format!("SELECT string_agg({row}, ' ' ORDER BY {row}) FROM {from}"))
    };
    named.filter_map(query).collect()
}
