//! What a trial left, compared with what the original left.

use std::collections::BTreeSet;

use confiture_core::catalog::{Catalog, Detail, Kind, Object, ObjectId};
use confiture_core::db::DbFailure;
use confiture_core::migration::{Direction, Script, TransactionMode};
use confiture_core::plugin::{Channels, Mutant, RungRecord};
use confiture_core::sql::{ActionKind, Body, ObjectKind, Outline, Verb, classify, outline, split};
use confiture_fixtures::{Trial, Want};

use crate::audience::{Ties, words};
use crate::behaviour::{Departure, Lost};
use crate::rows::Mask;

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The text itself.
    Stillborn,
    /// The rows that are there.
    Rejected,
    /// The script's own code raised it.
    Raised,
    /// It took too long.
    Timeout,
    /// Nothing that says anything about the mutant.
    Trouble,
}

impl Refusal {
    /// What the refusal of the script of `direction` means: a rollback that objects of others stand in the way of
    /// fails on the state, which the check `down` sees.
    pub(crate) fn by(failure: &DbFailure, direction: Direction) -> Self {
        let depended_on = failure.sqlstate.as_deref().is_some_and(|state| state.starts_with("2B"));
        if direction == Direction::Down && depended_on { Self::Raised } else { Self::of(failure) }
    }

    /// By the class of the SQLSTATE (manual 18, appendix A).
    pub(crate) fn of(failure: &DbFailure) -> Self {
        if failure.is_timeout() {
            return Self::Timeout;
        }
        let Some(state) = failure.sqlstate.as_deref() else { return Self::Trouble };
        match state {
            "55P03" => return Self::Trouble,
            // Rows that a deferred key has still to check stand in the way of an ALTER (manual 18, SET CONSTRAINTS).
            "55006" => return Self::Rejected,
            _ => {}
        }
        match state.get(..2).unwrap_or_default() {
            "08" | "40" | "53" | "57" | "58" | "XX" => Self::Trouble,
            "22" | "23" | "44" => Self::Rejected,
            "P0" => Self::Raised,
            _ => Self::Stillborn,
        }
    }
}

/// How what a mutant left differs from what the original left.
#[derive(Debug, Clone)]
pub(crate) struct Divergence {
    /// After the up.
    pub(crate) schema: Departure,
    /// Names only one of them has although they behave the same.
    pub(crate) lost: Lost,
    /// Whether the rows differ after the up.
    pub(crate) rows: bool,
    /// Whether the rollback ends otherwise, in schema or rows, or the second up does.
    pub(crate) rollback: bool,
    /// Whether the locks differ, or nobody could see them.
    pub(crate) locks: bool,
    /// Whether an abort or a second run may end otherwise.
    pub(crate) rerun: bool,
}

impl Divergence {
    /// `want` is what was observed of the mutant; of the original everything was.
    pub(crate) fn between(
        original: &Trial,
        mutant: &Trial,
        mask: &Mask,
        down_mask: &Mask,
        want: Want,
    ) -> Self {
        let (schema, lost) = Departure::between(&original.record.after, &mutant.record.after);
        Self {
            schema,
            lost,
            rows: !mask.same(&original.rows, &mutant.rows),
            rollback: rollback_differs(original, mutant, down_mask),
            // What was not measured is not known to be the same.
            locks: want.locks && (mutant.locks.is_none() || original.locks != mutant.locks),
            rerun: want.rerun && rerun_differs(original, mutant),
        }
    }

    /// Whether schema, rows and rollback are the same.
    pub(crate) fn same_state(&self) -> bool {
        self.schema.is_none() && !self.rows && !self.rollback
    }

    /// Whether they are the same on every channel of `channels` that was measured, and no other is needed.
    pub(crate) fn same_on(&self, channels: Channels) -> bool {
        !channels.has(Channels::PLAN) && self.same_without_rows(channels)
    }

    /// The same for a script that neither reads nor writes rows: its own statements have no plan, and those that
    /// come later see the same schema and the same rows.
    pub(crate) fn same_without_rows(&self, channels: Channels) -> bool {
        let others = [(Channels::LOCK, self.locks), (Channels::ABORT, self.rerun)];
        self.same_state() && !others.into_iter().any(|(channel, differs)| channels.has(channel) && differs)
    }
}

fn rollback_differs(original: &Trial, mutant: &Trial, mask: &Mask) -> bool {
    let (one, other) = match (&original.record.round_trip, &mutant.record.round_trip) {
        (None, None) => return false,
        (Some(one), Some(other)) => (one, other),
        _ => return true,
    };
    let state = |run: &confiture_core::plugin::ScriptRun| {
        run.failure.as_ref().map(|failed| (failed.statement, failed.failure.sqlstate.clone()))
    };
    if state(&one.down).is_some() || state(&other.down).is_some() {
        return state(&one.down) != state(&other.down);
    }
    // Names that the normal form does not keep are what the rollback has to bring back, too.
    let (schema, lost) = Departure::between(&one.after_down, &other.after_down);
    if !schema.is_none() || !lost.is_empty() {
        return true;
    }
    if let (Some(one), Some(other)) = (&original.rows_after_down, &mutant.rows_after_down)
        && !mask.same(one, other)
    {
        return true;
    }
    match (&one.re_up, &other.re_up) {
        (Some(one), Some(other)) => state(one) != state(other),
        _ => false,
    }
}

/// Whether an abort in the middle leaves a part of it: several statements, each on its own.
pub(crate) fn leaves_a_part(script: &Script) -> bool {
    script.transaction == TransactionMode::Autocommit && script.statements.len() > 1
}

/// What was not seen counts as different.
fn rerun_differs(original: &Trial, mutant: &Trial) -> bool {
    match (&original.rerun, &mutant.rerun) {
        (Some((one, after)), Some((other, other_after))) => {
            let state = |run: &confiture_core::plugin::ScriptRun| {
                run.failure.as_ref().map(|f| f.failure.sqlstate.clone())
            };
            if state(one) != state(other) {
                return true;
            }
            match (after, other_after) {
                (Some(after), Some(other)) => !Departure::between(after, other).0.is_none(),
                _ => false,
            }
        }
        _ => true,
    }
}

/// A text that is equal for mutants of one script that left the same.
pub(crate) fn digest(original: &Trial, mutant: &Trial, mask: &Mask, down_mask: &Mask) -> String {
    let (schema, lost) = Departure::between(&original.record.after, &mutant.record.after);
    let down = mutant.record.round_trip.as_ref().map(|trip| {
        let failed =
            trip.down.failure.as_ref().map(|failed| (failed.statement, failed.failure.sqlstate.clone()));
        let re_up = trip.re_up.as_ref().and_then(|run| run.failure.as_ref());
        let left = Departure::between(&mutant.record.before, &trip.after_down);
        (failed, left, re_up.map(|failed| failed.failure.sqlstate.clone()))
    });
    let rows = mask.digest(&mutant.rows);
    let rows_after_down = mutant.rows_after_down.as_deref().map(|rows| down_mask.digest(rows));
    format!("{schema:?}{lost:?}{rows}{down:?}{rows_after_down:?}")
}

/// Whether neither a script nor a mutant of it reads or writes rows.
pub(crate) fn leaves_rows_alone(script: &Script, mutant: Option<&Mutant>) -> bool {
    match mutant {
        Some(mutant) => is_independent_from(script, mutant, 0, |_| false),
        None => script.statements.iter().all(|statement| is_schema_only(&statement.sql)),
    }
}

/// Whether a mutant can change rows only through the schema it leaves: neither what it replaces, nor what it
/// puts there, nor any later statement of the script reads or writes rows, but for later ones that write to tables
/// which have nothing to do with it. `record` is that of the original.
pub(crate) fn is_independent_of_rows(
    script: &Script,
    mutant: &Mutant,
    record: &RungRecord,
    ties: &Ties,
) -> bool {
    let ends = Ends { before: &record.before, after: &record.after };
    let touched = touched(script, mutant).map(|names| ends.closure(names, ties));
    let unrelated =
        |sql: &str| touched.as_ref().is_some_and(|touched| is_unrelated(sql, touched, script, ends));
    let first = mutant.edits.iter().map(|(at, _)| *at).min().unwrap_or(mutant.statement);
    is_independent_from(script, mutant, first.min(mutant.statement), unrelated)
}

/// The catalogs around a script.
#[derive(Clone, Copy)]
struct Ends<'a> {
    before: &'a Catalog,
    after: &'a Catalog,
}

impl<'a> Ends<'a> {
    fn iter(self) -> impl Iterator<Item = (&'a ObjectId, &'a Object)> {
        self.before.iter().chain(self.after.iter())
    }

    /// `names` and what foreign keys tie to them, before or after.
    fn closure(self, names: BTreeSet<String>, ties: &Ties) -> BTreeSet<String> {
        let before = Ties::of(self.before);
        let mut names = names;
        loop {
            let count = names.len();
            names = before.closure(ties.closure(names));
            if names.len() == count {
                return names;
            }
        }
    }
}

/// The statements that a mutant edits, as they are and as it has them.
fn edited(script: &Script, mutant: &Mutant) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    for at in mutant.edits.iter().map(|(at, _)| *at).collect::<BTreeSet<usize>>() {
        texts.push(script.statements.get(at)?.sql.to_string());
        let replaced = mutant.statement_text(script, at).ok()?;
        texts.extend(split(&replaced).iter().map(|piece| piece.text(&replaced).to_owned()));
    }
    Some(texts)
}

/// The relations that the edited statements name, lower case; `None` where they are about something else than
/// tables and indexes.
fn touched(script: &Script, mutant: &Mutant) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for text in edited(script, mutant)? {
        if !matches!(classify(&text).object, Some(ObjectKind::Table | ObjectKind::Index)) {
            return None;
        }
        names.extend(words(&text));
    }
    Some(names)
}

/// Whether a statement writes rows of tables that have nothing to do with those of `touched`; not known, and so not
/// true, where anything could run code, stand for another table or tell about the schema.
fn is_unrelated(sql: &str, touched: &BTreeSet<String>, script: &Script, ends: Ends<'_>) -> bool {
    let runs_code =
        |kind| matches!(kind, Kind::Function | Kind::Procedure | Kind::Trigger | Kind::Rule | Kind::Policy);
    // What a script makes and drops again is in neither catalog.
    let outlines: Vec<Outline> = script.statements.iter().map(|one| outline(&one.sql)).collect();
    let makes_code = outlines.iter().any(|outline| {
        outline.verb == Verb::Create
            && !matches!(outline.object, Some(ObjectKind::Table | ObjectKind::Index | ObjectKind::Sequence))
    });
    if !matches!(classify(sql).verb, Verb::Insert | Verb::Update | Verb::Delete)
        || makes_code
        || ends.iter().any(|(id, _)| runs_code(id.kind()))
    {
        return false;
    }
    let words: BTreeSet<String> = words(sql).into_iter().collect();
    if words.iter().any(|word| word.starts_with("pg_") || word == "information_schema") {
        return false;
    }
    let Some(target) = outline(sql).name().map(|name| name.name().to_lowercase()) else { return false };
    let is_relation =
        |kind| matches!(kind, Kind::Table | Kind::View | Kind::MaterializedView | Kind::ForeignTable);
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut odd: BTreeSet<String> = BTreeSet::new();
    for (id, object) in ends.iter().filter(|(id, _)| is_relation(id.kind())) {
        let name = id.name().to_lowercase();
        match &object.detail {
            Detail::Table(table) => {
                // A statement about a table is about those that inherit from it, too.
                odd.extend(table.inherits.iter().map(|parent| parent.name().to_lowercase()));
                let plain = table.partition_of.is_none() && table.partition_by.is_none();
                if !plain || !table.inherits.is_empty() {
                    odd.insert(name.clone());
                }
            }
            _ => drop(odd.insert(name.clone())),
        }
        known.insert(name);
    }
    let passing = outlines.iter().flat_map(|outline| outline.names.iter().chain(&outline.on));
    odd.extend(passing.map(|name| name.name().to_lowercase()).filter(|name| !known.contains(name)));
    let meant = |name: &String| words.contains(name);
    known.contains(&target)
        && !odd.iter().any(meant)
        && !known.iter().any(|name| meant(name) && touched.contains(name))
}

/// `unrelated` says of a statement that the mutant leaves as it is whether its rows do not matter.
fn is_independent_from(
    script: &Script,
    mutant: &Mutant,
    first: usize,
    unrelated: impl Fn(&str) -> bool,
) -> bool {
    let changed = |index: usize| mutant.edits.iter().any(|(at, _)| *at == index);
    // A table that is dropped and made anew is empty.
    let edited: BTreeSet<usize> = mutant.edits.iter().map(|(at, _)| *at).collect();
    let drops = |text: &str| split(text).iter().filter(|piece| is_drop(piece.text(text))).count();
    let was: usize = edited.iter().filter_map(|at| Some(drops(&script.statements.get(*at)?.sql))).sum();
    let is: usize =
        edited.iter().filter_map(|at| Some(drops(&mutant.statement_text(script, *at).ok()?))).sum();
    was == is
        && script.statements.iter().enumerate().skip(first).all(|(index, statement)| {
            if !changed(index) {
                return is_schema_only(&statement.sql) || unrelated(&statement.sql);
            }
            let replaced = mutant.statement_text(script, index).unwrap_or_default();
            is_schema_only(&statement.sql)
                && split(&replaced).iter().all(|piece| is_schema_only(piece.text(&replaced)))
        })
}

/// Whether a statement drops what holds rows.
fn is_drop(sql: &str) -> bool {
    let class = classify(sql);
    match class.verb {
        Verb::Drop => matches!(class.object, Some(ObjectKind::Table | ObjectKind::Schema)),
        Verb::Alter => match outline(sql).body {
            Body::Actions(actions) => actions.iter().any(|action| action.kind == ActionKind::DropColumn),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a statement neither reads nor writes rows, apart from checking them.
fn is_schema_only(sql: &str) -> bool {
    let class = classify(sql);
    // Where a sequence stands is no part of a catalog, and a new one numbers the rows that are there.
    let hidden = ["restart", "serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"];
    let counts = || words(sql).iter().any(|word| hidden.contains(&word.as_str()));
    match class.verb {
        Verb::Alter if counts() => false,
        Verb::Create => match class.object {
            Some(ObjectKind::MaterializedView) => false,
            Some(ObjectKind::Table) => outline(sql).table().is_some_and(|table| !table.items.is_empty()),
            _ => true,
        },
        Verb::Alter => match outline(sql).body {
            Body::Actions(actions) => actions.iter().all(|action| match action.kind {
                ActionKind::AlterType | ActionKind::SetExpression | ActionKind::AttachPartition => false,
                ActionKind::AddColumn => action.column.as_ref().is_none_or(|column| {
                    use confiture_core::sql::ClauseKind::{Default, Generated, Identity};
                    [Default, Generated, Identity].into_iter().all(|kind| column.clause(kind).is_none())
                }),
                _ => true,
            }),
            _ => true,
        },
        Verb::Drop | Verb::Comment | Verb::Grant | Verb::Revoke | Verb::Set | Verb::Reset => true,
        _ => class.control.is_some(),
    }
}

/// What a mutant of the script of `direction` was refused with, by that script.
pub(crate) fn refusal(trial: &Trial, direction: Direction) -> Option<&DbFailure> {
    let run = match direction {
        Direction::Up => trial.record.up.as_ref(),
        Direction::Down => trial.record.round_trip.as_ref().map(|trip| &trip.down),
    };
    run.and_then(|run| run.failure.as_ref()).map(|failed| &failed.failure)
}
