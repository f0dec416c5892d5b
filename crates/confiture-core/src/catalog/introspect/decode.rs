//! Rows of the catalog query made objects.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::super::acl;
use super::super::id::{Kind, ObjectId};
use super::super::normal_form;
use super::super::object::*;
use super::{Address, Addresses, Read, Unit, class};
use crate::db::{DbFailure, Row};

/// One row.
#[derive(Debug)]
pub(in crate::catalog) struct Fact<'a> {
    pub(in crate::catalog) kind: &'a str,
    pub(in crate::catalog) class: u32,
    pub(in crate::catalog) unit: u32,
    pub(in crate::catalog) id: u32,
    pub(in crate::catalog) sub: i32,
    fields: Option<Vec<Option<&'a str>>>,
}

impl<'a> Fact<'a> {
    /// Its fields; none for rows that say it all with their numbers.
    pub(in crate::catalog) fn fields(&self) -> &[Option<&'a str>] {
        self.fields.as_deref().unwrap_or_default()
    }

    /// The `at`th field, empty when it is NULL.
    pub(in crate::catalog) fn text(&self, at: usize) -> &'a str {
        self.fields().get(at).copied().flatten().unwrap_or_default()
    }
}

/// Walks over a row's fields in order.
struct Fields<'f, 'a>(std::slice::Iter<'f, Option<&'a str>>);

impl<'a> Fields<'_, 'a> {
    fn opt(&mut self) -> Option<&'a str> {
        self.0.next().copied().flatten()
    }

    fn text(&mut self) -> &'a str {
        self.opt().unwrap_or_default()
    }

    fn owned(&mut self) -> Option<String> {
        self.opt().map(str::to_owned)
    }

    fn string(&mut self) -> String {
        self.text().to_owned()
    }

    fn flag(&mut self) -> bool {
        self.text() == "true"
    }

    fn number<T: std::str::FromStr + Default>(&mut self) -> T {
        self.text().parse().unwrap_or_default()
    }

    fn list(&mut self) -> Vec<String> {
        self.opt().filter(|text| !text.is_empty()).map(split).unwrap_or_default()
    }

    fn sorted(&mut self) -> Vec<String> {
        let mut list = self.list();
        list.sort();
        list
    }

    /// A JSON array of strings, sorted.
    fn json_list(&mut self) -> Result<Vec<String>, DbFailure> {
        let mut list: Vec<String> = match self.opt() {
            Some(text) => parse(text)?,
            None => Vec::new(),
        };
        list.sort();
        Ok(list)
    }
}

fn split(text: &str) -> Vec<String> {
    text.split('\u{1}').map(str::to_owned).collect()
}

fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, DbFailure> {
    serde_json::from_str(text).map_err(|error| unexpected(&format!("{error} in {text}")))
}

fn unexpected(what: &str) -> DbFailure {
    DbFailure {
        message: format!("the catalog query returned something unexpected: {what}"),
        ..DbFailure::default()
    }
}

/// Makes objects of `facts` and enters their addresses, units and comments into `addresses`.
///
/// What facts refer to by OID is looked up there, then in `known`, which holds other units.
pub(in crate::catalog) fn decode(
    facts: &[Fact<'_>],
    version: u32,
    known: &Addresses,
    addresses: &mut Addresses,
) -> Result<Vec<Read>, DbFailure> {
    addresses.database_owner.clone_from(&known.database_owner);
    let mut decoder = Decoder { version, known, addresses, out: Vec::new(), connected: "" };
    let mut columns: HashMap<u32, Vec<(i32, ObjectId, Object)>> = HashMap::new();
    let mut not_null: HashMap<(u32, i32), (bool, bool)> = HashMap::new();
    // Comments and the database's owner are needed by everything; columns by what names them.
    for fact in facts {
        match fact.kind {
            "comment" | "shared-comment" => {
                let address = Address { class: fact.class, oid: fact.id, sub: fact.sub };
                let text = fact.text(0);
                decoder.addresses.comments.insert(address, Arc::from(text));
            }
            "database" => decoder.database(fact),
            "not-null" => {
                let mut fields = Fields(fact.fields().iter());
                not_null.insert((fact.unit, fact.sub), (fields.flag(), fields.flag()));
            }
            _ => {}
        }
    }
    for fact in facts {
        match fact.kind {
            "relation" => decoder.relation_name(fact),
            "type" => {
                let mut fields = Fields(fact.fields().iter());
                let kind = type_kind(fields.text());
                let path = [fields.text(), fields.text()];
                decoder.enter(Unit::Type(fact.id), Some(address(fact)), &ObjectId::new(kind, path));
            }
            _ => {}
        }
    }
    for fact in facts {
        if fact.kind == "column"
            && let Some((id, object)) = decoder.column(fact, &not_null)
        {
            columns.entry(fact.unit).or_default().push((fact.sub, id, object));
        }
    }
    let mut tables: Vec<_> = columns.into_iter().collect();
    tables.sort_by_key(|(oid, _)| *oid);
    for (oid, mut list) in tables {
        list.sort_by_key(|(number, ..)| *number);
        for (position, (number, id, mut object)) in (1..).zip(list) {
            if let Detail::Column(column) = &mut object.detail {
                column.position = position;
            }
            let address = Address { class: class::CLASS, oid, sub: number };
            decoder.push_commented(Unit::Relation(oid), Some(address), id, object);
        }
    }
    for fact in facts {
        decoder.fact(fact)?;
    }
    Ok(decoder.out)
}

pub(in crate::catalog) fn fact(row: &Row) -> Result<Fact<'_>, DbFailure> {
    macro_rules! get {
        ($at:literal) => {
            row.try_get($at).map_err(|error| DbFailure::from_driver(&error, ""))?
        };
    }
    Ok(Fact { kind: get!(0), class: get!(1), unit: get!(2), id: get!(3), sub: get!(4), fields: get!(5) })
}

fn address(fact: &Fact<'_>) -> Address {
    Address { class: fact.class, oid: fact.id, sub: fact.sub }
}

fn type_kind(letter: &str) -> Kind {
    match letter {
        "e" => Kind::Enum,
        "d" => Kind::Domain,
        "r" => Kind::Range,
        "c" => Kind::Composite,
        _ => Kind::BaseType,
    }
}

fn relation_kind(letter: &str) -> Kind {
    match letter {
        "v" => Kind::View,
        "m" => Kind::MaterializedView,
        "f" => Kind::ForeignTable,
        "c" => Kind::Composite,
        _ => Kind::Table,
    }
}

fn enabled(letter: &str) -> Enabled {
    match letter {
        "D" => Enabled::Disabled,
        "A" => Enabled::Always,
        "R" => Enabled::Replica,
        _ => Enabled::Origin,
    }
}

struct Decoder<'d, 'a> {
    version: u32,
    known: &'d Addresses,
    addresses: &'d mut Addresses,
    out: Vec<Read>,
    connected: &'a str,
}

impl<'a> Decoder<'_, 'a> {
    fn enter(&mut self, unit: Unit, address: Option<Address>, id: &ObjectId) {
        if let Some(address) = address {
            self.addresses.ids.insert(address, (unit, id.clone()));
        }
        self.addresses.units.entry(unit).or_default().push((address, id.clone()));
    }

    fn id(&self, address: Address) -> Option<&ObjectId> {
        self.addresses.ids.get(&address).or_else(|| self.known.ids.get(&address)).map(|(_, id)| id)
    }

    fn comment(&self, address: Address) -> Option<String> {
        let found = self.addresses.comments.get(&address).or_else(|| self.known.comments.get(&address))?;
        Some(found.to_string())
    }

    /// Adds an object whose address is already entered, with its comment.
    fn push_entered(&mut self, unit: Unit, address: Address, id: ObjectId, mut object: Object) {
        object.comment = self.comment(address);
        self.out.push((unit, id, object));
    }

    fn push_commented(&mut self, unit: Unit, address: Option<Address>, id: ObjectId, mut object: Object) {
        if let Some(address) = address {
            object.comment = self.comment(address);
        }
        self.enter(unit, address, &id);
        self.out.push((unit, id, object));
    }

    fn owner(&self, owner: &str) -> Option<String> {
        (owner != self.addresses.database_owner).then(|| owner.to_owned())
    }

    fn privileges(&mut self, unit: Unit, target: &ObjectId, owner: &str, acl: Option<&str>) {
        for (id, privilege) in acl::privileges(target, owner, acl, self.version) {
            self.push_commented(unit, None, id, plain(Detail::Privilege(privilege)));
        }
    }

    fn database(&mut self, fact: &Fact<'a>) {
        let mut fields = Fields(fact.fields().iter());
        self.addresses.database_owner = fields.string();
        let acl = fields.opt();
        self.connected = fields.text();
        let id = ObjectId::new(Kind::Database, [""; 0]);
        let owner = self.addresses.database_owner.clone();
        self.privileges(Unit::Rest, &id, &owner, acl);
    }

    fn relation_name(&mut self, fact: &Fact<'a>) {
        let mut fields = Fields(fact.fields().iter());
        let kind = relation_kind(fields.text());
        let id = ObjectId::new(kind, [fields.text(), fields.text()]);
        self.enter(Unit::Relation(fact.id), Some(address(fact)), &id);
    }

    /// The relation or type a fact is a part of; `None` when it was not read (it was dropped meanwhile).
    fn relation(&self, oid: u32) -> Option<ObjectId> {
        self.id(Address::new(class::CLASS, oid)).cloned()
    }

    fn column_name(&self, relation: u32, number: &str) -> Option<String> {
        let sub = number.parse().ok().filter(|&sub| sub != 0)?;
        let address = Address { class: class::CLASS, oid: relation, sub };
        self.id(address).map(|id| id.name().to_owned())
    }

    fn column_names(&self, relation: u32, numbers: &str) -> Vec<String> {
        numbers.split_whitespace().filter_map(|number| self.column_name(relation, number)).collect()
    }

    fn column(
        &mut self,
        fact: &Fact<'a>,
        not_null: &HashMap<(u32, i32), (bool, bool)>,
    ) -> Option<(ObjectId, Object)> {
        let relation = self.relation(fact.unit)?;
        let mut f = Fields(fact.fields().iter());
        let kind = if relation.kind() == Kind::Composite { Kind::Attribute } else { Kind::Column };
        let id = relation.member(kind, f.text());
        let mut column = Column { data_type: f.string(), not_null: f.flag(), ..Column::default() };
        let expression = f.owned();
        match f.opt() {
            Some(letter) => {
                column.generated = expression;
                column.generated_virtual = letter == "v";
            }
            None => column.default = expression,
        }
        column.identity = match f.opt() {
            Some("a") => Some(Identity::Always),
            Some(_) => Some(Identity::ByDefault),
            None => None,
        };
        column.collation = f.owned();
        column.storage = f.opt().map(|letter| {
            let word = match letter {
                "p" => "PLAIN",
                "e" => "EXTERNAL",
                "x" => "EXTENDED",
                _ => "MAIN",
            };
            word.to_owned()
        });
        column.compression = f.opt().map(|letter| if letter == "l" { "lz4" } else { "pglz" }.to_owned());
        column.statistics = f.opt().and_then(|text| text.parse().ok());
        column.options = f.sorted();
        column.server_options = f.sorted();
        column.inherited = f.opt() == Some("false");
        let acl = f.opt();
        if let Some((validated, no_inherit)) = not_null.get(&(fact.unit, fact.sub)) {
            column.not_null_not_valid = !validated;
            column.not_null_no_inherit = *no_inherit;
        }
        if let Some(acl) = acl {
            // The grantor of a column's privileges is the table's owner unless somebody else granted them.
            let owner = acl_owner(acl);
            self.privileges(Unit::Relation(fact.unit), &id, &owner, Some(acl));
        }
        Some((id, plain(Detail::Column(column))))
    }

    fn fact(&mut self, fact: &Fact<'a>) -> Result<(), DbFailure> {
        let mut f = Fields(fact.fields().iter());
        match fact.kind {
            "relation" => self.relation_detail(fact, &mut f),
            "sequence" => self.sequence(fact, &mut f),
            "constraint" => self.constraint(fact, &mut f),
            "index" => self.index(fact, &mut f),
            "trigger" | "policy" | "rule" => self.part(fact, &mut f),
            "statistics" => self.statistics(fact, &mut f),
            "type" => self.data_type(fact, &mut f)?,
            "routine" => self.routine(fact, &mut f),
            "aggregate" => {
                let id = ObjectId::new(Kind::Aggregate, [f.text(), f.text(), f.text()]);
                self.properties(Unit::Routine(fact.id), fact, id, &mut f)?;
            }
            "other" => {
                let Some(kind) = Kind::parse(f.text()) else { return Err(unexpected("kind")) };
                let id = ObjectId::new(kind, f.text().split('\u{1}'));
                self.properties(Unit::Rest, fact, id, &mut f)?;
            }
            _ => self.rest(fact, &mut f)?,
        }
        Ok(())
    }

    fn relation_detail(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let Some(id) = self.relation(fact.id) else { return };
        let unit = Unit::Relation(fact.id);
        let (letter, _, _, owner, acl) = (f.text(), f.text(), f.text(), f.text(), f.opt());
        let persistence = if f.text() == "u" { Persistence::Unlogged } else { Persistence::Permanent };
        let access_method = f.owned();
        let partition_by = f.owned();
        let partition_bound = f.owned();
        let parents: Vec<ObjectId> =
            f.list().iter().filter_map(|oid| self.relation(oid.parse().ok()?)).collect();
        let mut options = f.list();
        options.extend(f.list());
        options.sort();
        let (row_security, force_row_security) = (f.flag(), f.flag());
        let replica_identity = match f.text() {
            "f" => Some("FULL".to_owned()),
            "n" if matches!(letter, "r" | "p") => Some("NOTHING".to_owned()),
            "i" => Some("INDEX".to_owned()),
            _ => None,
        };
        let tablespace = f.owned();
        let of_type = f.owned();
        let definition = f.opt().map(|text| normal_form::view_definition(text, self.version));
        let populated = f.flag();
        let server = f.owned();
        let server_options = f.sorted();
        let mut comment_address = address(fact);
        let detail = match id.kind() {
            Kind::View => Detail::View(View { definition: definition.unwrap_or_default(), options }),
            Kind::MaterializedView => Detail::MaterializedView(MaterializedView {
                definition: definition.unwrap_or_default(),
                options,
                populated,
                tablespace,
                access_method,
            }),
            Kind::Composite => {
                // Comments on the type have the type's address, those on attributes the relation's.
                comment_address = Address::new(class::TYPE, f.number());
                self.addresses.ids.insert(comment_address, (unit, id.clone()));
                self.addresses.units.entry(unit).or_default().push((Some(comment_address), id.clone()));
                Detail::Composite(Composite {})
            }
            _ => {
                let is_partition = partition_bound.is_some();
                Detail::Table(Table {
                    persistence,
                    access_method,
                    partition_by,
                    partition_of: if is_partition { parents.first().cloned() } else { None },
                    partition_bound,
                    inherits: if is_partition { Vec::new() } else { parents },
                    options,
                    row_security,
                    force_row_security,
                    replica_identity,
                    tablespace,
                    of_type,
                    server,
                    server_options,
                })
            }
        };
        let object = Object { owner: self.owner(owner), comment: None, detail };
        self.privileges(unit, &id, owner, acl);
        self.push_entered(unit, comment_address, id, object);
    }

    fn sequence(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let id = ObjectId::new(Kind::Sequence, [f.text(), f.text()]);
        let (owner, acl) = (f.text(), f.opt());
        let persistence = if f.text() == "u" { Persistence::Unlogged } else { Persistence::Permanent };
        let mut sequence = Sequence {
            persistence,
            data_type: f.string(),
            start: f.number(),
            increment: f.number(),
            minimum: f.number(),
            maximum: f.number(),
            cache: f.number(),
            cycle: f.flag(),
            ..Sequence::default()
        };
        let (table, column, dependency) = (f.number::<u32>(), f.number::<i32>(), f.text());
        let address_of_column = Address { class: class::CLASS, oid: table, sub: column };
        sequence.owned_by = self.id(address_of_column).cloned();
        sequence.identity = dependency == "i";
        let unit = Unit::Relation(fact.id);
        let object = Object { owner: self.owner(owner), comment: None, detail: Detail::Sequence(sequence) };
        self.privileges(unit, &id, owner, acl);
        self.push_commented(unit, Some(address(fact)), id, object);
    }

    fn constraint(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let (unit, parent) = match self.relation(fact.unit) {
            Some(id) => (Unit::Relation(fact.unit), id),
            None => match self.id(Address::new(class::TYPE, fact.unit)) {
                Some(id) => (Unit::Type(fact.unit), id.clone()),
                None => return,
            },
        };
        let id = parent.member(Kind::Constraint, f.text());
        let constraint_type = match f.text() {
            "p" => ConstraintType::PrimaryKey,
            "u" => ConstraintType::Unique,
            "x" => ConstraintType::Exclusion,
            "f" => ConstraintType::ForeignKey,
            _ => ConstraintType::Check,
        };
        let definition = normal_form::constraint_definition(f.text()).to_owned();
        let mut columns = self.column_names(fact.unit, f.text());
        if constraint_type == ConstraintType::Check {
            columns.sort(); // conkey follows attribute numbers, which dropping and adding a column changes
        }
        let target = f.number::<u32>();
        let target_columns = f.text();
        let references = self
            .relation(target)
            .map(|table| Reference { table, columns: self.column_names(target, target_columns) });
        let (validated, deferrable, deferred, enforced) = (f.flag(), f.flag(), f.flag(), f.flag());
        let no_inherit = f.flag() && constraint_type == ConstraintType::Check;
        let constraint = Constraint {
            constraint_type,
            definition,
            columns,
            references,
            validated,
            deferrable,
            deferred,
            enforced,
            no_inherit,
            inherited: f.flag(),
            triggers_disabled: f.opt().is_some(),
        };
        self.push_commented(unit, Some(address(fact)), id, plain(Detail::Constraint(constraint)));
    }

    fn index(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let Some(table) = self.relation(fact.unit) else { return };
        let id = table.member(Kind::Index, f.text());
        let constraint = f.owned();
        let definition = f.opt().map(normal_form::index_definition);
        let unique = f.flag();
        let numbers = f.text();
        let keys: usize = f.number();
        let columns: Vec<Option<String>> =
            numbers.split_whitespace().map(|number| self.column_name(fact.unit, number)).collect();
        let index = Index {
            constraint,
            definition,
            unique,
            include: columns.iter().skip(keys).flatten().cloned().collect(),
            columns: columns.into_iter().take(keys).collect(),
            valid: f.flag(),
            ready: f.flag(),
            clustered: f.flag(),
            replica_identity: f.flag(),
            attached_to: f.owned(),
            options: f.sorted(),
            tablespace: f.owned(),
            statistics: f.list(),
            expression_or_predicate: f.flag(),
            access_method: f.string(),
        };
        self.push_commented(Unit::Relation(fact.unit), Some(address(fact)), id, plain(Detail::Index(index)));
    }

    fn part(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let Some(table) = self.relation(fact.unit) else { return };
        let name = f.text();
        let (kind, detail) = match fact.kind {
            "trigger" => {
                let trigger =
                    Trigger { definition: f.string(), enabled: enabled(f.text()), inherited: f.flag() };
                (Kind::Trigger, Detail::Trigger(trigger))
            }
            "rule" => {
                let definition = f.text().trim().trim_end_matches(';').to_owned();
                (Kind::Rule, Detail::Rule(Rule { definition, enabled: enabled(f.text()) }))
            }
            _ => {
                let command = match f.text() {
                    "r" => "SELECT",
                    "a" => "INSERT",
                    "w" => "UPDATE",
                    "d" => "DELETE",
                    _ => "ALL",
                };
                let policy = Policy {
                    command: command.to_owned(),
                    permissive: f.flag(),
                    roles: f.sorted(),
                    using: f.owned(),
                    check: f.owned(),
                };
                (Kind::Policy, Detail::Policy(policy))
            }
        };
        let id = table.member(kind, name);
        self.push_commented(Unit::Relation(fact.unit), Some(address(fact)), id, plain(detail));
    }

    fn statistics(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let id = ObjectId::new(Kind::StatisticsObject, [f.text(), f.text()]);
        let owner = f.text();
        let statistics = StatisticsObject {
            definition: normal_form::statistics_definition(f.text()),
            table: self.relation(fact.unit),
            statistics: f.opt().and_then(|text| text.parse().ok()),
        };
        let object =
            Object { owner: self.owner(owner), comment: None, detail: Detail::StatisticsObject(statistics) };
        self.push_commented(Unit::Relation(fact.unit), Some(address(fact)), id, object);
    }

    fn data_type(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) -> Result<(), DbFailure> {
        let unit = Unit::Type(fact.id);
        let kind = type_kind(f.text());
        let id = ObjectId::new(kind, [f.text(), f.text()]);
        let (owner, acl) = (f.text(), f.opt());
        let text = f.opt();
        let detail = match (kind, text) {
            (Kind::Enum, None) => Detail::Enum(Enum::default()),
            (Kind::Enum, Some(labels)) => Detail::Enum(Enum { labels: parse(labels)? }),
            (Kind::Domain, Some(text)) => Detail::Domain(parse(text)?),
            (Kind::Range, Some(text)) => Detail::Range(parse(text)?),
            (_, text) => Detail::Properties(Properties { properties: parse(text.unwrap_or("{}"))? }),
        };
        let object = Object { owner: self.owner(owner), comment: None, detail };
        self.privileges(unit, &id, owner, acl);
        self.push_entered(unit, address(fact), id, object);
        Ok(())
    }

    fn routine(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) {
        let unit = Unit::Routine(fact.id);
        let letter = f.text();
        let kind = if letter == "p" { Kind::Procedure } else { Kind::Function };
        let (schema, name, identity, owner, acl) = (f.text(), f.text(), f.text(), f.text(), f.opt());
        let mut routine = Routine {
            window: letter == "w",
            arguments: f.string(),
            result: f.owned(),
            language: f.string(),
            body: f.string(),
            sql_body: f.flag(),
            library: f.owned(),
            ..Routine::default()
        };
        routine.volatility = match f.text() {
            "i" => "IMMUTABLE",
            "s" => "STABLE",
            _ => "VOLATILE",
        }
        .to_owned();
        (routine.strict, routine.security_definer, routine.leakproof) = (f.flag(), f.flag(), f.flag());
        routine.parallel = match f.text() {
            "s" => "SAFE",
            "r" => "RESTRICTED",
            _ => "UNSAFE",
        }
        .to_owned();
        routine.cost = f.string();
        routine.rows = f.string();
        routine.support = f.owned();
        routine.settings = f.sorted();
        routine.transforms = f.owned();
        let id = ObjectId::new(kind, [schema, name, identity]);
        let object = Object { owner: self.owner(owner), comment: None, detail: Detail::Routine(routine) };
        self.privileges(unit, &id, owner, acl);
        self.push_commented(unit, Some(address(fact)), id, object);
    }

    /// Owner, ACL and JSON properties: the common tail of the kinds few migrations touch.
    fn properties(
        &mut self,
        unit: Unit,
        fact: &Fact<'a>,
        id: ObjectId,
        f: &mut Fields<'_, 'a>,
    ) -> Result<(), DbFailure> {
        let (owner, acl) = (f.opt(), f.opt());
        let mut properties: BTreeMap<String, Value> = parse(f.opt().unwrap_or("{}"))?;
        for value in properties.values_mut() {
            if let Value::Array(list) = value {
                list.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            }
        }
        let object = Object {
            owner: owner.and_then(|owner| self.owner(owner)),
            comment: None,
            detail: Detail::Properties(Properties { properties }),
        };
        if let Some(owner) = owner {
            self.privileges(unit, &id, owner, acl);
        }
        self.push_commented(unit, Some(address(fact)), id, object);
        Ok(())
    }

    fn rest(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) -> Result<(), DbFailure> {
        let unit = Unit::Rest;
        match fact.kind {
            "schema" => {
                let id = ObjectId::new(Kind::Schema, [f.text()]);
                let (owner, acl, bootstrap) = (f.text(), f.opt(), f.flag());
                // initdb gives `public` to the bootstrap superuser, since 15 to pg_database_owner.
                let built_in = id.name() == "public"
                    && if self.version >= 150_000 { owner == "pg_database_owner" } else { bootstrap };
                let object = Object {
                    owner: if built_in { None } else { self.owner(owner) },
                    comment: None,
                    detail: Detail::Schema(Schema {}),
                };
                self.privileges(unit, &id, owner, acl);
                let mut object = object;
                object.comment = self
                    .comment(address(fact))
                    .filter(|c| id.name() != "public" || c != "standard public schema");
                self.enter(unit, Some(address(fact)), &id);
                self.out.push((unit, id, object));
            }
            "extension" => {
                let id = ObjectId::new(Kind::Extension, [f.text()]);
                let detail = Detail::Extension(Extension { version: f.string(), schema: f.string() });
                let owner = f.text();
                let object = Object { owner: self.owner(owner), comment: None, detail };
                let address = address(fact);
                // The extension's own control file comments on it.
                self.enter(unit, Some(address), &id);
                self.out.push((unit, id, object));
            }
            "role" => self.role(fact, f)?,
            "setting" => {
                let role = f.text();
                let (name, value) = f.text().split_once('=').unwrap_or_default();
                let id = ObjectId::new(Kind::Setting, [role, name]);
                self.push_commented(
                    unit,
                    None,
                    id,
                    plain(Detail::Setting(Setting { value: value.to_owned() })),
                );
            }
            "default-privilege" => {
                let (role, schema, letter, acl) = (f.text(), f.opt(), f.text(), f.text());
                for (id, privilege) in acl::default_privileges(role, schema, letter, acl, self.version) {
                    self.push_commented(unit, None, id, plain(Detail::Privilege(privilege)));
                }
            }
            "event-trigger" => {
                let id = ObjectId::new(Kind::EventTrigger, [f.text()]);
                let owner = f.text();
                let trigger = EventTrigger {
                    event: f.string(),
                    enabled: enabled(f.text()),
                    function: f.string(),
                    tags: f.sorted(),
                };
                let object =
                    Object { owner: self.owner(owner), comment: None, detail: Detail::EventTrigger(trigger) };
                self.push_commented(unit, Some(address(fact)), id, object);
            }
            "publication" => {
                let id = ObjectId::new(Kind::Publication, [f.text()]);
                let owner = f.text();
                let publication = Publication {
                    all_tables: f.flag(),
                    publish: f.string(),
                    via_root: f.flag(),
                    tables: f.json_list()?,
                    schemas: f.json_list()?,
                    generated_columns: f.owned(),
                };
                let object = Object {
                    owner: self.owner(owner),
                    comment: None,
                    detail: Detail::Publication(publication),
                };
                self.push_commented(unit, Some(address(fact)), id, object);
            }
            _ => {}
        }
        Ok(())
    }

    fn role(&mut self, fact: &Fact<'a>, f: &mut Fields<'_, 'a>) -> Result<(), DbFailure> {
        let name = f.text();
        let mut attributes: Vec<String> = Vec::new();
        // The words as CREATE ROLE has them; INHERIT is the default and its absence the news.
        for (word, is_default) in [
            ("SUPERUSER", false),
            ("INHERIT", true),
            ("CREATEROLE", false),
            ("CREATEDB", false),
            ("LOGIN", false),
            ("REPLICATION", false),
            ("BYPASSRLS", false),
        ] {
            if f.flag() != is_default {
                attributes.push(if is_default { format!("NO{word}") } else { word.to_owned() });
            }
        }
        match f.text() {
            "-1" => {}
            limit => attributes.push(format!("CONNECTION LIMIT {limit}")),
        }
        if let Some(until) = f.opt() {
            attributes.push(format!("VALID UNTIL '{until}'"));
        }
        attributes.sort();
        let role = Role { attributes, member_of: f.json_list()?, settings: f.json_list()? };
        let address = Address::new(class::AUTHID, fact.id);
        let id = ObjectId::new(Kind::Role, [name]);
        if name == self.connected {
            return Ok(());
        }
        self.push_commented(Unit::Rest, Some(address), id, plain(Detail::Role(role)));
        Ok(())
    }
}

/// An object without owner and comment.
fn plain(detail: Detail) -> Object {
    Object { owner: None, comment: None, detail }
}

/// Who granted most of a column's privileges: the table's owner, whom the column's row does not name.
fn acl_owner(acl: &str) -> String {
    acl.split('\u{1}')
        .next()
        .and_then(|item| item.rsplit_once('/'))
        .map_or_else(String::new, |(_, grantor)| grantor.trim_matches('"').replace("\"\"", "\""))
}
