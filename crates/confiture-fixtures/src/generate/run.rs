//! One call of the generator: the order of tables, their parents, their rows.

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::catalog::{Catalog, Detail, Kind as ObjectKind, ObjectId};
use confiture_core::db::{DbFailure, Session};
use confiture_core::sql::{Quoted, quote_literal};

use super::bulk::{self, Bulk};
use super::kind::Kind;
use super::load::{Candidates, Rows, copy, load};
use super::plan::{Plan, Planner};
use super::pool::Pool;
use super::rows::Builder;
use super::value::Value;
use super::{Refusal, RowCounts, Statistics, TableFill, cycle, expr, solve};

/// Rows of one COPY.
const CHUNK: u64 = 20_000;
/// Rows that are built while the server reads those before.
const PIECE: u64 = 500;
/// Most parents that are asked for.
const PARENTS: u64 = 50_000;

/// A table and its columns that a foreign key refers to.
pub(super) type Parent = (ObjectId, Vec<String>);

/// How the rows of a table are made.
#[derive(Debug, Default)]
struct Way {
    /// With indexes at rest, where there are enough.
    bulk: bool,
    /// Tables that a trigger puts a row into with each row.
    made: Vec<ObjectId>,
    /// The reference that lacks a parent, if no trigger makes it.
    orphaned: Option<String>,
}

impl Way {
    fn making(mut self, parent: &ObjectId, orphaned: Option<String>) -> Self {
        self.made.push(parent.clone());
        self.orphaned = self.orphaned.or(orphaned);
        self.bulk = false;
        self
    }
}

/// One call of [`RowGenerator::fill`].
pub(super) struct Run<'a> {
    session: &'a Session,
    catalog: &'a Catalog,
    rows: &'a RowCounts,
    statistics: Option<&'a Statistics>,
    pools: Vec<Pool>,
    known: BTreeMap<Parent, usize>,
    pub(super) filled: Vec<TableFill>,
    sequences: BTreeMap<String, i64>,
    /// Whether indexes may be built behind the rows.
    pub(super) bulk: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        session: &'a Session,
        catalog: &'a Catalog,
        rows: &'a RowCounts,
        statistics: Option<&'a Statistics>,
    ) -> Self {
        Self {
            session,
            catalog,
            rows,
            statistics,
            pools: Vec::new(),
            known: BTreeMap::new(),
            filled: Vec::new(),
            sequences: BTreeMap::new(),
            bulk: false,
        }
    }

    pub(super) async fn fill(&mut self, seed: u64, tables: &[ObjectId]) -> Result<(), DbFailure> {
        let planner = Planner::new(self.catalog, seed);
        let mut wanted: BTreeSet<ObjectId> = BTreeSet::new();
        for table in tables {
            let root = self.root(table);
            match planner.unfillable(&root) {
                None => drop(wanted.insert(root)),
                Some(reason) => self.skip(&root, 0, reason),
            }
        }
        let plans: BTreeMap<ObjectId, Plan> = wanted
            .into_iter()
            .map(|id| (id.clone(), planner.plan(&id, self.rows.of(&id), self.statistics)))
            .collect();
        let mut counts = self.count(plans.keys()).await?;
        let needed: BTreeSet<Parent> = plans
            .values()
            .flat_map(|plan| &plan.references)
            .map(|reference| (reference.parent.clone(), reference.parent_columns.clone()))
            .collect();
        let mut altered = false;
        let ordered = cycle::order(&plans);
        for group in &ordered {
            if let [id] = group[..] {
                let plan = &plans[id];
                if altered {
                    // A trigger of a table before may have put rows in here.
                    counts.extend(self.count([id].into_iter()).await?);
                }
                altered |= plan.altered;
                self.table(plan, counts.get(id).copied().unwrap_or(0), &needed).await?;
            } else {
                let group: Vec<&Plan> = group.iter().map(|id| &plans[*id]).collect();
                self.group(&group, &counts, &needed).await?;
            }
        }
        let place: BTreeMap<&ObjectId, usize> = ordered
            .iter()
            .enumerate()
            .flat_map(|(at, group)| group.iter().map(move |id| (*id, at)))
            .collect();
        for plan in plans.values() {
            let later = |parent: &ObjectId| place.get(parent).is_some_and(|at| *at > place[&plan.id]);
            for reference in plan.references.iter().filter(|reference| later(&reference.parent)) {
                cycle::mend(self.session, plan, reference).await?;
            }
        }
        self.set_sequences().await
    }

    /// Fills tables that require each other, in one statement.
    async fn group(
        &mut self,
        plans: &[&Plan],
        counts: &BTreeMap<ObjectId, u64>,
        needed: &BTreeSet<Parent>,
    ) -> Result<(), DbFailure> {
        let count = |plan: &Plan| counts.get(&plan.id).copied().unwrap_or(0);
        if plans.iter().any(|plan| count(plan) > 0) {
            // Rows are there already, so each table finds parents.
            for plan in plans {
                Box::pin(self.table(plan, count(plan), needed)).await?;
            }
            return Ok(());
        }
        let mut promised: Vec<&Parent> = Vec::new();
        for parent in needed {
            let Some(plan) = plans.iter().find(|plan| plan.id == parent.0) else { continue };
            if let Some(tuples) = cycle::promise(plan, &parent.1, self.rows.of(&plan.id)) {
                self.known.insert(parent.clone(), self.pools.len());
                self.pools.push(Pool::new(tuples));
                promised.push(parent);
            }
        }
        let mut parts = Vec::new();
        let mut builders = Vec::new();
        for plan in plans {
            let mut parents = Vec::new();
            for reference in &plan.references {
                parents.push(self.pool(&(reference.parent.clone(), reference.parent_columns.clone())).await?);
            }
            let mut builder = Builder::new(plan, parents, 0);
            for (_, names) in promised.iter().filter(|(table, _)| *table == plan.id) {
                builder.keep_promise(names);
            }
            let (mut rows, places) = (Rows::default(), plan.provided());
            while rows.count < self.rows.of(&plan.id) {
                let Some(values) = builder.build(&mut self.pools) else { break };
                rows.push(&places, &values);
            }
            parts.push((*plan, rows));
            builders.push(builder);
        }
        let outcome = cycle::insert_together(self.session, &parts).await;
        let refused = match outcome {
            Ok(()) => None,
            Err(failure) if failure.is_connection_lost() || failure.is_timeout() => return Err(failure),
            Err(failure) => {
                self.session.execute("ROLLBACK TO SAVEPOINT confiture_rows").await?;
                Some(failure)
            }
        };
        for ((plan, rows), builder) in parts.iter().zip(&builders) {
            let mut fill = self.nothing(&plan.id, 0);
            match &refused {
                None => {
                    fill.inserted = rows.count;
                    self.note_sequences(builder);
                }
                Some(failure) => fill.refused.push(Refusal::of(failure, rows.count)),
            }
            fill.refused.extend(builder.refusals());
            self.filled.push(fill);
        }
        for parent in promised {
            if refused.is_some() || plans.iter().any(|plan| plan.altered) {
                self.known.remove(parent);
            }
        }
        Ok(())
    }

    fn nothing(&self, table: &ObjectId, existing: u64) -> TableFill {
        TableFill {
            table: table.clone(),
            wanted: self.rows.of(table),
            existing,
            inserted: 0,
            skipped: None,
            refused: Vec::new(),
        }
    }

    fn note_sequences(&mut self, builder: &Builder<'_>) {
        for (name, last) in builder.sequences() {
            let known = self.sequences.entry(name.to_owned()).or_insert(last);
            *known = (*known).max(last);
        }
    }

    /// The partitioned table that takes a partition's rows.
    fn root<'t>(&'t self, table: &'t ObjectId) -> ObjectId {
        let mut table = table;
        while let Some(Detail::Table(found)) = self.catalog.get(table).map(|object| &object.detail)
            && let Some(parent) = &found.partition_of
        {
            table = parent;
        }
        table.clone()
    }

    fn skip(&mut self, table: &ObjectId, existing: u64, reason: String) {
        if self.filled.iter().any(|known| known.table == *table) {
            return;
        }
        let nothing = self.nothing(table, existing);
        self.filled.push(TableFill { skipped: Some(reason), ..nothing });
    }

    /// Rows of each table, in one query.
    async fn count<'t>(
        &self,
        tables: impl Iterator<Item = &'t ObjectId>,
    ) -> Result<BTreeMap<ObjectId, u64>, DbFailure> {
        let tables: Vec<&ObjectId> = tables.collect();
        if tables.is_empty() {
            return Ok(BTreeMap::new());
        }
        let counts: Vec<String> = tables
            .iter()
            .map(|id| format!("(SELECT pg_catalog.count(*) FROM {})", self.rows_of(id)))
            .collect();
        let mut found = BTreeMap::new();
        // A row has at most 1664 columns.
        for (tables, counts) in tables.chunks(1000).zip(counts.chunks(1000)) {
            let answer = self.session.query_simple(&format!("SELECT {}", counts.join(", "))).await?;
            let numbers =
                answer.rows.into_iter().flatten().map(|text| text.and_then(|text| text.parse().ok()));
            found.extend(tables.iter().zip(numbers).map(|(id, count)| ((*id).clone(), count.unwrap_or(0))));
        }
        Ok(found)
    }

    /// The table without those that inherit from it, unless these are its partitions.
    fn rows_of(&self, table: &ObjectId) -> String {
        let partitioned =
            self.catalog.tables().any(|(id, found)| id == table && found.partition_by.is_some());
        format!("{}{}", if partitioned { "" } else { "ONLY " }, table.sql_name())
    }

    async fn table(
        &mut self,
        plan: &Plan,
        existing: u64,
        needed: &BTreeSet<Parent>,
    ) -> Result<(), DbFailure> {
        let way = Way { bulk: self.bulk, ..Way::default() };
        self.rows(plan, existing, needed, way).await
    }

    /// Loads all rows with indexes and foreign keys at rest; `None` when nothing came of it, and nothing is
    /// left of it then. How many rows there were otherwise: fewer than `missing` where no more can be built.
    async fn in_bulk(
        &mut self,
        plan: &Plan,
        builder: &mut Builder<'_>,
        own: &[&Parent],
        tuples: &mut [Vec<Vec<Value>>],
        missing: u64,
    ) -> Result<Option<u64>, DbFailure> {
        let Some(resting) = Bulk::begin(self.session, plan).await? else { return Ok(None) };
        let places = plan.provided();
        let mut inserted = 0;
        let outcome = async {
            loop {
                let mut rows = Rows::default();
                let batch = (missing - inserted).min(CHUNK);
                let pools = &mut self.pools;
                let mut make = |rows: &mut Rows| {
                    let end = batch.min(rows.count + PIECE);
                    while rows.count < end {
                        let Some(values) = builder.build(pools) else { break };
                        for ((_, columns), tuples) in own.iter().zip(&mut *tuples) {
                            tuples.extend(plan.tuple(&values, columns));
                        }
                        rows.push(&places, &values);
                    }
                };
                copy(self.session, plan, &mut rows, &mut make).await?;
                inserted += rows.count;
                if rows.count < batch || inserted == missing {
                    break;
                }
            }
            resting.finish(self.session, plan).await
        };
        match outcome.await {
            Ok(()) => {
                self.session.execute("RELEASE SAVEPOINT confiture_rows; SAVEPOINT confiture_rows").await?;
                Ok(Some(inserted))
            }
            Err(failure) if failure.is_connection_lost() || failure.is_timeout() => Err(failure),
            Err(failure) => {
                tracing::debug!(table = %plan.id, %failure, "rows are loaded with their indexes");
                self.session.execute("ROLLBACK TO SAVEPOINT confiture_rows").await?;
                Ok(None)
            }
        }
    }

    async fn rows(
        &mut self,
        plan: &Plan,
        existing: u64,
        needed: &BTreeSet<Parent>,
        way: Way,
    ) -> Result<(), DbFailure> {
        let wanted = self.rows.of(&plan.id);
        let mut fill = self.nothing(&plan.id, existing);
        if existing >= wanted {
            self.filled.push(fill);
            return Ok(());
        }
        let mut parents = Vec::new();
        for reference in &plan.references {
            let parent = (reference.parent.clone(), reference.parent_columns.clone());
            let pool = self.pool(&parent).await?;
            let optional = reference.columns.iter().any(|at| !plan.columns[*at].not_null);
            if self.pools[pool].is_empty() && !optional && reference.parent != plan.id {
                let reason = format!("{} refers to {}, which has no rows", reference.name, reference.parent);
                // A trigger may make the parent of each row.
                if !plan.altered || !plan.has_own_parent(reference) {
                    self.skip(&plan.id, existing, way.orphaned.unwrap_or(reason));
                    return Ok(());
                }
                let changed = plan.with_made(&reference.parent, self.catalog);
                let way = way.making(&reference.parent, Some(reason));
                return Box::pin(self.rows(&changed, existing, needed, way)).await;
            }
            parents.push(pool);
        }
        let mut builder = Builder::new(plan, parents, existing);
        if existing > 0 {
            for row in self.existing_keys(plan).await? {
                builder.remember(&row);
            }
        }
        let own: Vec<&Parent> = needed.iter().filter(|(table, _)| *table == plan.id).collect();
        let mut tuples: Vec<Vec<Vec<Value>>> = own.iter().map(|_| Vec::new()).collect();
        let mut as_built = existing == 0;
        if way.bulk && way.made.is_empty() && bulk::is_worth_it(plan, existing, wanted - existing) {
            match self.in_bulk(plan, &mut builder, &own, &mut tuples, wanted - existing).await? {
                Some(inserted) => fill.inserted = inserted,
                None => {
                    // Anew, as if nothing had been tried.
                    self.known.retain(|(table, _), _| *table != plan.id);
                    return Box::pin(self.rows(plan, existing, needed, Way::default())).await;
                }
            }
        }
        let (mut tries, mut doubtful) = (0, false);
        let places = plan.provided();
        while fill.inserted < wanted - existing && tries < 3 {
            let missing = wanted - existing - fill.inserted;
            let mut rows = Rows::default();
            // Where the server refused many, more candidates than rows that are missing.
            let batch = if doubtful { (missing * 3).max(50) } else { missing }.min(CHUNK);
            let candidates = if doubtful { Candidates::Doubtful } else { Candidates::Good };
            let pools = &mut self.pools;
            let mut make = |rows: &mut Rows| {
                let end = batch.min(rows.count + PIECE);
                while rows.count < end {
                    let Some(values) = builder.build(pools) else { break };
                    for ((_, columns), tuples) in own.iter().zip(&mut tuples) {
                        tuples.extend(plan.tuple(&values, columns));
                    }
                    rows.push(&places, &values);
                }
            };
            let loaded = load(self.session, plan, &mut rows, missing, candidates, &mut make).await?;
            if rows.count == 0 {
                // The rows of the supertype belong to other subtypes.
                if existing + fill.inserted == 0
                    && let Some(parent) = plan.own_parent().filter(|_| plan.altered)
                {
                    let reason = builder.refusals().next().map(|refusal| refusal.message);
                    let changed = plan.with_made(parent, self.catalog);
                    let way = way.making(parent, reason);
                    return Box::pin(self.rows(&changed, existing, needed, way)).await;
                }
                break;
            }
            as_built &= loaded.as_built;
            fill.inserted += loaded.kept;
            let expected = rows.count.min(missing);
            doubtful |= loaded.kept < expected;
            tries += u32::from(loaded.kept * 20 < expected);
            builder.go_on();
            if fill.inserted == 0
                && let Some(parent) = self.made_twice(plan, &loaded.refused)
            {
                self.known.retain(|(table, _), _| *table != plan.id);
                let changed = plan.with_made(parent, self.catalog);
                let way = way.making(parent, None);
                return Box::pin(self.rows(&changed, existing, needed, way)).await;
            }
            for refusal in loaded.refused {
                let same = |known: &&mut Refusal| {
                    known.constraint == refusal.constraint && known.sqlstate == refusal.sqlstate
                };
                match fill.refused.iter_mut().find(same) {
                    Some(known) => known.rows += refusal.rows,
                    None => fill.refused.push(refusal),
                }
            }
        }
        self.known.retain(|(table, _), _| !way.made.contains(table));
        if existing + fill.inserted == 0 {
            fill.skipped = way.orphaned;
        }
        fill.refused.extend(builder.refusals());
        fill.refused.sort_by_key(|refusal| std::cmp::Reverse(refusal.rows));
        self.note_sequences(&builder);
        for ((table, columns), tuples) in own.into_iter().zip(tuples) {
            let parent = (table.clone(), columns.clone());
            let computed =
                plan.columns.iter().any(|column| column.generated && columns.contains(&column.name));
            if as_built && !computed {
                let pool = Pool::new(tuples);
                match self.known.get(&parent) {
                    Some(at) => self.pools[*at] = pool,
                    None => {
                        self.known.insert(parent, self.pools.len());
                        self.pools.push(pool);
                    }
                }
            } else {
                // What is there now is asked for when a child needs it.
                self.known.remove(&parent);
            }
        }
        self.filled.push(fill);
        Ok(())
    }

    /// The parent that has a key already which a trigger wanted to give it with each row.
    fn made_twice<'p>(&self, plan: &'p Plan, refused: &[Refusal]) -> Option<&'p ObjectId> {
        let doubled = refused.iter().filter(|refusal| refusal.sqlstate.as_deref() == Some("23505"));
        let names: Vec<&str> = doubled.filter_map(|refusal| refusal.constraint.as_deref()).collect();
        let of = |parent: &ObjectId| {
            names.iter().any(|name| self.catalog.contains(&parent.member(ObjectKind::Index, name)))
        };
        let own = plan.references.iter().filter(|reference| reference.parent != plan.id);
        own.map(|reference| &reference.parent).find(|parent| of(parent))
    }

    /// Where the parent's keys are kept; asks the server for them when they are not known.
    async fn pool(&mut self, parent: &Parent) -> Result<usize, DbFailure> {
        if let Some(at) = self.known.get(parent) {
            return Ok(*at);
        }
        let (table, columns) = parent;
        let quoted: Vec<String> =
            columns.iter().map(|name| Quoted::ident(name).as_str().to_owned()).collect();
        let texts: Vec<String> = quoted.iter().map(|name| format!("{name}::text")).collect();
        let present: Vec<String> = quoted.iter().map(|name| format!("{name} IS NOT NULL")).collect();
        let order: Vec<String> = (1..=columns.len()).map(|at| at.to_string()).collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {PARENTS}",
            texts.join(", "),
            self.rows_of(table),
            present.join(" AND "),
            order.join(", ")
        );
        let answer = self.session.query_simple(&sql).await?;
        let kinds: Vec<Kind> = columns
            .iter()
            .map(|name| {
                let found = self.catalog.columns_of(table).into_iter().find(|(id, _)| id.name() == name);
                found.map_or(Kind::Named(String::new(), Vec::new()), |(_, column)| {
                    Kind::read(&column.data_type, self.catalog)
                })
            })
            .collect();
        let tuples = answer.rows.into_iter().map(|row| {
            let values = row.into_iter().zip(&kinds);
            values.map(|(text, kind)| text.map_or(Value::Null, |text| solve::read(&text, kind))).collect()
        });
        let at = self.pools.len();
        self.pools.push(Pool::new(tuples.collect()));
        self.known.insert(parent.clone(), at);
        Ok(at)
    }

    /// The rows that are there, in the columns that keys and sequences need.
    async fn existing_keys(&self, plan: &Plan) -> Result<Vec<Vec<Value>>, DbFailure> {
        let mut places: BTreeSet<usize> = BTreeSet::new();
        for key in &plan.keys {
            let parts = key.parts.iter().chain(&key.predicate);
            places.extend(parts.flat_map(expr::Expr::columns));
        }
        places.extend((0..plan.columns.len()).filter(|at| plan.columns[*at].sequence.is_some()));
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let columns: Vec<String> = places
            .iter()
            .map(|at| format!("{}::text", Quoted::ident(&plan.columns[*at].name).as_str()))
            .collect();
        let sql = format!("SELECT {} FROM {}", columns.join(", "), self.rows_of(&plan.id));
        let answer = self.session.query_simple(&sql).await?;
        let rows = answer.rows.into_iter().map(|row| {
            let mut values = vec![Value::Null; plan.columns.len()];
            for (at, text) in places.iter().zip(row) {
                if let Some(text) = text {
                    values[*at] = solve::read(&text, &plan.columns[*at].kind);
                }
            }
            values
        });
        Ok(rows.collect())
    }

    /// Moves sequences past the values that were written beside them.
    async fn set_sequences(&self) -> Result<(), DbFailure> {
        if self.sequences.is_empty() {
            return Ok(());
        }
        let calls: Vec<String> = self
            .sequences
            .iter()
            .map(|(name, last)| format!("pg_catalog.setval({}, {last})", quote_literal(name)))
            .collect();
        for calls in calls.chunks(1000) {
            self.session.execute(&format!("SELECT {}", calls.join(", "))).await?;
        }
        Ok(())
    }
}
