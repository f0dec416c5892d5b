//! Everything a migration can change in a database, as ordered values.
//!
//! [`Catalog::read`] takes one in a single round trip, [`Observed`] keeps one up to date for a few
//! milliseconds, [`Catalog::diff`] says what differs between two, in the user's words and with the
//! statement that undoes it. Objects are identified by kind and name ([`ObjectId`]), never by OID or
//! attribute number, so that catalogs of two databases, or before and after, can be compared.

mod acl;
mod diff;
mod id;
mod introspect;
mod normal_form;
mod object;
mod observed;
mod script;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use diff::{Change, Difference, Grade, undo_script};
pub use id::{Kind, ObjectId};
pub use introspect::with_fixed_settings;
pub use object::{
    Column, Composite, Constraint, ConstraintType, Detail, Domain, Enabled, Enum, EventTrigger, Extension,
    Identity, Index, MaterializedView, Object, Persistence, Policy, Privilege, Properties, Publication,
    Range, Reference, Role, Routine, Rule, Schema, Sequence, Setting, StatisticsObject, Table, Trigger, View,
};
pub use observed::Observed;
pub use script::CreateScript;

/// Everything in a database that a migration can change.
///
/// Left out: system schemas, members of extensions, temporary objects, and what PostgreSQL creates by
/// itself (TOAST tables, row and array types, internal triggers). Sequences of serial and identity
/// columns are objects that say which column owns them. The built-in schema `public` counts; untouched
/// it shows no owner, privileges or comment, on any server version.
///
/// Objects are ordered by [`ObjectId`]. Clones share them. Equality compares objects only. Serialises as
/// a list of objects, each with its kind and path; the same DDL gives the same JSON on PostgreSQL 14–18.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    objects: Arc<BTreeMap<ObjectId, Arc<Object>>>,
    meta: Meta,
}

/// Where a catalog was read; no part of its value.
#[derive(Debug, Clone, Default)]
struct Meta {
    server_version: u32,
    database_owner: String,
}

impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.objects, &other.objects) || self.objects == other.objects
    }
}

impl Eq for Catalog {}

impl Catalog {
    fn from_parts(objects: BTreeMap<ObjectId, Arc<Object>>, meta: Meta) -> Self {
        Self { objects: Arc::new(objects), meta }
    }

    /// `server_version_num` of the server it was read from; 0 when it was read from a file.
    pub fn server_version(&self) -> u32 {
        self.meta.server_version
    }

    /// The role that [`Object::owner`] `None` stands for; empty when it was read from a file.
    pub fn database_owner(&self) -> &str {
        &self.meta.database_owner
    }

    /// Number of objects.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether it holds nothing; a fresh database still has the schema `public`.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// All objects, ordered by id.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&ObjectId, &Object)> {
        self.objects.iter().map(|(id, object)| (id, &**object))
    }

    /// The object called `id`.
    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.objects.get(id).map(|object| &**object)
    }

    /// Whether an object is called `id`.
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.objects.contains_key(id)
    }

    /// Objects of one kind, ordered by path.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&ObjectId, &Object)> {
        let from = ObjectId::new(kind, [""; 0]);
        self.objects
            .range((Bound::Included(from), Bound::Unbounded))
            .take_while(move |(id, _)| id.kind() == kind)
            .map(|(id, object)| (id, &**object))
    }

    /// Parts of kind `kind` of the relation, domain or composite type `of`, ordered by name; privileges
    /// on `of` for [`Kind::Privilege`].
    pub fn members(&self, of: &ObjectId, kind: Kind) -> impl Iterator<Item = (&ObjectId, &Object)> {
        let prefix = match kind {
            Kind::Privilege if of.raw_path().is_empty() => format!("{}\0", of.kind().as_str()),
            Kind::Privilege => format!("{}\0{}\0", of.kind().as_str(), of.raw_path()),
            _ => format!("{}\0", of.raw_path()),
        };
        let from = ObjectId::new(kind, [prefix.as_str()]);
        self.objects
            .range((Bound::Included(from), Bound::Unbounded))
            .take_while(move |(id, _)| id.kind() == kind && id.raw_path().starts_with(&prefix))
            .map(|(id, object)| (id, &**object))
    }

    /// Tables, partitioned tables and partitions (not foreign ones), ordered by schema and name.
    pub fn tables(&self) -> impl Iterator<Item = (&ObjectId, &Table)> {
        self.of_kind(Kind::Table).filter_map(|(id, object)| match &object.detail {
            Detail::Table(table) => Some((id, table)),
            _ => None,
        })
    }

    /// Columns of a relation, or attributes of a composite type, in their order.
    pub fn columns_of(&self, relation: &ObjectId) -> Vec<(&ObjectId, &Column)> {
        let kind = if relation.kind() == Kind::Composite { Kind::Attribute } else { Kind::Column };
        let mut columns: Vec<_> = self
            .members(relation, kind)
            .filter_map(|(id, object)| match &object.detail {
                Detail::Column(column) => Some((id, column)),
                _ => None,
            })
            .collect();
        columns.sort_by_key(|(_, column)| column.position);
        columns
    }

    /// Constraints of a table or domain, ordered by name.
    pub fn constraints_of(&self, relation: &ObjectId) -> impl Iterator<Item = (&ObjectId, &Constraint)> {
        self.members(relation, Kind::Constraint).filter_map(|(id, object)| match &object.detail {
            Detail::Constraint(constraint) => Some((id, constraint)),
            _ => None,
        })
    }

    /// Indexes of a table or materialized view, ordered by name.
    pub fn indexes_of(&self, relation: &ObjectId) -> impl Iterator<Item = (&ObjectId, &Index)> {
        self.members(relation, Kind::Index).filter_map(|(id, object)| match &object.detail {
            Detail::Index(index) => Some((id, index)),
            _ => None,
        })
    }

    /// Triggers of a relation, ordered by name.
    pub fn triggers_of(&self, relation: &ObjectId) -> impl Iterator<Item = (&ObjectId, &Trigger)> {
        self.members(relation, Kind::Trigger).filter_map(|(id, object)| match &object.detail {
            Detail::Trigger(trigger) => Some((id, trigger)),
            _ => None,
        })
    }

    /// Row-level security policies of a table, ordered by name.
    pub fn policies_of(&self, relation: &ObjectId) -> impl Iterator<Item = (&ObjectId, &Policy)> {
        self.members(relation, Kind::Policy).filter_map(|(id, object)| match &object.detail {
            Detail::Policy(policy) => Some((id, policy)),
            _ => None,
        })
    }

    /// Privileges on an object that differ from the default, ordered by grantee.
    pub fn privileges_on(&self, id: &ObjectId) -> impl Iterator<Item = (&ObjectId, &Privilege)> {
        self.members(id, Kind::Privilege).filter_map(|(id, object)| match &object.detail {
            Detail::Privilege(privilege) => Some((id, privilege)),
            _ => None,
        })
    }

    /// Enum types, ordered by schema and name.
    pub fn enums(&self) -> impl Iterator<Item = (&ObjectId, &Enum)> {
        self.of_kind(Kind::Enum).filter_map(|(id, object)| match &object.detail {
            Detail::Enum(value) => Some((id, value)),
            _ => None,
        })
    }

    /// Domains, ordered by schema and name.
    pub fn domains(&self) -> impl Iterator<Item = (&ObjectId, &Domain)> {
        self.of_kind(Kind::Domain).filter_map(|(id, object)| match &object.detail {
            Detail::Domain(domain) => Some((id, domain)),
            _ => None,
        })
    }

    /// Sequences, ordered by schema and name.
    pub fn sequences(&self) -> impl Iterator<Item = (&ObjectId, &Sequence)> {
        self.of_kind(Kind::Sequence).filter_map(|(id, object)| match &object.detail {
            Detail::Sequence(sequence) => Some((id, sequence)),
            _ => None,
        })
    }

    /// Views, ordered by schema and name.
    pub fn views(&self) -> impl Iterator<Item = (&ObjectId, &View)> {
        self.of_kind(Kind::View).filter_map(|(id, object)| match &object.detail {
            Detail::View(view) => Some((id, view)),
            _ => None,
        })
    }

    /// Functions and procedures, ordered by kind, schema, name and arguments.
    pub fn routines(&self) -> impl Iterator<Item = (&ObjectId, &Routine)> {
        self.of_kind(Kind::Function).chain(self.of_kind(Kind::Procedure)).filter_map(|(id, object)| {
            match &object.detail {
                Detail::Routine(routine) => Some((id, routine)),
                _ => None,
            }
        })
    }

    /// The column called `name` of a relation.
    pub fn column(&self, relation: &ObjectId, name: &str) -> Option<&Column> {
        match &self.get(&relation.member(Kind::Column, name))?.detail {
            Detail::Column(column) => Some(column),
            _ => None,
        }
    }

    /// The table, view, materialized or foreign table of this name.
    pub fn relation(&self, schema: &str, name: &str) -> Option<&ObjectId> {
        [Kind::Table, Kind::View, Kind::MaterializedView, Kind::ForeignTable].into_iter().find_map(|kind| {
            self.objects.get_key_value(&ObjectId::new(kind, [schema, name])).map(|(id, _)| id)
        })
    }
}

/// One object as it is written to a file.
#[derive(Serialize, Deserialize)]
struct Written {
    kind: Kind,
    path: Vec<String>,
    #[serde(flatten)]
    object: Object,
}

impl Serialize for Catalog {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.objects.iter().map(|(id, object)| Written {
            kind: id.kind(),
            path: id.path().map(str::to_owned).collect(),
            object: (**object).clone(),
        }))
    }
}

impl<'de> Deserialize<'de> for Catalog {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list: Vec<Written> = Vec::deserialize(deserializer)?;
        let mut objects = BTreeMap::new();
        for Written { kind, path, object } in list {
            let id = ObjectId::new(kind, path);
            if !object.detail.fits(kind) {
                return Err(serde::de::Error::custom(format!("{id} has the fields of another kind")));
            }
            objects.insert(id, Arc::new(object));
        }
        Ok(Self::from_parts(objects, Meta::default()))
    }
}
