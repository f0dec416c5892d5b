//! The whole catalog in one prepared query and one round trip.

mod compose;
mod decode;
mod scan;

use std::collections::HashMap;
use std::sync::Arc;

use super::id::ObjectId;
use super::object::Object;
use super::{Catalog, Meta};
use crate::db::{DbFailure, Reader, Row};

pub use compose::with_fixed_settings;
pub(super) use compose::{DEPENDENTS, Scope, oid_array, query, since, units};
pub(super) use decode::{Fact, decode, fact};
pub(super) use scan::{OID_MIX, alive_in};

/// OIDs of the system catalogs that objects live in; fixed by PostgreSQL's `*.dat` files since 9.0.
pub(super) mod class {
    pub(in crate::catalog) const TYPE: u32 = 1247;
    pub(in crate::catalog) const PROC: u32 = 1255;
    pub(in crate::catalog) const CLASS: u32 = 1259;
    pub(in crate::catalog) const AUTHID: u32 = 1260;
    pub(in crate::catalog) const CONSTRAINT: u32 = 2606;
    pub(in crate::catalog) const DESCRIPTION: u32 = 2609;
}

/// Where the server keeps an object: only valid in one database, until the next DDL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Address {
    /// OID of the system catalog.
    pub(super) class: u32,
    /// OID of its row.
    pub(super) oid: u32,
    /// Attribute number, 0 for the object itself.
    pub(super) sub: i32,
}

impl Address {
    pub(super) fn new(class: u32, oid: u32) -> Self {
        Self { class, oid, sub: 0 }
    }
}

/// What is read, and replaced, together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Unit {
    /// A relation with its columns, constraints, indexes, triggers, policies, rules and statistics.
    Relation(u32),
    /// A type with its constraints.
    Type(u32),
    /// A routine.
    Routine(u32),
    /// All kinds of which a database holds few.
    Rest,
}

/// Objects with their server-side addresses: what a partial reading is merged into.
#[derive(Debug, Clone, Default)]
pub(super) struct Addresses {
    pub(super) ids: HashMap<Address, (Unit, ObjectId)>,
    pub(super) units: HashMap<Unit, Vec<(Option<Address>, ObjectId)>>,
    pub(super) comments: HashMap<Address, Arc<str>>,
    pub(super) database_owner: String,
}

impl Catalog {
    /// Reads everything a migration can change, in one round trip (two the first time in a session).
    ///
    /// The texts in it do not depend on the session's settings (`search_path`, `DateStyle`, `TimeZone`,
    /// …), which are put back before the query ends, and uncommitted changes of an open transaction are
    /// part of it. Costs about 12 ms for 60 tables and 200 ms for 1000 once the query is prepared;
    /// planning it costs 25 ms. `SET jit = off` in the session: compiling the query would cost a second
    /// (sessions of scratch databases have it off).
    ///
    /// # Errors
    /// What the server refused, such as any query in an aborted transaction (`25P02`).
    pub async fn read(reader: &dyn Reader) -> Result<Self, DbFailure> {
        let version = server_version(reader).await?;
        let rows = reader.read_prepared(&query(version, Scope::Everything)).await?;
        Ok(assemble(&facts(&rows)?, version)?.0)
    }
}

/// `server_version_num`.
pub(super) async fn server_version(reader: &dyn Reader) -> Result<u32, DbFailure> {
    let rows = reader.read_prepared("SELECT current_setting('server_version_num')::int4").await?;
    let version: i32 = match rows.first() {
        Some(row) => row.try_get(0).map_err(|error| DbFailure::from_driver(&error, ""))?,
        None => unreachable!("a select without FROM has one row"),
    };
    Ok(version.cast_unsigned())
}

/// The rows of a query, as facts.
pub(super) fn facts(rows: &[Row]) -> Result<Vec<Fact<'_>>, DbFailure> {
    rows.iter().map(fact).collect()
}

/// A catalog and its addresses from the rows of a whole reading.
pub(super) fn assemble(facts: &[Fact<'_>], version: u32) -> Result<(Catalog, Addresses), DbFailure> {
    let mut addresses = Addresses::default();
    let reading = decode(facts, version, &Addresses::default(), &mut addresses)?;
    let objects = reading.into_iter().map(|(_, id, object)| (id, Arc::new(object))).collect();
    let meta = Meta { server_version: version, database_owner: addresses.database_owner.clone() };
    Ok((Catalog::from_parts(objects, meta), addresses))
}

/// An object, and the unit it came with.
pub(super) type Read = (Unit, ObjectId, Object);
