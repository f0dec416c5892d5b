//! The value of each kind of object: everything of it that a migration can change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id::{Kind, ObjectId};

/// One object of a catalog: what all objects have, and what its kind has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its owner; `None` for the owner of the database, and for what has no owner of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its comment; `None` also for the comment PostgreSQL itself gives to `public`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What its kind has.
    #[serde(flatten)]
    pub detail: Detail,
}

/// What an object is made of, by kind.
///
/// Serialises as the fields of its struct with a tag `is`; fields at their default are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[non_exhaustive]
#[allow(missing_docs)] // each variant is documented by the struct it holds
pub enum Detail {
    Schema(Schema),
    Extension(Extension),
    Role(Role),
    Setting(Setting),
    Enum(Enum),
    Domain(Domain),
    Composite(Composite),
    Range(Range),
    Sequence(Sequence),
    Table(Table),
    View(View),
    MaterializedView(MaterializedView),
    Column(Column),
    Constraint(Constraint),
    Index(Index),
    StatisticsObject(StatisticsObject),
    Routine(Routine),
    Trigger(Trigger),
    Rule(Rule),
    Policy(Policy),
    EventTrigger(EventTrigger),
    Publication(Publication),
    Privilege(Privilege),
    /// Kinds few migrations touch: named properties, as CREATE and ALTER name them.
    Properties(Properties),
}

fn no(value: &bool) -> bool {
    !value
}

fn yes(value: &bool) -> bool {
    *value
}

fn truth() -> bool {
    true
}

/// A schema. Its objects name it in their path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Schema {}

/// An installed extension. Its member objects are not part of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Extension {
    /// Installed version; compared apart ([`super::Grade::ExtensionVersion`]).
    pub version: String,
    /// Schema its objects live in.
    pub schema: String,
}

/// A role of the cluster; built-in roles and the connected one are left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // the words of CREATE ROLE
pub struct Role {
    /// Attributes as CREATE ROLE writes them, sorted: `LOGIN`, `SUPERUSER`, `CONNECTION LIMIT 3`, ….
    pub attributes: Vec<String>,
    /// Roles it is a member of, quoted, with their options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub member_of: Vec<String>,
    /// `name=value` settings of the role in every database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
}

/// A setting of the database (`ALTER DATABASE … SET`, `ALTER ROLE … IN DATABASE … SET`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Setting {
    /// Its value as stored.
    pub value: String,
}

/// An enum type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Enum {
    /// Its labels in their sort order.
    pub labels: Vec<String>,
}

/// A domain; its checks are [`Constraint`]s of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Domain {
    /// Base type with its modifier.
    pub base_type: String,
    /// Whether it refuses NULL.
    #[serde(default, skip_serializing_if = "no")]
    pub not_null: bool,
    /// Default expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Collation, where it is not the base type's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
}

/// A composite type; its attributes are [`Column`]s of kind [`Kind::Attribute`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Composite {}

/// A range type with its multirange.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // the words of CREATE TYPE … AS RANGE
pub struct Range {
    pub subtype: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtype_opclass: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtype_diff: Option<String>,
    pub multirange: String,
}

/// A sequence, without the value it stands at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // the words of CREATE SEQUENCE
pub struct Sequence {
    pub data_type: String,
    pub start: i64,
    pub increment: i64,
    pub minimum: i64,
    pub maximum: i64,
    pub cache: i64,
    #[serde(default, skip_serializing_if = "no")]
    pub cycle: bool,
    /// `permanent` is left out.
    #[serde(default, skip_serializing_if = "Persistence::is_permanent")]
    pub persistence: Persistence,
    /// The column that owns it (`OWNED BY`, serial, identity).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned_by: Option<ObjectId>,
    /// Whether it implements an identity column and cannot be dropped by itself.
    #[serde(default, skip_serializing_if = "no")]
    pub identity: bool,
}

/// Whether a relation survives a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Persistence {
    /// Written to the log.
    #[default]
    Permanent,
    /// Emptied after a crash.
    Unlogged,
}

impl Persistence {
    fn is_permanent(&self) -> bool {
        *self == Self::Permanent
    }
}

/// A table, partitioned table, partition or foreign table (see its [`Kind`]).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Table {
    /// Whether it survives a crash.
    #[serde(default, skip_serializing_if = "Persistence::is_permanent")]
    pub persistence: Persistence,
    /// Table access method, where it is not `heap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_method: Option<String>,
    /// `RANGE (created)` and the like, for partitioned tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_by: Option<String>,
    /// The table it is a partition of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_of: Option<ObjectId>,
    /// `FOR VALUES …` or `DEFAULT`, for partitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_bound: Option<String>,
    /// Tables it inherits from, in order; empty for partitions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inherits: Vec<ObjectId>,
    /// Storage parameters `name=value`, sorted; those of its TOAST table as `toast.name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// `ENABLE ROW LEVEL SECURITY`.
    #[serde(default, skip_serializing_if = "no")]
    pub row_security: bool,
    /// `FORCE ROW LEVEL SECURITY`.
    #[serde(default, skip_serializing_if = "no")]
    pub force_row_security: bool,
    /// `FULL`, `NOTHING` or `INDEX`; `None` is `DEFAULT`. The index says so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica_identity: Option<String>,
    /// Tablespace, where it is not the database's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tablespace: Option<String>,
    /// The composite type of a typed table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_type: Option<String>,
    /// Server of a foreign table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// `name=value` options of a foreign table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_options: Vec<String>,
}

/// A view; its columns are [`Column`]s.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct View {
    /// Its query as the server prints it, fully qualified, without the final semicolon.
    pub definition: String,
    /// `security_barrier=true`, `check_option=local`, …, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// A materialized view; its columns are [`Column`]s.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct MaterializedView {
    /// Its query as the server prints it, fully qualified, without the final semicolon.
    pub definition: String,
    /// Storage parameters, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Whether it can be read.
    #[serde(default = "truth", skip_serializing_if = "yes")]
    pub populated: bool,
    /// Tablespace, where it is not the database's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tablespace: Option<String>,
    /// Table access method, where it is not `heap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_method: Option<String>,
}

/// A column of a table or view, or an attribute of a composite type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Column {
    /// Place among the live columns, from 1; compared apart ([`super::Grade::ColumnOrder`]).
    pub position: u32,
    /// Type with its modifier, qualified unless built in: `character varying(80)`, `public.mood[]`.
    pub data_type: String,
    /// Whether NULL is refused, whatever the reason (`NOT NULL`, primary key, identity).
    #[serde(default, skip_serializing_if = "no")]
    pub not_null: bool,
    /// `NOT NULL … NOT VALID` (PostgreSQL 18): existing rows were not checked.
    #[serde(default, skip_serializing_if = "no")]
    pub not_null_not_valid: bool,
    /// `NOT NULL … NO INHERIT` (PostgreSQL 18).
    #[serde(default, skip_serializing_if = "no")]
    pub not_null_no_inherit: bool,
    /// Default expression; `None` for generated columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Expression of a generated column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// `VIRTUAL` (PostgreSQL 18) instead of `STORED`.
    #[serde(default, skip_serializing_if = "no")]
    pub generated_virtual: bool,
    /// Identity column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Collation, where it is not the type's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// `PLAIN`, `EXTERNAL`, `EXTENDED` or `MAIN`, where it is not the type's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// `pglz` or `lz4`, where it was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<String>,
    /// Statistics target, where it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<i32>,
    /// `n_distinct=…` and the like, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Options of a foreign table's column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_options: Vec<String>,
    /// Whether it only exists because a parent table has it.
    #[serde(default, skip_serializing_if = "no")]
    pub inherited: bool,
}

/// How an identity column takes explicit values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// `GENERATED ALWAYS AS IDENTITY`.
    Always,
    /// `GENERATED BY DEFAULT AS IDENTITY`.
    ByDefault,
}

/// Type of a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ConstraintType {
    PrimaryKey,
    Unique,
    #[default]
    Check,
    Exclusion,
    ForeignKey,
}

/// A constraint of a table or domain. `NOT NULL` is a property of the column or domain instead, so
/// that PostgreSQL 18, which keeps it in `pg_constraint`, gives the same catalog as older servers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Constraint {
    /// Its type.
    pub constraint_type: ConstraintType,
    /// `CHECK (…)`, `FOREIGN KEY (…) REFERENCES …`, … as the server prints it, without the
    /// attributes that are fields here.
    pub definition: String,
    /// Its columns, in key order; for checks those the expression mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// What a foreign key refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<Reference>,
    /// False for `NOT VALID`.
    #[serde(default = "truth", skip_serializing_if = "yes")]
    pub validated: bool,
    /// `DEFERRABLE`.
    #[serde(default, skip_serializing_if = "no")]
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    #[serde(default, skip_serializing_if = "no")]
    pub deferred: bool,
    /// False for `NOT ENFORCED` (PostgreSQL 18).
    #[serde(default = "truth", skip_serializing_if = "yes")]
    pub enforced: bool,
    /// `NO INHERIT` of a check.
    #[serde(default, skip_serializing_if = "no")]
    pub no_inherit: bool,
    /// Whether it only exists because a parent table has it.
    #[serde(default, skip_serializing_if = "no")]
    pub inherited: bool,
    /// Whether `DISABLE TRIGGER` switched the checking of a foreign key off.
    #[serde(default, skip_serializing_if = "no")]
    pub triggers_disabled: bool,
}

/// What a foreign key refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// The table.
    pub table: ObjectId,
    /// Its columns, in the order of the referring ones.
    pub columns: Vec<String>,
}

/// An index, also one that implements a constraint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Index {
    /// `USING btree (lower(email)) WHERE …`: what follows the table in CREATE INDEX, as the server
    /// prints it. `None` for indexes that implement a constraint, whose definition says it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Whether it refuses duplicates.
    #[serde(default, skip_serializing_if = "no")]
    pub unique: bool,
    /// Access method: `btree`, `gin`, ….
    pub access_method: String,
    /// Key columns in order; `None` stands for an expression.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Option<String>>,
    /// Columns of INCLUDE.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Whether it has a predicate or an expression.
    #[serde(default, skip_serializing_if = "no")]
    pub expression_or_predicate: bool,
    /// Name of the constraint it implements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// Index of the partitioned table it is attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_to: Option<String>,
    /// False for the remains of a failed `CREATE INDEX CONCURRENTLY`, and for incomplete `ON ONLY` ones.
    #[serde(default = "truth", skip_serializing_if = "yes")]
    pub valid: bool,
    /// False while `CREATE INDEX CONCURRENTLY` has not begun to maintain it.
    #[serde(default = "truth", skip_serializing_if = "yes")]
    pub ready: bool,
    /// Whether `CLUSTER` of the table uses it.
    #[serde(default, skip_serializing_if = "no")]
    pub clustered: bool,
    /// Whether it is the table's replica identity.
    #[serde(default, skip_serializing_if = "no")]
    pub replica_identity: bool,
    /// Storage parameters of an index that implements a constraint (others have them in `definition`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Tablespace, where it is not the database's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tablespace: Option<String>,
    /// Statistics targets of expression columns, `number=target`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statistics: Vec<String>,
}

/// An extended statistics object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct StatisticsObject {
    /// The CREATE STATISTICS statement.
    pub definition: String,
    /// The relation it describes.
    pub table: Option<ObjectId>,
    /// Statistics target, where it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<i32>,
}

/// A function, window function or procedure (aggregates are [`Properties`]).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Routine {
    /// Arguments with names, modes and defaults.
    pub arguments: String,
    /// Result type; `None` for procedures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Language.
    pub language: String,
    /// Source text, or the SQL-standard body as the server prints it.
    pub body: String,
    /// Whether `body` is a SQL-standard body (`RETURN …`, `BEGIN ATOMIC …`).
    #[serde(default, skip_serializing_if = "no")]
    pub sql_body: bool,
    /// Library of a C function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<String>,
    /// Whether it is a window function.
    #[serde(default, skip_serializing_if = "no")]
    pub window: bool,
    /// `IMMUTABLE`, `STABLE` or `VOLATILE`.
    pub volatility: String,
    /// `STRICT`.
    #[serde(default, skip_serializing_if = "no")]
    pub strict: bool,
    /// `SECURITY DEFINER`.
    #[serde(default, skip_serializing_if = "no")]
    pub security_definer: bool,
    /// `LEAKPROOF`.
    #[serde(default, skip_serializing_if = "no")]
    pub leakproof: bool,
    /// `SAFE`, `RESTRICTED` or `UNSAFE`.
    pub parallel: String,
    /// Estimated cost.
    pub cost: String,
    /// Estimated rows; `0` for what returns no set.
    pub rows: String,
    /// Planner support function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<String>,
    /// `name=value` of its SET clauses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
    /// Types of its TRANSFORM clause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transforms: Option<String>,
}

/// When a trigger, rule or event trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enabled {
    /// In ordinary sessions (`ENABLE`).
    #[default]
    Origin,
    /// Always (`ENABLE ALWAYS`).
    Always,
    /// In replicating sessions only (`ENABLE REPLICA`).
    Replica,
    /// Never (`DISABLE`).
    Disabled,
}

impl Enabled {
    fn is_origin(&self) -> bool {
        *self == Self::Origin
    }
}

/// A trigger. Clones on partitions are listed only where their state differs from the parent's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Trigger {
    /// The CREATE TRIGGER statement.
    pub definition: String,
    /// When it fires.
    #[serde(default, skip_serializing_if = "Enabled::is_origin")]
    pub enabled: Enabled,
    /// Whether it was cloned from a parent table.
    #[serde(default, skip_serializing_if = "no")]
    pub inherited: bool,
}

/// A rewrite rule (a view's own is its definition).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Rule {
    /// The CREATE RULE statement without the final semicolon.
    pub definition: String,
    /// When it applies.
    #[serde(default, skip_serializing_if = "Enabled::is_origin")]
    pub enabled: Enabled,
}

/// A row-level security policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Policy {
    /// `ALL`, `SELECT`, `INSERT`, `UPDATE` or `DELETE`.
    pub command: String,
    /// False for `AS RESTRICTIVE`.
    #[serde(default = "truth", skip_serializing_if = "yes")]
    pub permissive: bool,
    /// Roles it applies to, quoted, sorted; `public` for everybody.
    pub roles: Vec<String>,
    /// USING expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    /// WITH CHECK expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
}

/// An event trigger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct EventTrigger {
    /// `ddl_command_start`, ….
    pub event: String,
    /// Command tags it is restricted to, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Function it calls.
    pub function: String,
    /// When it fires.
    #[serde(default, skip_serializing_if = "Enabled::is_origin")]
    pub enabled: Enabled,
}

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Publication {
    /// `FOR ALL TABLES`.
    #[serde(default, skip_serializing_if = "no")]
    pub all_tables: bool,
    /// Tables with column list and row filter, as CREATE PUBLICATION writes them, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// Quoted schemas of `FOR TABLES IN SCHEMA`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<String>,
    /// `insert, update, delete, truncate`.
    pub publish: String,
    /// `publish_via_partition_root`.
    #[serde(default, skip_serializing_if = "no")]
    pub via_root: bool,
    /// `publish_generated_columns` (PostgreSQL 18), where it is not `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated_columns: Option<String>,
}

/// One privilege that differs from what PostgreSQL grants by itself.
///
/// An object at its default privileges has none, whether its ACL is NULL or spells the default out.
/// A grantee that holds every privilege of the kind has one entry, `ALL`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Privilege {
    /// Whether it is a privilege PostgreSQL grants by itself that was taken away.
    #[serde(default, skip_serializing_if = "no")]
    pub revoked: bool,
    /// `WITH GRANT OPTION`.
    #[serde(default, skip_serializing_if = "no")]
    pub grantable: bool,
    /// Who granted it, where that is not the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grantor: Option<String>,
}

/// Named properties of the kinds few migrations touch.
///
/// Keys are those of the CREATE statement in lower case (`sfunc`, `stype`, `provider`, …); values
/// are strings or lists of strings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Properties {
    /// The properties.
    pub properties: BTreeMap<String, Value>,
}

impl Properties {
    /// The text of a property that is not a list.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name).and_then(Value::as_str)
    }

    /// The entries of a property that is a list; empty when it is absent.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.properties
            .get(name)
            .and_then(Value::as_array)
            .map(|values| values.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default()
    }
}

impl Detail {
    /// Whether a value of this shape can be held under an id of `kind`.
    pub fn fits(&self, kind: Kind) -> bool {
        match self {
            Self::Schema(_) => kind == Kind::Schema,
            Self::Extension(_) => kind == Kind::Extension,
            Self::Role(_) => kind == Kind::Role,
            Self::Setting(_) => kind == Kind::Setting,
            Self::Enum(_) => kind == Kind::Enum,
            Self::Domain(_) => kind == Kind::Domain,
            Self::Composite(_) => kind == Kind::Composite,
            Self::Range(_) => kind == Kind::Range,
            Self::Sequence(_) => kind == Kind::Sequence,
            Self::Table(_) => matches!(kind, Kind::Table | Kind::ForeignTable),
            Self::View(_) => kind == Kind::View,
            Self::MaterializedView(_) => kind == Kind::MaterializedView,
            Self::Column(_) => matches!(kind, Kind::Column | Kind::Attribute),
            Self::Constraint(_) => kind == Kind::Constraint,
            Self::Index(_) => kind == Kind::Index,
            Self::StatisticsObject(_) => kind == Kind::StatisticsObject,
            Self::Routine(_) => matches!(kind, Kind::Function | Kind::Procedure),
            Self::Trigger(_) => kind == Kind::Trigger,
            Self::Rule(_) => kind == Kind::Rule,
            Self::Policy(_) => kind == Kind::Policy,
            Self::EventTrigger(_) => kind == Kind::EventTrigger,
            Self::Publication(_) => kind == Kind::Publication,
            Self::Privilege(_) => matches!(kind, Kind::Privilege | Kind::DefaultPrivilege),
            Self::Properties(_) => true,
        }
    }
}
