//! Rows of the catalog query made objects.

mod relations;
mod rest;

use std::collections::HashMap;
use std::sync::Arc;

use super::super::acl;
use super::super::id::{Kind, ObjectId};
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
    /// A fact that is one field of another: kind, catalog, unit, id, sub and up to two texts, separated by
    /// the character 1.
    pub(in crate::catalog) fn nested(text: &'a str) -> Result<Self, DbFailure> {
        let mut parts = text.splitn(7, '\u{1}');
        let mut next = || parts.next().unwrap_or_default();
        let number = |text: &str| text.parse().map_err(|_| unexpected(text));
        Ok(Self {
            kind: next(),
            class: number(next())?,
            unit: number(next())?,
            id: number(next())?,
            sub: next().parse().map_err(|_| unexpected(text))?,
            fields: Some(parts.map(Some).collect()),
        })
    }

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
}

/// An object without owner and comment.
fn plain(detail: Detail) -> Object {
    Object { owner: None, comment: None, detail }
}
