//! A catalog that is kept up to date by reading only what changed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::introspect::{
    Address, Addresses, DEPENDENTS, Fact, OID_MIX, Scope, Unit, alive_in, assemble, class, decode,
    facts as facts_of, oid_array, query, server_version, since, units,
};
use super::{Catalog, Detail};
use crate::db::{DbFailure, Row, Session};

/// A catalog with what it takes to refresh it cheaply.
///
/// Belongs to one database of one server: the addresses in it mean nothing elsewhere. Cheap to clone;
/// several refreshes may start from the same value, which is how a mutant is compared with its original:
/// observe once, then for each mutant `BEGIN`, run, [`Observed::refresh`], `ROLLBACK`.
#[derive(Debug, Clone)]
pub struct Observed {
    catalog: Catalog,
    version: u32,
    addresses: Arc<Addresses>,
    /// OIDs that exist, by system catalog, sorted; also of objects that are not ours.
    alive: Alive,
    checks: Checks,
    /// Units with rows of the transaction the observation was made in: a rollback takes those rows
    /// back without leaving newer ones.
    volatile: Arc<BTreeSet<Unit>>,
    /// Whether that transaction renamed something: a rollback gives the old name back to texts of the
    /// rare kinds, whose own rows stay as they are.
    renamed: bool,
}

type Alive = HashMap<u32, Arc<Vec<u32>>>;

/// Values that tell a change no row's xmin tells, and where to look from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Checks {
    members: String,
    /// The observing transaction, when it had written.
    transaction: Option<u64>,
    /// Every row older than this transaction id was part of the observation.
    horizon: u64,
    /// Whether the kinds of which a database holds few may have been written to.
    rare_written: bool,
    /// Stands for those kinds.
    rare: String,
}

impl Checks {
    fn read(facts: &[Fact<'_>]) -> Self {
        let Some(fact) = facts.iter().find(|fact| fact.kind == "check") else { return Self::default() };
        Self {
            members: fact.text(0).to_owned(),
            transaction: fact.text(1).parse().ok(),
            horizon: fact.text(2).parse().unwrap_or_default(),
            rare_written: fact.text(3) == "true",
            rare: rare(facts).to_owned(),
        }
    }
}

fn rare<'a>(facts: &[Fact<'a>]) -> &'a str {
    facts.iter().find(|fact| fact.kind == "rare").map_or("", |fact| fact.text(0))
}

/// What to read again.
#[derive(Debug, Default)]
struct Stale {
    units: BTreeSet<Unit>,
    /// Relations among them that no longer exist.
    gone: BTreeSet<u32>,
    /// Relations with another set of columns: views name theirs so that none is ambiguous.
    reshaped: BTreeSet<u32>,
    /// Objects whose name changed, so that texts elsewhere do too.
    renamed_relations: BTreeSet<u32>,
    renamed_types: BTreeSet<u32>,
    renamed_routines: BTreeSet<u32>,
    /// `ON CONFLICT ON CONSTRAINT` names them.
    renamed_constraints: BTreeSet<u32>,
}

impl Observed {
    /// The catalog.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Observes the whole database: the cost of [`Catalog::read`], and one more query inside a
    /// transaction that has written.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn full(session: &Session) -> Result<Self, DbFailure> {
        let version = server_version(session).await?;
        let rows = session.query_prepared(&query(version, Scope::Observation), &[]).await?;
        let facts = facts_of(&rows)?;
        let (catalog, addresses) = assemble(&facts, version)?;
        let checks = Checks::read(&facts);
        let mut observed = Self {
            catalog,
            version,
            addresses: Arc::new(addresses),
            alive: alive(&facts).collect(),
            renamed: checks.transaction.is_some(),
            checks,
            volatile: Arc::default(),
        };
        if observed.checks.transaction.is_some() {
            let rows = observed.changes(session, false).await?;
            let mut stale = observed.stale(&changed(&facts_of(&rows)?)?);
            // Rolling back may give any of them another name.
            for unit in stale.units.clone() {
                match unit {
                    Unit::Relation(oid) => stale.renamed_relations.insert(oid),
                    Unit::Type(oid) => stale.renamed_types.insert(oid),
                    Unit::Routine(oid) => stale.renamed_routines.insert(oid),
                    Unit::Rest => false,
                };
            }
            observed.dependents(session, &mut stale).await?;
            observed.volatile = Arc::new(stale.units);
        }
        Ok(observed)
    }

    /// Observes again, reading only what was written since: what this catalog and the database differ
    /// in, whoever changed it, committed or in the transaction the session is in.
    ///
    /// Costs two or three round trips, one more where something was dropped and one where something was
    /// renamed (texts that mention it are read again); 2–4 ms for 60 tables. Falls back to a whole
    /// observation where a name that may be anywhere changed (a schema, a role, a collation …), where the
    /// members of an extension changed, and where most of the database is new. Correct after ROLLBACK and
    /// ROLLBACK TO SAVEPOINT, also of what this observation saw.
    ///
    /// Row versions are told by `xmin` (manual, section 5.5 "System Columns"); what vanished, by
    /// checksums of OIDs.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn refresh(&self, session: &Session) -> Result<Self, DbFailure> {
        Box::pin(self.renew(session, false)).await
    }

    /// Like [`refresh`](Self::refresh), where only the transaction `session` is in has written since this
    /// observation: looks only through the system catalogs it has written to.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn refresh_within(&self, session: &Session) -> Result<Self, DbFailure> {
        Box::pin(self.renew(session, true)).await
    }

    /// The same observation once the transaction it was made in has committed.
    ///
    /// What the commit itself did is not part of it: have deferred constraints checked before observing.
    #[must_use]
    pub fn committed(mut self) -> Self {
        if let Some(transaction) = self.checks.transaction.take()
            && self.checks.horizon == transaction
        {
            self.checks.horizon += 1;
        }
        self.volatile = Arc::default();
        self.renamed = false;
        self
    }

    async fn renew(&self, session: &Session, within: bool) -> Result<Self, DbFailure> {
        let rare_query = query(self.version, Scope::Rare);
        let (rows, mut rare_rows) = if within {
            (self.changes(session, true).await?, Vec::new())
        } else {
            tokio::try_join!(self.changes(session, false), session.query_prepared(&rare_query, &[]))?
        };
        let facts = facts_of(&rows)?;
        let mut checks = Checks::read(&facts);
        if checks.members != self.checks.members {
            return Self::full(session).await;
        }
        if within && checks.rare_written {
            rare_rows = session.query_prepared(&rare_query, &[]).await?;
        }
        checks.rare = match rare_rows.is_empty() {
            true => self.checks.rare.clone(),
            false => rare(&facts_of(&rare_rows)?).to_owned(),
        };
        let changed = changed(&facts)?;
        let mut stale = self.stale(&changed);
        // What exists now: expected by what changed, and checked by a sum.
        let mut known = expected(&self.alive, &changed);
        let doubtful: Vec<String> = facts
            .iter()
            .filter(|fact| fact.kind == "scan")
            .filter(|fact| {
                fact.fields()
                    .first()
                    .copied()
                    .flatten()
                    .is_some_and(|sum| sum != checksum(&known, fact.class))
            })
            .filter_map(|fact| alive_in(fact.class))
            .map(|catalog| query(self.version, Scope::Alive(catalog)))
            .collect();
        let comments = self.comments(session, &facts, &changed);
        let exist = try_join_all(doubtful.iter().map(|query| session.query_prepared(query, &[])));
        let (comments, exist) = tokio::try_join!(comments, exist)?;
        for rows in &exist {
            for (class, oids) in alive(&facts_of(rows)?) {
                if !self.vanished(class, &oids, known.get(&class), &mut stale) {
                    return Self::full(session).await;
                }
                known.insert(class, oids);
            }
        }
        if let Some(now) = &comments {
            self.commented(now, &mut stale);
        }
        stale.units.extend(self.volatile.iter().copied());
        let commented_rest = stale.units.remove(&Unit::Rest);
        let renamed = !(stale.renamed_relations.is_empty()
            && stale.renamed_types.is_empty()
            && stale.renamed_routines.is_empty());
        let read_rest = commented_rest || renamed || self.renamed || checks.rare != self.checks.rare;
        self.dependents(session, &mut stale).await?;
        if stale.units.len() > 64 && stale.units.len() * 2 > self.addresses.units.len() {
            return Self::full(session).await;
        }
        let rest_rows = match read_rest {
            true => session.query_prepared(&query(self.version, Scope::Rest), &[]).await?,
            false => Vec::new(),
        };
        let rest = facts_of(&rest_rows)?;
        let mut base: Option<Addresses> = None;
        let shared: HashMap<Address, Arc<str>> = rest
            .iter()
            .filter(|fact| fact.kind == "shared-comment")
            .map(|fact| (Address::new(fact.class, fact.id), Arc::from(fact.text(0))))
            .collect();
        let known_shared = self.addresses.comments.iter().filter(|(address, _)| is_shared(address));
        let same_shared = !read_rest
            || known_shared.clone().count() == shared.len()
                && known_shared.clone().all(|(address, text)| shared.get(address) == Some(text));
        if comments.is_some() || !same_shared {
            let mut with_comments = (*self.addresses).clone();
            with_comments.comments = comments.unwrap_or_else(|| self.addresses.comments.clone());
            if read_rest {
                with_comments.comments.retain(|address, _| !is_shared(address));
                with_comments.comments.extend(shared);
            }
            base = Some(with_comments);
        }
        let known_addresses = base.as_ref().unwrap_or(&self.addresses);
        let mut fresh = Addresses::default();
        let mut objects = decode(&rest, self.version, known_addresses, &mut fresh)?;
        if read_rest && self.unsure(&fresh, &objects) {
            return Self::full(session).await;
        }
        let unit_rows = self.read_units(session, &stale).await?;
        let unit_facts = facts_of(&unit_rows)?;
        objects.extend(decode(&unit_facts, self.version, known_addresses, &mut fresh)?);
        if read_rest {
            stale.units.insert(Unit::Rest);
        }

        let volatile: BTreeSet<Unit> = if checks.transaction.is_some() {
            let mut units = stale.units.clone();
            units.remove(&Unit::Rest);
            units
        } else {
            BTreeSet::new()
        };
        let (catalog, addresses) = self.merge(&stale.units, fresh, objects, base);
        Ok(Self {
            catalog,
            version: self.version,
            addresses,
            alive: known,
            renamed: checks.transaction.is_some() && (renamed || self.renamed),
            checks,
            volatile: Arc::new(volatile),
        })
    }

    async fn changes(&self, session: &Session, within: bool) -> Result<Vec<Row>, DbFailure> {
        let (set, changes) = (since(self.checks.horizon, within), query(self.version, Scope::Changes));
        // Sent together: the second does not wait for the answer to the first.
        let (_, rows) = tokio::try_join!(session.execute(&set), session.query_prepared(&changes, &[]))?;
        Ok(rows)
    }

    /// All comments, where they differ from the known ones.
    async fn comments(
        &self,
        session: &Session,
        facts: &[Fact<'_>],
        changed: &[Fact<'_>],
    ) -> Result<Option<HashMap<Address, Arc<str>>>, DbFailure> {
        let Some(scan) = facts.iter().find(|f| f.kind == "scan" && f.class == class::DESCRIPTION) else {
            return Ok(None);
        };
        let known = &self.addresses.comments;
        let written: HashMap<Address, Arc<str>> =
            comments(changed.iter()).filter(|(address, text)| known.get(address) != Some(text)).collect();
        let added = written.keys().filter(|address| !known.contains_key(*address)).count();
        let own = known.keys().filter(|address| !is_shared(address)).count();
        // A rollback brings back what the count never knew.
        if usize::try_from(scan.sub) == Ok(own + added) && self.checks.transaction.is_none() {
            if written.is_empty() {
                return Ok(None);
            }
            let mut all = known.clone();
            all.extend(written);
            return Ok(Some(all));
        }
        let rows = session.query_prepared(&query(self.version, Scope::Comments), &[]).await?;
        let facts = facts_of(&rows)?;
        let shared = known.iter().filter(|(a, _)| is_shared(a)).map(|(a, text)| (*a, text.clone()));
        Ok(Some(comments(facts.iter()).chain(shared).collect()))
    }

    async fn read_units(&self, session: &Session, stale: &Stale) -> Result<Vec<Row>, DbFailure> {
        let (mut relations, mut types, mut routines) = (Vec::new(), Vec::new(), Vec::new());
        for unit in &stale.units {
            match unit {
                Unit::Relation(oid) if stale.gone.contains(oid) => {}
                Unit::Relation(oid) => relations.push(*oid),
                Unit::Type(oid) => types.push(*oid),
                Unit::Routine(oid) => routines.push(*oid),
                Unit::Rest => {}
            }
        }
        if relations.is_empty() && types.is_empty() && routines.is_empty() {
            return Ok(Vec::new());
        }
        let scope = Scope::Units {
            relations: !relations.is_empty(),
            types: !types.is_empty(),
            routines: !routines.is_empty(),
        };
        let (set, read) = (units(&relations, &types, &routines), query(self.version, scope));
        let (_, rows) = tokio::try_join!(session.execute(&set), session.query_prepared(&read, &[]))?;
        Ok(rows)
    }

    /// The unit a relation-like OID is read with: a table for its indexes.
    fn unit_of_relation(&self, oid: u32) -> Unit {
        match self.addresses.ids.get(&Address::new(class::CLASS, oid)) {
            Some((unit, _)) => *unit,
            None => Unit::Relation(oid),
        }
    }

    /// What the rows of a changes query say has to be read again.
    fn stale(&self, facts: &[Fact<'_>]) -> Stale {
        let mut stale = Stale::default();
        for fact in facts {
            let address = Address::new(fact.class, fact.id);
            let known = self.addresses.ids.get(&address).map(|(_, id)| id);
            match (fact.kind, fact.class) {
                ("changed", class::CLASS) => {
                    stale.units.insert(Unit::Relation(fact.unit));
                    let same =
                        known.is_none_or(|id| id.schema() == Some(fact.text(0)) && id.name() == fact.text(1));
                    if !same {
                        stale.renamed_relations.insert(fact.id);
                        // It may have been an index of a table before it moved.
                        stale.units.insert(self.unit_of_relation(fact.id));
                    }
                }
                ("column", _) => {
                    let unit = self.unit_of_relation(fact.unit);
                    stale.units.insert(unit);
                    let column = Address { class: class::CLASS, oid: fact.id, sub: fact.sub };
                    let before = self.addresses.ids.get(&column).map(|(_, id)| id.name());
                    let now = (fact.text(0) == "f").then_some(fact.text(1));
                    match (before, now) {
                        (Some(before), Some(now)) if before != now => stale.renamed_relations.insert(fact.id),
                        _ if known.is_some() && before != now => stale.reshaped.insert(fact.id),
                        _ => false,
                    };
                }
                ("touched", _) => {
                    stale.units.insert(self.unit_of_relation(fact.unit));
                }
                ("changed", class::TYPE) => {
                    stale.units.insert(Unit::Type(fact.id));
                    if known.is_some_and(|id| id.schema() != Some(fact.text(0)) || id.name() != fact.text(1))
                    {
                        stale.renamed_types.insert(fact.id);
                    }
                }
                ("labels", _) => {
                    stale.units.insert(Unit::Type(fact.id));
                    if known.is_some() {
                        stale.renamed_types.insert(fact.id);
                    }
                }
                ("changed", class::PROC) => {
                    stale.units.insert(Unit::Routine(fact.id));
                    if known.is_some_and(|id| id.schema() != Some(fact.text(0)) || id.name() != fact.text(1))
                    {
                        stale.renamed_routines.insert(fact.id);
                    }
                }
                ("changed", class::CONSTRAINT) => {
                    let unit = match fact.sub {
                        1 => Unit::Type(fact.unit),
                        _ => self.unit_of_relation(fact.unit),
                    };
                    stale.units.insert(unit);
                    if known.is_some_and(|id| id.name() != fact.text(0)) {
                        stale.renamed_constraints.insert(fact.id);
                    }
                }
                ("changed", _) => {
                    stale.units.insert(self.unit_of_relation(fact.unit));
                }
                _ => {}
            }
        }
        stale
    }

    /// Adds the units of what no longer exists; false where something unexpected exists (again).
    fn vanished(&self, class: u32, now: &[u32], expected: Option<&Arc<Vec<u32>>>, stale: &mut Stale) -> bool {
        let expected = expected.map_or(&[][..], |oids| oids.as_slice());
        for oid in expected.iter().filter(|oid| now.binary_search(oid).is_err()) {
            if let Some((unit, _)) = self.addresses.ids.get(&Address::new(class, *oid)) {
                stale.units.insert(*unit);
            }
            if class == class::CLASS {
                stale.gone.insert(*oid);
            }
        }
        now.iter().all(|oid| expected.binary_search(oid).is_ok())
    }

    /// Units of objects whose comment differs from the one in `now`.
    fn commented(&self, now: &HashMap<Address, Arc<str>>, stale: &mut Stale) {
        let before = &self.addresses.comments;
        let changed = now
            .iter()
            .filter(|(address, text)| before.get(*address) != Some(*text))
            .map(|(address, _)| address)
            .chain(before.keys().filter(|address| !now.contains_key(*address)));
        for address in changed {
            if let Some((unit, _)) = self.addresses.ids.get(address) {
                stale.units.insert(*unit);
            }
        }
    }

    /// Adds the units whose texts mention something that was renamed.
    async fn dependents(&self, session: &Session, stale: &mut Stale) -> Result<(), DbFailure> {
        let relations: Vec<u32> = stale.renamed_relations.union(&stale.reshaped).copied().collect();
        let types: Vec<u32> = stale.renamed_types.iter().copied().collect();
        let routines: Vec<u32> = stale.renamed_routines.iter().copied().collect();
        let constraints: Vec<u32> = stale.renamed_constraints.iter().copied().collect();
        if [&relations, &types, &routines, &constraints].iter().all(|oids| oids.is_empty()) {
            return Ok(());
        }
        let set = format!(
            "{}; SET confiture.constraints = {}",
            units(&relations, &types, &routines),
            oid_array(&constraints)
        );
        let (_, rows) = tokio::try_join!(session.execute(&set), session.query_prepared(DEPENDENTS, &[]))?;
        for row in rows {
            let kind: &str = row.try_get(0).map_err(|error| DbFailure::from_driver(&error, ""))?;
            let oid: u32 = row.try_get(1).map_err(|error| DbFailure::from_driver(&error, ""))?;
            stale.units.insert(match kind {
                "relation" => Unit::Relation(oid),
                "type" => Unit::Type(oid),
                _ => Unit::Routine(oid),
            });
        }
        Ok(())
    }

    /// Whether something changed whose name may be part of any text.
    fn unsure(&self, fresh: &Addresses, objects: &[super::introspect::Read]) -> bool {
        if fresh.database_owner != self.catalog.database_owner() {
            return true;
        }
        let renamed = fresh
            .ids
            .iter()
            .any(|(a, (_, id))| self.addresses.ids.get(a).is_some_and(|(_, before)| before != id));
        let moved = objects.iter().any(|(_, id, object)| match (&object.detail, self.catalog.get(id)) {
            (Detail::Extension(now), Some(before)) => {
                !matches!(&before.detail, Detail::Extension(old) if old.schema == now.schema)
            }
            _ => false,
        });
        renamed || moved
    }

    /// This catalog with `units` replaced by what was read of them.
    fn merge(
        &self,
        units: &BTreeSet<Unit>,
        fresh: Addresses,
        objects: Vec<super::introspect::Read>,
        base: Option<Addresses>,
    ) -> (Catalog, Arc<Addresses>) {
        let nothing = Vec::new();
        let old = |unit: &Unit| self.addresses.units.get(unit).unwrap_or(&nothing);
        let now: HashSet<&super::ObjectId> = objects.iter().map(|(_, id, _)| id).collect();
        let gone: Vec<super::ObjectId> = units
            .iter()
            .flat_map(|unit| old(unit).iter().map(|(_, id)| id))
            .filter(|id| !now.contains(id))
            .cloned()
            .collect();
        let mut changed = Vec::new();
        for (_, id, object) in objects {
            if self.catalog.get(&id) != Some(&object) {
                changed.push((id, Arc::new(object)));
            }
        }
        let mut catalog = self.catalog.clone();
        if !gone.is_empty() || !changed.is_empty() {
            let map = Arc::make_mut(&mut catalog.objects);
            for id in &gone {
                map.remove(id);
            }
            map.extend(changed);
        }
        let same_addresses = base.is_none()
            && units.iter().all(|unit| self.addresses.units.get(unit) == fresh.units.get(unit));
        if same_addresses {
            return (catalog, Arc::clone(&self.addresses));
        }
        let mut addresses = base.unwrap_or_else(|| (*self.addresses).clone());
        for unit in units {
            for (address, _) in addresses.units.remove(unit).unwrap_or_default() {
                if let Some(address) = address {
                    addresses.ids.remove(&address);
                }
            }
        }
        addresses.ids.extend(fresh.ids);
        addresses.units.extend(fresh.units);
        for (address, text) in fresh.comments {
            addresses.comments.insert(address, text);
        }
        (catalog, Arc::new(addresses))
    }
}

/// Comments on roles are read with the roles.
fn is_shared(address: &Address) -> bool {
    address.class == class::AUTHID
}

/// What a changes query found, row by row.
fn changed<'a>(facts: &[Fact<'a>]) -> Result<Vec<Fact<'a>>, DbFailure> {
    let scans = facts.iter().filter(|fact| fact.kind == "scan");
    // The first field is the checksum.
    scans.flat_map(|scan| scan.fields().iter().skip(1).flatten()).map(|text| Fact::nested(text)).collect()
}

fn comments<'a>(facts: impl Iterator<Item = &'a Fact<'a>>) -> impl Iterator<Item = (Address, Arc<str>)> {
    facts
        .filter(|fact| fact.kind == "comment")
        .map(|fact| (Address { class: fact.class, oid: fact.id, sub: fact.sub }, Arc::from(fact.text(0))))
}

/// The OID lists of an observation, sorted.
fn alive(facts: &[Fact<'_>]) -> impl Iterator<Item = (u32, Arc<Vec<u32>>)> {
    facts.iter().filter(|fact| fact.kind == "alive").map(|fact| {
        let oids = fact.text(0).split_ascii_whitespace().filter_map(|oid| oid.parse().ok());
        let mut oids: Vec<u32> = oids.collect();
        oids.sort_unstable();
        (fact.class, Arc::new(oids))
    })
}

/// What existed and what is new: all that can exist now.
fn expected(before: &Alive, changed: &[Fact<'_>]) -> Alive {
    let mut out = before.clone();
    for fact in changed.iter().filter(|fact| fact.kind == "changed") {
        let list = out.entry(fact.class).or_default();
        if let Err(at) = list.binary_search(&fact.id) {
            Arc::make_mut(list).insert(at, fact.id);
        }
    }
    out
}

/// The sum the server calculates of the OIDs of a catalog.
fn checksum(alive: &Alive, class: u32) -> String {
    let oids = alive.get(&class).map_or(&[][..], |oids| oids.as_slice());
    let sum: u128 = oids.iter().map(|&oid| u128::from(oid) * u128::from(oid % OID_MIX)).sum();
    sum.to_string()
}
