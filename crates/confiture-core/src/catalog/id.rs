//! What an object is called: the identity that survives dropping and creating it again.

use std::fmt;
use std::sync::Arc;

use crate::sql::Quoted;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What sort of thing an object is, in the order catalogs and reports list them.
///
/// The text form (`as_str`, serde) is kebab-case and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[allow(missing_docs)] // the variants are PostgreSQL's own words
pub enum Kind {
    Database,
    Role,
    Setting,
    Schema,
    Extension,
    Language,
    AccessMethod,
    Enum,
    Domain,
    Composite,
    Attribute,
    Range,
    BaseType,
    Sequence,
    Table,
    ForeignTable,
    View,
    MaterializedView,
    Column,
    Constraint,
    Index,
    StatisticsObject,
    Function,
    Procedure,
    Aggregate,
    Trigger,
    Rule,
    Policy,
    Operator,
    OperatorFamily,
    OperatorClass,
    Cast,
    Transform,
    Collation,
    Conversion,
    TextSearchParser,
    TextSearchTemplate,
    TextSearchDictionary,
    TextSearchConfiguration,
    ForeignDataWrapper,
    Server,
    UserMapping,
    EventTrigger,
    Publication,
    Subscription,
    Privilege,
    DefaultPrivilege,
}

impl Kind {
    /// The stable kebab-case name.
    pub fn as_str(self) -> &'static str {
        ALL.iter().find(|(kind, _)| *kind == self).map_or("object", |(_, name)| name)
    }

    /// The kind with this kebab-case name.
    pub fn parse(name: &str) -> Option<Self> {
        ALL.iter().find(|(_, text)| *text == name).map(|(kind, _)| *kind)
    }

    /// What users call it: `materialized view`, `type` for every type but domains.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Enum | Self::Composite | Self::Range | Self::BaseType => "type",
            Self::AccessMethod => "access method",
            Self::ForeignTable => "foreign table",
            Self::MaterializedView => "materialized view",
            Self::StatisticsObject => "statistics",
            Self::OperatorFamily => "operator family",
            Self::OperatorClass => "operator class",
            Self::TextSearchParser => "text search parser",
            Self::TextSearchTemplate => "text search template",
            Self::TextSearchDictionary => "text search dictionary",
            Self::TextSearchConfiguration => "text search configuration",
            Self::ForeignDataWrapper => "foreign data wrapper",
            Self::UserMapping => "user mapping",
            Self::EventTrigger => "event trigger",
            Self::DefaultPrivilege => "default privilege",
            other => other.as_str(),
        }
    }

    /// Whether its path ends in a relation (or domain) and a name inside of it.
    fn is_member(self) -> bool {
        matches!(
            self,
            Self::Attribute
                | Self::Column
                | Self::Constraint
                | Self::Index
                | Self::Trigger
                | Self::Rule
                | Self::Policy
        )
    }

    /// Whether its path starts with a schema.
    fn has_schema(self) -> bool {
        !matches!(
            self,
            Self::Database
                | Self::Role
                | Self::Setting
                | Self::Schema
                | Self::Extension
                | Self::Language
                | Self::AccessMethod
                | Self::Cast
                | Self::Transform
                | Self::ForeignDataWrapper
                | Self::Server
                | Self::UserMapping
                | Self::EventTrigger
                | Self::Publication
                | Self::Subscription
                | Self::Privilege
                | Self::DefaultPrivilege
        )
    }
}

const ALL: &[(Kind, &str)] = &[
    (Kind::Database, "database"),
    (Kind::Role, "role"),
    (Kind::Setting, "setting"),
    (Kind::Schema, "schema"),
    (Kind::Extension, "extension"),
    (Kind::Language, "language"),
    (Kind::AccessMethod, "access-method"),
    (Kind::Enum, "enum"),
    (Kind::Domain, "domain"),
    (Kind::Composite, "composite"),
    (Kind::Attribute, "attribute"),
    (Kind::Range, "range"),
    (Kind::BaseType, "base-type"),
    (Kind::Sequence, "sequence"),
    (Kind::Table, "table"),
    (Kind::ForeignTable, "foreign-table"),
    (Kind::View, "view"),
    (Kind::MaterializedView, "materialized-view"),
    (Kind::Column, "column"),
    (Kind::Constraint, "constraint"),
    (Kind::Index, "index"),
    (Kind::StatisticsObject, "statistics-object"),
    (Kind::Function, "function"),
    (Kind::Procedure, "procedure"),
    (Kind::Aggregate, "aggregate"),
    (Kind::Trigger, "trigger"),
    (Kind::Rule, "rule"),
    (Kind::Policy, "policy"),
    (Kind::Operator, "operator"),
    (Kind::OperatorFamily, "operator-family"),
    (Kind::OperatorClass, "operator-class"),
    (Kind::Cast, "cast"),
    (Kind::Transform, "transform"),
    (Kind::Collation, "collation"),
    (Kind::Conversion, "conversion"),
    (Kind::TextSearchParser, "text-search-parser"),
    (Kind::TextSearchTemplate, "text-search-template"),
    (Kind::TextSearchDictionary, "text-search-dictionary"),
    (Kind::TextSearchConfiguration, "text-search-configuration"),
    (Kind::ForeignDataWrapper, "foreign-data-wrapper"),
    (Kind::Server, "server"),
    (Kind::UserMapping, "user-mapping"),
    (Kind::EventTrigger, "event-trigger"),
    (Kind::Publication, "publication"),
    (Kind::Subscription, "subscription"),
    (Kind::Privilege, "privilege"),
    (Kind::DefaultPrivilege, "default-privilege"),
];

/// Kind and path of an object: what makes it the same object before and after.
///
/// Never an OID or an attribute number. The path of a schema object is `[schema, name]`; of a part of
/// a relation or domain `[schema, relation, name]`; of a routine `[schema, name, identity arguments]`;
/// of an operator `[schema, name, left type, right type]`; of an operator class or family
/// `[schema, name, access method]`; of a privilege `[target kind, target path…, grantee, privilege]`
/// with an empty grantee for `PUBLIC`. Ordered by kind, then by path; a relation's columns, constraints
/// and so on are therefore adjacent. Cheap to clone. Display is what users call it, quoted where SQL
/// needs it.
///
/// # Example
/// ```
/// use confiture_core::catalog::{Kind, ObjectId};
/// let id = ObjectId::new(Kind::Constraint, ["public", "Users", "email_key"]);
/// assert_eq!(id.to_string(), r#"constraint email_key on public."Users""#);
/// assert_eq!(id.name(), "email_key");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    kind: Kind,
    /// Components joined by NUL, which no identifier can contain; orders like a list of components.
    path: Arc<str>,
}

impl ObjectId {
    /// An id from its path; see the type for what each kind's path holds.
    pub fn new<S: AsRef<str>>(kind: Kind, path: impl IntoIterator<Item = S>) -> Self {
        let mut joined = String::new();
        for (at, part) in path.into_iter().enumerate() {
            if at > 0 {
                joined.push('\0');
            }
            joined.push_str(part.as_ref());
        }
        Self { kind, path: joined.into() }
    }

    /// What sort of thing it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The components of its path.
    pub fn path(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.path.split('\0')
    }

    /// The `at`th component of the path, from 0; empty when there is none.
    pub fn part(&self, at: usize) -> &str {
        self.path().nth(at).unwrap_or_default()
    }

    /// Its own name: the last component, or the name before a routine's or operator's arguments.
    pub fn name(&self) -> &str {
        match self.kind {
            Kind::Function
            | Kind::Procedure
            | Kind::Aggregate
            | Kind::Operator
            | Kind::OperatorClass
            | Kind::OperatorFamily => self.part(1),
            _ => self.path().next_back().unwrap_or_default(),
        }
    }

    /// The schema it lives in; `None` for objects that live in no schema.
    pub fn schema(&self) -> Option<&str> {
        self.kind.has_schema().then(|| self.part(0))
    }

    /// The id of a part of this relation, domain or composite type.
    pub fn member(&self, kind: Kind, name: &str) -> Self {
        Self { kind, path: format!("{}\0{name}", self.path).into() }
    }

    /// The relation, domain or composite type this is a part of, as `[schema, name]`.
    pub fn owner_path(&self) -> Option<(&str, &str)> {
        self.kind.is_member().then(|| (self.part(0), self.part(1)))
    }

    /// The object this privilege is on.
    pub fn privilege_target(&self) -> Option<Self> {
        if self.kind != Kind::Privilege {
            return None;
        }
        let parts: Vec<&str> = self.path().collect();
        let (&kind, rest) = parts.split_first()?;
        let path = rest.get(..rest.len().checked_sub(2)?)?;
        Some(Self::new(Kind::parse(kind)?, path))
    }

    /// The id of a privilege on this object; an empty `grantee` is `PUBLIC`.
    pub fn privilege(&self, grantee: &str, privilege: &str) -> Self {
        let path = if self.path.is_empty() {
            format!("{}\0{grantee}\0{privilege}", self.kind.as_str())
        } else {
            format!("{}\0{}\0{grantee}\0{privilege}", self.kind.as_str(), self.path)
        };
        Self { kind: Kind::Privilege, path: path.into() }
    }

    /// How SQL refers to it after its noun: quoted, schema-qualified, with arguments for routines.
    ///
    /// Parts of relations give their own quoted name only (`email_key`), which `ON` [`Self::owner_sql`]
    /// completes; indexes are qualified by their schema.
    pub fn sql_name(&self) -> String {
        let q = quote_ident;
        match self.kind {
            Kind::Function | Kind::Procedure | Kind::Aggregate => {
                let arguments = self.part(2);
                let arguments =
                    if self.kind == Kind::Aggregate && arguments.is_empty() { "*" } else { arguments };
                format!("{}.{}({arguments})", q(self.part(0)), q(self.part(1)))
            }
            Kind::Operator => {
                format!("{}.{} ({}, {})", q(self.part(0)), self.part(1), self.part(2), self.part(3))
            }
            Kind::OperatorClass | Kind::OperatorFamily => {
                format!("{}.{} USING {}", q(self.part(0)), q(self.part(1)), q(self.part(2)))
            }
            Kind::Cast => format!("({} AS {})", self.part(0), self.part(1)),
            Kind::Transform => format!("FOR {} LANGUAGE {}", self.part(0), q(self.part(1))),
            Kind::UserMapping => format!("FOR {} SERVER {}", q(self.part(0)), q(self.part(1))),
            Kind::Index => format!("{}.{}", q(self.part(0)), q(self.part(2))),
            _ if self.kind.is_member() => q(self.part(2)),
            _ if self.kind.has_schema() => format!("{}.{}", q(self.part(0)), q(self.part(1))),
            _ => q(self.name()),
        }
    }

    /// The quoted, qualified relation or domain this is a part of; its own [`Self::sql_name`] otherwise.
    pub fn owner_sql(&self) -> String {
        match self.owner_path() {
            Some((schema, relation)) => format!("{}.{}", quote_ident(schema), quote_ident(relation)),
            None => self.sql_name(),
        }
    }

    pub(super) fn raw_path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = self.kind.noun();
        match self.kind {
            Kind::Database => f.write_str("the database"),
            Kind::Column | Kind::Attribute => write!(f, "{noun} {}.{}", self.owner_sql(), self.sql_name()),
            Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy => {
                write!(f, "{noun} {} on {}", self.sql_name(), self.owner_sql())
            }
            Kind::Setting => match self.part(0) {
                "" => write!(f, "setting {} of the database", self.part(1)),
                role => write!(f, "setting {} of role {} in the database", self.part(1), quote_ident(role)),
            },
            Kind::Privilege => match self.privilege_target() {
                Some(target) => {
                    let mut tail = self.path().rev();
                    let (privilege, grantee) =
                        (tail.next().unwrap_or_default(), tail.next().unwrap_or_default());
                    write!(f, "privilege {privilege} on {target} to {}", grantee_sql(grantee))
                }
                None => write!(f, "privilege {}", self.name()),
            },
            Kind::DefaultPrivilege => {
                let [role, schema, objects, grantee, privilege] = std::array::from_fn(|at| self.part(at));
                write!(f, "default privilege {privilege} on {objects} of {}", quote_ident(role))?;
                if !schema.is_empty() {
                    write!(f, " in schema {}", quote_ident(schema))?;
                }
                write!(f, " to {}", grantee_sql(grantee))
            }
            Kind::Transform | Kind::UserMapping => {
                write!(f, "{noun} {}", self.sql_name().replacen("FOR", "for", 1))
            }
            _ => write!(f, "{noun} {}", self.sql_name()),
        }
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[derive(Serialize, Deserialize)]
struct Plain {
    kind: Kind,
    path: Vec<String>,
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Plain { kind: self.kind, path: self.path().map(str::to_owned).collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let plain = Plain::deserialize(deserializer)?;
        Ok(Self::new(plain.kind, plain.path))
    }
}

/// A grantee as GRANT writes it.
pub(super) fn grantee_sql(grantee: &str) -> String {
    if grantee.is_empty() { "PUBLIC".to_owned() } else { quote_ident(grantee) }
}

/// An identifier as SQL writes it.
pub(super) fn quote_ident(name: &str) -> String {
    Quoted::ident(name).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_that_parses_back() {
        for (kind, name) in ALL {
            assert_eq!(kind.as_str(), *name);
            assert_eq!(serde_json::to_value(kind).unwrap(), *name);
        }
    }

    #[test]
    fn a_privilege_knows_its_target() {
        let table = ObjectId::new(Kind::Table, ["public", "t"]);
        let id = table.privilege("", "SELECT");
        assert_eq!(id.privilege_target(), Some(table));
        assert_eq!(id.to_string(), "privilege SELECT on table public.t to PUBLIC");
        let database = ObjectId::new(Kind::Database, [""; 0]);
        assert_eq!(
            database.privilege("a b", "CREATE").to_string(),
            "privilege CREATE on the database to \"a b\""
        );
    }
}
