//! A catalog that is kept up to date by reading only what changed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::introspect::{
    Address, Addresses, DEPENDENTS, Fact, Scope, Unit, assemble, class, decode, facts, query, server_version,
    since, units,
};
use super::{Catalog, Detail};
use crate::db::{DbFailure, Session};

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
    alive: Arc<HashMap<u32, Vec<u32>>>,
    checks: Checks,
    /// Units with rows of the transaction the observation was made in: a rollback takes those rows
    /// back without leaving newer ones.
    volatile: Arc<BTreeSet<Unit>>,
    /// Whether that transaction renamed something: a rollback gives the old name back to texts of the
    /// rare kinds, whose own rows stay as they are.
    renamed: bool,
}

/// Values that tell a change no row's xmin tells, and where to look from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Checks {
    members: String,
    comments: usize,
    /// Whether the observing transaction had written.
    in_transaction: bool,
    /// Stands for the kinds of which a database holds few.
    rare: String,
    /// Every row older than this transaction id was part of the observation.
    horizon: u64,
}

impl Checks {
    fn read(facts: &[Fact<'_>]) -> Self {
        let Some(fact) = facts.iter().find(|fact| fact.kind == "check") else { return Self::default() };
        let rare = facts.iter().find(|fact| fact.kind == "rare").map_or("", |fact| fact.text(0));
        Self {
            members: fact.text(0).to_owned(),
            comments: fact.text(1).parse().unwrap_or_default(),
            in_transaction: !fact.text(2).is_empty(),
            rare: rare.to_owned(),
            horizon: fact.text(3).parse().unwrap_or_default(),
        }
    }
}

/// What to read again.
#[derive(Debug, Default)]
struct Stale {
    units: BTreeSet<Unit>,
    /// Objects whose name changed, so that texts elsewhere do too.
    renamed_relations: BTreeSet<u32>,
    renamed_types: BTreeSet<u32>,
    renamed_routines: BTreeSet<u32>,
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
        let facts = facts(&rows)?;
        let (catalog, addresses) = assemble(&facts, version)?;
        let checks = Checks::read(&facts);
        let mut observed = Self {
            catalog,
            version,
            addresses: Arc::new(addresses),
            alive: Arc::new(alive(&facts)),
            renamed: checks.in_transaction,
            checks,
            volatile: Arc::default(),
        };
        if observed.checks.in_transaction {
            let rows = observed.changes(session).await?;
            let facts = crate::catalog::introspect::facts(&rows)?;
            let mut stale = observed.stale(&facts);
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
    /// Costs two queries, a third where something was dropped and a fourth where something was renamed
    /// (texts that mention it are read again); 3–6 ms for 60 tables. Falls back to a whole observation
    /// where a name that may be anywhere changed (a schema, a role, a collation …), where the members of
    /// an extension changed, and where most of the database is new. Correct after ROLLBACK and ROLLBACK
    /// TO SAVEPOINT, also of what this observation saw.
    ///
    /// Row versions are told by `xmin` (manual, section 5.5 "System Columns"); what vanished, by counts.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn refresh(&self, session: &Session) -> Result<Self, DbFailure> {
        let rows = self.changes(session).await?;
        let facts = facts(&rows)?;
        let checks = Checks::read(&facts);
        if checks.members != self.checks.members {
            return Self::full(session).await;
        }
        let mut comments: Option<HashMap<Address, Arc<str>>> = None;
        let mut stale = self.stale(&facts);
        let mut known = Arc::clone(&self.alive);
        // What exists now: expected by what changed, and counted.
        let expected = expected(&self.alive, &facts);
        let counted = facts.iter().filter(|fact| fact.kind == "alive").all(|fact| {
            expected.get(&fact.class).map_or(0, Vec::len) == usize::try_from(fact.sub).unwrap_or(0)
        });
        let changed_comments: HashMap<Address, Arc<str>> = facts
            .iter()
            .filter(|fact| fact.kind == "comment")
            .map(|fact| (Address { class: fact.class, oid: fact.id, sub: fact.sub }, Arc::from(fact.text(0))))
            .filter(|(address, text)| self.addresses.comments.get(address) != Some(text))
            .collect();
        let new_comments =
            changed_comments.keys().filter(|a| !self.addresses.comments.contains_key(a)).count();
        let own_comments = self.addresses.comments.keys().filter(|address| !is_shared(address)).count();
        // A rollback brings back what the counts never knew.
        if counted && own_comments + new_comments == checks.comments && !self.checks.in_transaction {
            if expected != *self.alive {
                known = Arc::new(expected);
            }
            if !changed_comments.is_empty() {
                let mut all = self.addresses.comments.clone();
                all.extend(changed_comments);
                comments = Some(all);
            }
        } else {
            let rows = session.query_prepared(&query(self.version, Scope::Alive), &[]).await?;
            let facts = crate::catalog::introspect::facts(&rows)?;
            known = Arc::new(alive(&facts));
            if !self.vanished(&known, &expected, &mut stale) {
                return Self::full(session).await;
            }
            let all: HashMap<Address, Arc<str>> = facts
                .iter()
                .filter(|fact| fact.kind == "comment")
                .map(|fact| {
                    (Address { class: fact.class, oid: fact.id, sub: fact.sub }, Arc::from(fact.text(0)))
                })
                .chain(
                    self.addresses
                        .comments
                        .iter()
                        .filter(|(a, _)| is_shared(a))
                        .map(|(a, t)| (*a, t.clone())),
                )
                .collect();
            comments = Some(all);
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
        let rest = crate::catalog::introspect::facts(&rest_rows)?;
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
        let unit_rows = self.read_units(session, &stale.units).await?;
        let unit_facts = crate::catalog::introspect::facts(&unit_rows)?;
        objects.extend(decode(&unit_facts, self.version, known_addresses, &mut fresh)?);
        if read_rest {
            stale.units.insert(Unit::Rest);
        }

        let volatile: BTreeSet<Unit> = if checks.in_transaction {
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
            renamed: checks.in_transaction && (renamed || self.renamed),
            checks,
            volatile: Arc::new(volatile),
        })
    }

    async fn changes(&self, session: &Session) -> Result<Vec<crate::db::Row>, DbFailure> {
        let (set, changes) = (since(self.checks.horizon), query(self.version, Scope::Changes));
        // Sent together: the second does not wait for the answer to the first.
        let (_, rows) = tokio::try_join!(session.execute(&set), session.query_prepared(&changes, &[]))?;
        Ok(rows)
    }

    async fn read_units(
        &self,
        session: &Session,
        stale: &BTreeSet<Unit>,
    ) -> Result<Vec<crate::db::Row>, DbFailure> {
        let (mut relations, mut types, mut routines) = (Vec::new(), Vec::new(), Vec::new());
        for unit in stale {
            match unit {
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
                    let now = (fact.text(1) == "false").then_some(fact.text(0));
                    if known.is_some() && before != now {
                        stale.renamed_relations.insert(fact.id);
                    }
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
                ("changed", class::CONSTRAINT) if fact.sub == 1 => {
                    stale.units.insert(Unit::Type(fact.unit));
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
    fn vanished(
        &self,
        now: &HashMap<u32, Vec<u32>>,
        expected: &HashMap<u32, Vec<u32>>,
        stale: &mut Stale,
    ) -> bool {
        for (class, oids) in expected {
            let Some(left) = now.get(class) else { continue };
            for oid in oids.iter().filter(|oid| left.binary_search(oid).is_err()) {
                if let Some((unit, _)) = self.addresses.ids.get(&Address::new(*class, *oid)) {
                    stale.units.insert(*unit);
                }
            }
        }
        now.iter().all(|(class, oids)| {
            let had = expected.get(class).map(Vec::as_slice).unwrap_or_default();
            oids.iter().all(|oid| had.binary_search(oid).is_ok())
        })
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
        let relations: Vec<u32> = stale.renamed_relations.iter().copied().collect();
        let types: Vec<u32> = stale.renamed_types.iter().copied().collect();
        let routines: Vec<u32> = stale.renamed_routines.iter().copied().collect();
        if relations.is_empty() && types.is_empty() && routines.is_empty() {
            return Ok(());
        }
        let set = units(&relations, &types, &routines);
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

/// The OID lists of an observation, sorted.
fn alive(facts: &[Fact<'_>]) -> HashMap<u32, Vec<u32>> {
    facts
        .iter()
        .filter(|fact| fact.kind == "alive")
        .map(|fact| {
            let mut oids: Vec<u32> =
                fact.text(0).split_ascii_whitespace().filter_map(|oid| oid.parse().ok()).collect();
            oids.sort_unstable();
            (fact.class, oids)
        })
        .collect()
}

/// What existed and what is new: all that can exist now.
fn expected(before: &HashMap<u32, Vec<u32>>, facts: &[Fact<'_>]) -> HashMap<u32, Vec<u32>> {
    let mut out = before.clone();
    for fact in facts.iter().filter(|fact| fact.kind == "changed") {
        let list = out.entry(fact.class).or_default();
        if let Err(at) = list.binary_search(&fact.id) {
            list.insert(at, fact.id);
        }
    }
    out
}
