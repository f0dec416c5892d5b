//! Builds rows one by one: foreign keys first, then the other columns, then checks, then unique keys.

use std::collections::BTreeMap;

use confiture_core::catalog::ObjectId;

use super::Refusal;
use super::eval;
use super::expr::Expr;
use super::kind::Kind;
use super::plan::{ForeignKey, Key, Plan};
use super::pool::{Draw, Pool, Seen, hash};
use super::rng::{Rng, mix};
use super::sample::{Wish, sample};
use super::solve::{self, Draft};
use super::value::Value;

/// Attempts at one row before it is given up.
const ATTEMPTS: u64 = 40;
/// Rows given up one after the other before the table is taken to be full.
const GIVEN_UP: u64 = 12;
/// One row in so many has NULL in a column that allows it.
const NULLS: u64 = 8;

/// Builds the rows of one table.
pub(super) struct Builder<'a> {
    plan: &'a Plan,
    /// Place in `pools` of each foreign key's parents.
    parents: Vec<usize>,
    /// Foreign keys, widest first.
    order: Vec<usize>,
    /// By column: whether a foreign key gives its value.
    foreign: Vec<bool>,
    /// By column: the next value of its sequence.
    next: Vec<Option<i64>>,
    seen: Vec<Seen>,
    number: u64,
    given_up: u64,
    /// Why rows were given up: name of the constraint, and how often.
    refused: BTreeMap<String, u64>,
    /// By column: whether other tables rely on the values this one has been said to have.
    promised: Vec<bool>,
    scratch: String,
}

impl<'a> Builder<'a> {
    /// `first` is the number of the first row; rows with the same number are the same.
    pub(super) fn new(plan: &'a Plan, parents: Vec<usize>, first: u64) -> Self {
        let mut order: Vec<usize> = (0..plan.references.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(plan.references[*at].columns.len()));
        let mut foreign = vec![false; plan.columns.len()];
        for at in plan.references.iter().flat_map(|reference| &reference.columns) {
            foreign[*at] = true;
        }
        let next = plan.columns.iter().map(|column| column.sequence.as_ref().map(|(_, start)| *start));
        Self {
            parents,
            order,
            foreign,
            next: next.collect(),
            seen: plan.keys.iter().map(|_| Seen::default()).collect(),
            plan,
            number: first,
            given_up: 0,
            refused: BTreeMap::new(),
            promised: vec![false; plan.columns.len()],
            scratch: String::new(),
        }
    }

    /// Holds to the values of these columns that [`promise`](super::cycle::promise) gave.
    pub(super) fn keep_promise(&mut self, names: &[String]) {
        for (column, promised) in self.plan.columns.iter().zip(&mut self.promised) {
            *promised |= names.contains(&column.name);
        }
    }

    /// Takes a row that is there already into account.
    pub(super) fn remember(&mut self, values: &[Value]) {
        for (at, key) in self.plan.keys.iter().enumerate() {
            if let Some(hashed) = key_hash(key, values, &mut self.scratch) {
                self.seen[at].insert(hashed);
            }
        }
        for (next, value) in self.next.iter_mut().zip(values) {
            if let (Some(next), Value::Int(value)) = (next, value) {
                *next = (*next).max(value.saturating_add(1));
            }
        }
    }

    /// The highest value each sequence has to be set to.
    pub(super) fn sequences(&self) -> impl Iterator<Item = (&str, i64)> {
        self.plan.columns.iter().zip(&self.next).filter_map(|(column, next)| {
            let ((name, start), next) = (column.sequence.as_ref()?, (*next)?);
            (next > *start).then_some((name.as_str(), next - 1))
        })
    }

    /// The next row, or `None` when there seem to be no more that satisfy everything.
    pub(super) fn build(&mut self, pools: &mut [Pool]) -> Option<Vec<Value>> {
        while self.given_up < GIVEN_UP {
            let number = self.number;
            self.number += 1;
            if let Some(values) = self.row(number, pools) {
                self.given_up = 0;
                return Some(values);
            }
            self.given_up += 1;
        }
        None
    }

    /// What rows were given up for.
    pub(super) fn refusals(&self) -> impl Iterator<Item = Refusal> {
        self.refused.iter().map(|(name, count)| Refusal {
            constraint: Some(name.clone()),
            sqlstate: None,
            message: format!("no further row was found that satisfies {name}"),
            rows: *count,
        })
    }

    /// Starts anew after rows that the server refused.
    pub(super) fn go_on(&mut self) {
        self.given_up = 0;
    }

    fn row(&mut self, number: u64, pools: &mut [Pool]) -> Option<Vec<Value>> {
        let mut distinct = vec![false; self.plan.columns.len()];
        let mut reason = None;
        for attempt in 0..ATTEMPTS {
            let mut row = Row {
                plan: self.plan,
                pools,
                parents: &self.parents,
                foreign: &self.foreign,
                next: &self.next,
                promised: &self.promised,
                values: vec![Value::Null; self.plan.columns.len()],
                settled: vec![false; self.plan.columns.len()],
                distinct: &distinct,
                rng: Rng::new(self.plan.row_seed(number, attempt)),
                number,
                attempt,
            };
            if let Err(refused) = row.fill(&self.order) {
                reason = Some(refused);
                continue;
            }
            let values = row.values;
            match self.unique(&values) {
                Ok(hashes) => {
                    for (seen, hashed) in self.seen.iter_mut().zip(hashes) {
                        seen.extend(hashed);
                    }
                    for (next, value) in self.next.iter_mut().zip(&values) {
                        if let (Some(next), Value::Int(value)) = (next, value) {
                            *next = (*next).max(value + 1);
                        }
                    }
                    self.extend_own(&values, pools);
                    return Some(values);
                }
                Err(at) => {
                    let key = &self.plan.keys[at];
                    reason = Some(key.name.clone());
                    for column in key.parts.iter().flat_map(Expr::columns) {
                        distinct[column] |= !self.foreign[column];
                    }
                }
            }
        }
        *self.refused.entry(reason.unwrap_or_default()).or_default() += 1;
        None
    }

    /// The hashes of the row's keys, or the first key that another row has.
    fn unique(&mut self, values: &[Value]) -> Result<Vec<Option<u64>>, usize> {
        let mut hashes = Vec::with_capacity(self.plan.keys.len());
        for (at, key) in self.plan.keys.iter().enumerate() {
            let hashed = key_hash(key, values, &mut self.scratch);
            if hashed.is_some_and(|hashed| self.seen[at].contains(&hashed)) {
                return Err(at);
            }
            hashes.push(hashed);
        }
        Ok(hashes)
    }

    /// Makes the row a possible parent of later rows of the same table.
    fn extend_own(&self, values: &[Value], pools: &mut [Pool]) {
        let mut done = Vec::new();
        for (reference, pool) in self.plan.references.iter().zip(&self.parents) {
            if reference.parent != self.plan.id || done.contains(pool) {
                continue;
            }
            done.push(*pool);
            if let Some(tuple) = self.plan.tuple(values, &reference.parent_columns) {
                pools[*pool].push(tuple);
            }
        }
    }
}

impl Plan {
    /// Whether each row has a parent of its own, as in a table of a subtype.
    pub(super) fn has_own_parent(&self, reference: &ForeignKey) -> bool {
        self.keys.iter().any(|key| {
            let columns: Vec<usize> = key.parts.iter().flat_map(Expr::columns).collect();
            !columns.is_empty() && columns.iter().all(|column| reference.columns.contains(column))
        })
    }

    /// The other table that has a row of its own for each row of this one.
    pub(super) fn own_parent(&self) -> Option<&ObjectId> {
        let of_own = |reference: &&ForeignKey| reference.parent != self.id && self.has_own_parent(reference);
        self.references.iter().find(of_own).map(|reference| &reference.parent)
    }

    fn wish(&self, at: usize, row: u64, distinct: Option<u64>) -> Wish<'_> {
        let column = &self.columns[at];
        Wish {
            column: &column.name,
            slot: row + column.seed % super::sample::CYCLE,
            distinct,
            cap: column.cap,
            width: column.shape.as_ref().map(|shape| shape.width as usize),
        }
    }

    /// A value of a column that no other `number` has.
    pub(super) fn numbered(&self, at: usize, number: u64) -> Value {
        let mut rng = Rng::new(mix(self.columns[at].seed, number));
        sample(&self.columns[at].kind, self.wish(at, number, Some(number)), &mut rng)
    }

    /// The values of the named columns; `None` when one is NULL or computed by the server.
    pub(super) fn tuple(&self, values: &[Value], names: &[String]) -> Option<Vec<Value>> {
        names
            .iter()
            .map(|name| {
                let at = self.columns.iter().position(|column| column.name == *name)?;
                (!values[at].is_null() && !self.columns[at].generated).then(|| values[at].clone())
            })
            .collect()
    }
}

/// The hash of a key's values; `None` when the key does not apply to the row.
fn key_hash(key: &Key, values: &[Value], scratch: &mut String) -> Option<u64> {
    if let Some(predicate) = &key.predicate
        && matches!(eval::truth(predicate, values), Ok(Some(false) | None))
    {
        return None;
    }
    let mut hashed = 0;
    for part in &key.parts {
        let hash_of = |value: &Value, scratch: &mut String| match value {
            Value::Null if !key.nulls_equal => None,
            value => Some(hash(value, scratch)),
        };
        match part {
            Expr::Column(at) => hashed = mix(hashed, hash_of(&values[*at], scratch)?),
            other => match eval::value(other, values) {
                Ok(value) => hashed = mix(hashed, hash_of(&value, scratch)?),
                Err(eval::Unknown) => {
                    for at in other.columns() {
                        hashed = mix(hashed, hash(&values[at], scratch));
                    }
                }
            },
        }
    }
    Some(hashed)
}

/// One attempt at one row.
struct Row<'a, 'p> {
    plan: &'a Plan,
    pools: &'p mut [Pool],
    parents: &'p [usize],
    foreign: &'p [bool],
    next: &'p [Option<i64>],
    promised: &'p [bool],
    values: Vec<Value>,
    /// Columns whose value is decided.
    settled: Vec<bool>,
    distinct: &'p [bool],
    rng: Rng,
    number: u64,
    attempt: u64,
}

impl Row<'_, '_> {
    /// Fills all columns; the name of the constraint in the way otherwise.
    fn fill(&mut self, order: &[usize]) -> Result<(), String> {
        for at in 0..self.plan.columns.len() {
            if self.plan.columns[at].generated || self.wants_null(at) {
                self.settled[at] = true;
            }
        }
        let mut own = Vec::new();
        for at in order {
            if !self.draw(*at)? {
                own.push(*at);
            }
        }
        for at in 0..self.plan.columns.len() {
            if !self.settled[at] {
                self.values[at] = self.sampled(at);
                self.settled[at] = true;
            }
        }
        for (low, high) in &self.plan.slots {
            self.values[*low] = self.numbered(*low, self.number * 2);
            self.values[*high] = self.numbered(*high, self.number * 2 + 1);
        }
        // The first row of a table that refers to itself is its own parent.
        for at in own {
            let reference = &self.plan.references[at];
            let Some(tuple) = self.plan.tuple(&self.values, &reference.parent_columns) else {
                return Err(reference.name.clone());
            };
            for (column, value) in reference.columns.iter().zip(tuple) {
                self.values[*column] = value;
            }
        }
        self.satisfy_checks()
    }

    fn satisfy_checks(&mut self) -> Result<(), String> {
        let plan = self.plan;
        let leaf = match plan.partitions.len() as u64 {
            0 => None,
            count => Some(&plan.partitions[((self.number + self.attempt) % count) as usize]),
        };
        for round in 0..12 {
            let mut clean = true;
            if let Some(leaf) = leaf
                && eval::truth(leaf, &self.values) == Ok(Some(false))
            {
                clean = false;
                solve::satisfy(self, leaf, true);
            }
            for check in &plan.checks {
                if eval::holds(&check.expr, &self.values) == Ok(false) {
                    clean = false;
                    solve::satisfy(self, &check.expr, true);
                }
                if round > 3
                    && eval::holds(&check.expr, &self.values) == Err(eval::Unknown)
                    && self.attempt > 0
                {
                    continue;
                }
            }
            if clean {
                return Ok(());
            }
        }
        let broken = plan.checks.iter().find(|check| eval::holds(&check.expr, &self.values) == Ok(false));
        match broken {
            Some(check) => Err(check.name.clone()),
            None if leaf.is_some_and(|leaf| eval::truth(leaf, &self.values) == Ok(Some(false))) => {
                Err("its partitions".to_owned())
            }
            None => Ok(()),
        }
    }

    fn wants_null(&mut self, at: usize) -> bool {
        let column = &self.plan.columns[at];
        if column.not_null || column.sequence.is_some() || self.promised[at] {
            return false;
        }
        if let Some(shape) = &column.shape {
            return (self.rng.next() >> 11) as f64 / (1_u64 << 53) as f64 <= shape.null_fraction;
        }
        if self.attempt > 2 {
            return self.rng.one_in(NULLS);
        }
        // Not where the column's own cycle has its boundary value.
        let slot = self.number + column.seed % super::sample::CYCLE;
        slot % super::sample::CYCLE > 1 && (self.number + column.seed % NULLS).is_multiple_of(NULLS)
    }

    /// Chooses a parent that agrees with what is settled. False when the row has to be its own parent.
    fn draw(&mut self, at: usize) -> Result<bool, String> {
        let plan = self.plan;
        let reference = &plan.references[at];
        let null = |row: &Self, column: &usize| row.settled[*column] && row.values[*column].is_null();
        if reference.columns.iter().any(|column| null(self, column)) {
            if reference.full {
                return self.detach(at, true);
            }
            return Ok(true);
        }
        let once = plan.has_own_parent(reference);
        let how = match self.attempt {
            _ if once => Draw::Number(self.number + self.attempt),
            0..3 => Draw::Skewed,
            3..12 => Draw::Even,
            attempt => Draw::Number(self.number * 7919 + attempt * 31 + at as u64),
        };
        let settled: Vec<Option<Value>> = reference
            .columns
            .iter()
            .map(|column| self.settled[*column].then(|| self.values[*column].clone()))
            .collect();
        let given: Vec<Option<&Value>> = settled.iter().map(Option::as_ref).collect();
        let pool = &mut self.pools[self.parents[at]];
        let Some(found) = pool.draw(&given, how, &mut self.rng) else {
            if self.detach(at, false)? {
                return Ok(true);
            }
            let own = reference.parent == plan.id && self.pools[self.parents[at]].is_empty();
            return if own { Ok(false) } else { Err(reference.name.clone()) };
        };
        let tuple = self.pools[self.parents[at]].tuple(found).to_vec();
        for (column, value) in reference.columns.iter().zip(tuple) {
            self.values[*column] = value;
            self.settled[*column] = true;
        }
        Ok(true)
    }

    /// Leaves a foreign key without a parent, by NULL in one column (or in all).
    fn detach(&mut self, at: usize, all: bool) -> Result<bool, String> {
        let reference = &self.plan.references[at];
        let mut done = false;
        for column in &reference.columns {
            if self.plan.columns[*column].not_null {
                if all {
                    return Err(reference.name.clone());
                }
                continue;
            }
            if !self.settled[*column] || all {
                self.values[*column] = Value::Null;
                self.settled[*column] = true;
                done = true;
            }
        }
        Ok(done)
    }

    /// Whether a foreign key gives the column's value: one that NULL in another column does not switch off.
    fn is_bound(&self, column: usize) -> bool {
        self.foreign[column]
            && self.plan.references.iter().any(|reference| {
                let applies = |other: &usize| *other == column || !self.values[*other].is_null();
                reference.columns.contains(&column) && reference.columns.iter().all(applies)
            })
    }

    fn wish(&self, at: usize, distinct: Option<u64>) -> Wish<'_> {
        self.plan.wish(at, self.number, distinct)
    }

    fn numbered(&self, at: usize, number: u64) -> Value {
        self.plan.numbered(at, number)
    }

    fn sampled(&mut self, at: usize) -> Value {
        let column = &self.plan.columns[at];
        if self.promised[at] {
            return super::cycle::promised(self.plan, at, self.number);
        }
        if let Some(next) = self.next[at] {
            return Value::Int(next + if self.attempt > 8 { self.attempt as i64 } else { 0 });
        }
        let number = self.number + self.attempt * 1_000_003;
        if !column.document.is_empty() {
            return super::document::document(
                &column.document,
                number,
                &mut Rng::new(mix(column.seed, number)),
            );
        }
        if column.fresh {
            // Past those that the parent may have been given by itself.
            return self.numbered(at, number + 1_000_000);
        }
        if column.unique || self.distinct[at] {
            return self.numbered(at, number);
        }
        if let Some(shape) = &column.shape {
            let unit = (self.rng.next() >> 11) as f64 / (1_u64 << 53) as f64;
            return self.numbered(at, shape.place(unit, self.plan.rows));
        }
        let mut rng = Rng::new(mix(column.seed, number));
        if let Some(usual) = &column.usual
            && rng.one_in(4)
        {
            return usual.clone();
        }
        sample(&column.kind, self.wish(at, None), &mut rng)
    }
}

impl Draft for Row<'_, '_> {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn kind(&self, column: usize) -> &Kind {
        &self.plan.columns[column].kind
    }

    fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    fn set_null(&mut self, column: usize) -> bool {
        let found = &self.plan.columns[column];
        if found.not_null || found.generated {
            return false;
        }
        self.values[column] = Value::Null;
        true
    }

    fn revive(&mut self, column: usize) -> bool {
        if !self.values[column].is_null() {
            return true;
        }
        if self.plan.columns[column].generated {
            return false;
        }
        if !self.is_bound(column) {
            self.values[column] = self.sampled(column);
            return !self.values[column].is_null();
        }
        for at in 0..self.plan.references.len() {
            if !self.plan.references[at].columns.contains(&column) {
                continue;
            }
            for column in &self.plan.references[at].columns {
                self.settled[*column] = !self.values[*column].is_null();
            }
            let drawn = self.draw(at);
            self.settled.fill(true);
            if drawn != Ok(true) || self.values[column].is_null() {
                return false;
            }
        }
        true
    }

    fn assign(&mut self, column: usize, value: &Value) -> bool {
        let found = &self.plan.columns[column];
        if value.is_null() {
            return self.set_null(column);
        }
        if found.generated || found.sequence.is_some() {
            return self.values[column].equals(value) == Some(true);
        }
        let Some(value) = solve::coerce(value, &found.kind) else { return false };
        if self.is_bound(column) {
            let plan = self.plan;
            for (at, reference) in plan.references.iter().enumerate() {
                let Some(place) = reference.columns.iter().position(|own| *own == column) else { continue };
                let mut given: Vec<Option<&Value>> = vec![None; reference.columns.len()];
                given[place] = Some(&value);
                let Some(found) = self.pools[self.parents[at]].draw(&given, Draw::Even, &mut self.rng) else {
                    return false;
                };
                let tuple = self.pools[self.parents[at]].tuple(found).to_vec();
                for (own, value) in reference.columns.iter().zip(tuple) {
                    self.values[*own] = value;
                }
            }
            return true;
        }
        self.values[column] = value;
        true
    }

    fn resample(&mut self, column: usize) -> bool {
        let found = &self.plan.columns[column];
        if found.generated || found.sequence.is_some() {
            return false;
        }
        if self.is_bound(column) {
            self.values[column] = Value::Null;
            return self.revive(column);
        }
        let slot = self.rng.next();
        let wish = Wish { slot, ..self.wish(column, None) };
        let mut rng = Rng::new(slot);
        self.values[column] = if found.unique {
            self.numbered(column, slot % 1_000_000)
        } else {
            sample(&found.kind, wish, &mut rng)
        };
        true
    }

    fn mentioned(&self, column: usize) -> &[Value] {
        &self.plan.columns[column].mentioned
    }
}
