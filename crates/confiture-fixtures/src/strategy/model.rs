//! `SchemaModel`: a schema as the catalog will show it.

use std::collections::{BTreeMap, BTreeSet};

use confiture_core::catalog::{
    Catalog, Column, Composite, Constraint, ConstraintType, Detail, Identity, Kind, Object, ObjectId, Table,
};
use confiture_core::sql::Quoted;
use serde_json::json;

use super::choices::Choices;
use super::{identifier, types};

/// A random schema: the objects that PostgreSQL's catalog will show, and the statements that make them.
///
/// Prints as SQL.
///
/// # Example
/// ```
/// use confiture_fixtures::strategy::SchemaModel;
///
/// let schema = SchemaModel::seeded(7, 12);
/// assert_eq!(schema.sql(), SchemaModel::seeded(7, 12).sql());
/// assert!(!schema.catalog().is_empty());
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct SchemaModel {
    objects: BTreeMap<ObjectId, Object>,
    /// Every name there ever was; of columns and attributes with the names of their schema and relation.
    ///
    /// The catalog knows objects by name. Where another object takes the name of one that was renamed, a
    /// comparison of two states takes them for one.
    used: BTreeSet<String>,
    pub(super) statements: Vec<String>,
}

impl SchemaModel {
    /// What the catalog of a database shows in which the statements were run, besides its extensions.
    pub fn catalog(&self) -> Catalog {
        let mut list = vec![json!({ "kind": "schema", "path": ["public"], "is": "schema" })];
        for (id, object) in &self.objects {
            let mut value = serde_json::to_value(object).unwrap_or_default();
            value["kind"] = json!(id.kind());
            value["path"] = json!(id.path().collect::<Vec<_>>());
            list.push(value);
        }
        match serde_json::from_value(serde_json::Value::Array(list)) {
            Ok(catalog) => catalog,
            Err(error) => unreachable!("objects are written as they are read: {error}"),
        }
    }

    /// The statements that make it on an empty database, in order, without final semicolons.
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// The same as one script.
    pub fn sql(&self) -> String {
        self.statements.iter().map(|statement| format!("{statement};\n")).collect()
    }

    /// Its objects; the schema `public` is not listed.
    pub fn objects(&self) -> &BTreeMap<ObjectId, Object> {
        &self.objects
    }

    pub(super) fn insert(&mut self, id: ObjectId, detail: Detail) {
        self.put(id, Object { owner: None, comment: None, detail });
    }

    /// Puts an object with its comment.
    pub(super) fn put(&mut self, id: ObjectId, object: Object) {
        let name = match id.kind() {
            Kind::Privilege => None,
            Kind::Column | Kind::Attribute => Some(id.path().collect::<Vec<_>>().join("\0")),
            _ => Some(id.name().to_owned()),
        };
        self.used.extend(name);
        self.objects.insert(id, object);
    }

    pub(super) fn remove(&mut self, id: &ObjectId) -> Option<Object> {
        self.objects.remove(id)
    }

    pub(super) fn object_mut(&mut self, id: &ObjectId) -> Option<&mut Object> {
        self.objects.get_mut(id)
    }

    /// Ids of one kind, in order.
    pub(super) fn of_kind(&self, kind: Kind) -> Vec<ObjectId> {
        self.objects.keys().filter(|id| id.kind() == kind).cloned().collect()
    }

    /// Types of its own.
    pub(super) fn types(&self) -> Vec<(ObjectId, types::Chosen)> {
        types::own(self)
    }

    /// `public`, or one of the schemas it has.
    pub(super) fn schema(&self, choices: &mut Choices<'_>) -> String {
        let own = self.of_kind(Kind::Schema);
        let chosen = if choices.one_in(3) { choices.pick(&own) } else { None };
        chosen.map_or("public", |id| id.name()).to_owned()
    }

    /// A name that no object ever had, whatever its kind and schema.
    pub(super) fn fresh(&self, choices: &mut Choices<'_>) -> String {
        self.named(identifier::identifier(choices))
    }

    /// `name`, or one like it that no object ever had.
    pub(super) fn named(&self, name: String) -> String {
        identifier::unique(name, |name| name == "public" || self.used.contains(name))
    }

    /// A name for a column of `of` that no column of it ever had and `taken` does not hold.
    pub(super) fn column_name(&self, of: &ObjectId, taken: &[String], choices: &mut Choices<'_>) -> String {
        identifier::unique(identifier::identifier(choices), |name| {
            // Every table has system columns of these names.
            let system = ["tableoid", "xmin", "xmax", "cmin", "cmax", "ctid"];
            let used = [of.part(0), of.part(1), name].join("\0");
            taken.iter().any(|known| known == name) || system.contains(&name) || self.used.contains(&used)
        })
    }

    /// Columns of a table or view, in order.
    pub(super) fn columns(&self, of: &ObjectId) -> Vec<(String, Column)> {
        let kind = if of.kind() == Kind::Composite { Kind::Attribute } else { Kind::Column };
        let mut columns: Vec<(String, Column)> = self
            .members(of, kind)
            .filter_map(|(id, object)| match &object.detail {
                Detail::Column(column) => Some((id.name().to_owned(), column.clone())),
                _ => None,
            })
            .collect();
        columns.sort_by_key(|(_, column)| column.position);
        columns
    }

    /// Parts of a relation.
    pub(super) fn members<'a>(
        &'a self,
        of: &'a ObjectId,
        kind: Kind,
    ) -> impl Iterator<Item = (&'a ObjectId, &'a Object)> {
        let path = (of.part(0), of.part(1));
        self.objects.iter().filter(move |(id, _)| id.kind() == kind && id.owner_path() == Some(path))
    }

    pub(super) fn table(&self, id: &ObjectId) -> Option<&Table> {
        match &self.objects.get(id)?.detail {
            Detail::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Tables that are neither partitioned nor partitions.
    pub(super) fn plain_tables(&self) -> Vec<ObjectId> {
        let plain = |id: &ObjectId| {
            self.table(id).is_some_and(|table| table.partition_by.is_none() && table.partition_of.is_none())
        };
        self.of_kind(Kind::Table).into_iter().filter(plain).collect()
    }

    /// Columns that a foreign key can refer to: the only column of a primary key or unique constraint of
    /// a plain table, with its type.
    pub(super) fn keys(&self) -> Vec<(ObjectId, String, String)> {
        let mut keys = Vec::new();
        for table in self.plain_tables() {
            let columns = self.columns(&table);
            for (_, object) in self.members(&table, Kind::Constraint) {
                let Detail::Constraint(constraint) = &object.detail else { continue };
                let unique =
                    matches!(constraint.constraint_type, ConstraintType::PrimaryKey | ConstraintType::Unique);
                let [column] = constraint.columns.as_slice() else { continue };
                let found = columns.iter().find(|(name, _)| name == column);
                if let Some((name, found)) = found.filter(|_| unique && !constraint.deferrable) {
                    keys.push((table.clone(), name.clone(), found.data_type.clone()));
                }
            }
        }
        keys.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
        keys
    }

    /// Whether anything but the table itself depends on `column`; when unsure, yes.
    pub(super) fn is_used(&self, table: &ObjectId, column: &str) -> bool {
        let quoted = Quoted::ident(column);
        let in_expression = self.columns(table).into_iter().any(|(name, other)| {
            let expressions = [other.generated, other.identity.map(|_| other.data_type)];
            let mine = name == column && expressions.iter().any(Option::is_some);
            mine || expressions.iter().flatten().any(|text| text.contains(quoted.as_str()))
        });
        let in_members = [Kind::Constraint, Kind::Index].into_iter().any(|kind| {
            self.members(table, kind).any(|(_, object)| match &object.detail {
                Detail::Constraint(constraint) => constraint.columns.iter().any(|name| name == column),
                Detail::Index(index) => {
                    index.expression_or_predicate
                        || index.columns.iter().flatten().chain(&index.include).any(|name| name == column)
                }
                _ => false,
            })
        });
        in_expression || in_members || self.is_mentioned(table)
    }

    /// Whether an object outside of the table names it: a view, a policy, a foreign key, ….
    pub(super) fn is_mentioned(&self, table: &ObjectId) -> bool {
        let name = table.sql_name();
        self.objects.iter().any(|(id, object)| match &object.detail {
            Detail::View(view) => view.definition.contains(&name),
            Detail::MaterializedView(view) => view.definition.contains(&name),
            Detail::StatisticsObject(statistics) => statistics.table.as_ref() == Some(table),
            Detail::Policy(_) | Detail::Trigger(_) => id.owner_path() == Some((table.part(0), table.part(1))),
            Detail::Constraint(constraint) => {
                constraint.references.as_ref().is_some_and(|reference| reference.table == *table)
            }
            Detail::Privilege(_) => id.privilege_target().as_ref() == Some(table),
            _ => false,
        })
    }

    /// Whether a column of this type takes no NULL: a domain whose check says so.
    pub(super) fn refuses_null(&self, data_type: &str) -> bool {
        self.objects.iter().any(|(id, object)| match &object.detail {
            Detail::Domain(domain) if id.sql_name() == data_type => {
                let checks = self.members(id, Kind::Constraint).any(|(_, object)| match &object.detail {
                    Detail::Constraint(check) => check.definition.contains("IS NOT NULL"),
                    _ => false,
                });
                domain.not_null || checks
            }
            _ => false,
        })
    }

    /// Adds a column at the end of a table.
    pub(super) fn add_column(&mut self, table: &ObjectId, name: &str, mut column: Column) {
        column.position = u32::try_from(self.columns(table).len() + 1).unwrap_or(u32::MAX);
        let kind = if table.kind() == Kind::Composite { Kind::Attribute } else { Kind::Column };
        self.insert(table.member(kind, name), Detail::Column(column));
    }

    /// Takes a column away; those behind it move up.
    pub(super) fn drop_column(&mut self, table: &ObjectId, name: &str) {
        let Some(gone) = self.remove(&table.member(Kind::Column, name)) else { return };
        let Detail::Column(gone) = gone.detail else { return };
        let behind = self.columns(table).into_iter().filter(|(_, column)| column.position > gone.position);
        for (name, _) in behind.collect::<Vec<_>>() {
            if let Some(Object { detail: Detail::Column(column), .. }) =
                self.object_mut(&table.member(Kind::Column, &name))
            {
                column.position -= 1;
            }
        }
    }

    /// Adds a constraint and the index that implements it.
    pub(super) fn add_constraint(&mut self, table: &ObjectId, name: &str, constraint: Constraint) {
        let unique =
            matches!(constraint.constraint_type, ConstraintType::PrimaryKey | ConstraintType::Unique);
        if unique {
            let index = confiture_core::catalog::Index {
                unique: true,
                access_method: "btree".to_owned(),
                columns: constraint.columns.iter().cloned().map(Some).collect(),
                constraint: Some(name.to_owned()),
                valid: true,
                ready: true,
                ..Default::default()
            };
            self.insert(table.member(Kind::Index, name), Detail::Index(index));
        }
        if constraint.constraint_type == ConstraintType::PrimaryKey {
            for column in &constraint.columns {
                if let Some(Object { detail: Detail::Column(column), .. }) =
                    self.object_mut(&table.member(Kind::Column, column))
                {
                    column.not_null = true;
                }
            }
        }
        self.insert(table.member(Kind::Constraint, name), Detail::Constraint(constraint));
    }

    /// The `CREATE TABLE` of a table as it is, with its constraints.
    pub(super) fn create_table(&self, id: &ObjectId) -> String {
        let mut parts: Vec<String> =
            self.columns(id).iter().map(|(name, column)| self.column_sql(id, name, column)).collect();
        // Keys first: a foreign key may refer to the table itself.
        let rank = |constraint: &Constraint| constraint.constraint_type == ConstraintType::ForeignKey;
        let mut constraints: Vec<_> = self
            .members(id, Kind::Constraint)
            .filter_map(|(id, object)| match &object.detail {
                Detail::Constraint(constraint) => Some((rank(constraint), id.name(), constraint)),
                _ => None,
            })
            .collect();
        constraints.sort_by_key(|(rank, name, _)| (*rank, *name));
        parts.extend(constraints.iter().map(|(_, name, constraint)| constraint_sql(name, constraint)));
        let mut text = format!("CREATE TABLE {} (\n    {}\n)", id.sql_name(), parts.join(",\n    "));
        if parts.is_empty() {
            text = format!("CREATE TABLE {} ()", id.sql_name());
        }
        if let Some(table) = self.table(id) {
            if let Some(by) = &table.partition_by {
                text.push_str(&format!(" PARTITION BY {by}"));
            }
            if !table.options.is_empty() {
                text.push_str(&format!(" WITH ({})", table.options.join(", ")));
            }
        }
        text
    }

    /// A column as `CREATE TABLE` and `ADD COLUMN` take it.
    pub(super) fn column_sql(&self, table: &ObjectId, name: &str, column: &Column) -> String {
        let mut text = format!("{} {}", Quoted::ident(name), column.data_type);
        if let Some(collation) = &column.collation {
            text.push_str(&format!(" COLLATE {collation}"));
        }
        if let Some(expression) = &column.generated {
            text.push_str(&format!(" GENERATED ALWAYS AS {expression} STORED"));
        }
        if let Some(default) = &column.default {
            text.push_str(&format!(" DEFAULT {default}"));
        }
        match column.identity {
            Some(identity) => {
                let how = if identity == Identity::Always { "ALWAYS" } else { "BY DEFAULT" };
                let owner = table.member(Kind::Column, name);
                let sequence = self.objects.iter().find_map(|(id, object)| match &object.detail {
                    Detail::Sequence(sequence) if sequence.owned_by.as_ref() == Some(&owner) => Some(id),
                    _ => None,
                });
                let named = sequence.map(|id| format!(" (SEQUENCE NAME {})", id.sql_name()));
                text.push_str(&format!(" GENERATED {how} AS IDENTITY{}", named.unwrap_or_default()));
            }
            None if column.not_null => text.push_str(" NOT NULL"),
            None => {}
        }
        text
    }
}

impl std::fmt::Display for SchemaModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sql())
    }
}

/// As it prints: what a property test shows of a failure.
impl std::fmt::Debug for SchemaModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\n{self}")
    }
}

/// A constraint as `CREATE TABLE` and `ADD` take it.
pub(super) fn constraint_sql(name: &str, constraint: &Constraint) -> String {
    let mut text = format!("CONSTRAINT {} {}", Quoted::ident(name), constraint.definition);
    for (said, word) in [
        (constraint.deferrable, " DEFERRABLE"),
        (constraint.deferred, " INITIALLY DEFERRED"),
        (!constraint.validated, " NOT VALID"),
    ] {
        if said {
            text.push_str(word);
        }
    }
    text
}

/// A constraint with what most of them have.
pub(super) fn constraint(kind: ConstraintType, definition: String, columns: Vec<String>) -> Constraint {
    Constraint {
        constraint_type: kind,
        definition,
        columns,
        validated: true,
        enforced: true,
        ..Default::default()
    }
}

/// `a, "b c"`.
pub(super) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| Quoted::ident(name.as_ref()).to_string()).collect();
    quoted.join(", ")
}

pub(super) fn composite() -> Detail {
    Detail::Composite(Composite {})
}
