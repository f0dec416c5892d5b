//! Objects as groups of statements that know what they need.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{mentioned, provided};
use super::{role_sql, tables};
use crate::catalog::diff::create::{
    comment_sql, create, enabled_word, member_sql, owner_sql, routine_sql, server_options, with_options,
};
use crate::catalog::diff::{Pair, Step};
use crate::catalog::id::quote_ident;
use crate::catalog::{Catalog, Column, Detail, Kind, Object, ObjectId, Privilege, Properties, View};

/// Where a node stands among those that could run: phase, object, part, name.
pub(super) type Place = (u16, String, u16, String);

/// Statements that belong together.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) sql: Vec<String>,
    /// Names other nodes mention; with a `#` in front, conditions that no SQL spells out.
    pub(super) provides: Vec<String>,
    pub(super) mentions: BTreeSet<String>,
    /// How to begin where it is part of a cycle.
    pub(super) stub: Option<Stub>,
}

/// A first, incomplete form of a node.
#[derive(Debug)]
pub(super) struct Stub {
    pub(super) first: Vec<String>,
    /// What takes the place of the node's statements later.
    pub(super) completed: Vec<String>,
    pub(super) mentions: BTreeSet<String>,
}

impl Node {
    /// A node that needs what its statements mention.
    pub(super) fn new(place: Place, sql: Vec<String>) -> Self {
        let mut mentions = BTreeSet::new();
        for statement in &sql {
            mentioned(statement, &mut mentions);
        }
        Self { place, sql, provides: Vec::new(), mentions, stub: None }
    }

    /// Says what it makes. Its own name in its statements means itself, not a routine of the same name.
    pub(super) fn making(mut self, names: Vec<String>) -> Self {
        let stub = self.stub.as_mut().map(|stub| &mut stub.mentions);
        for mentions in std::iter::once(&mut self.mentions).chain(stub) {
            mentions.retain(|name| !names.contains(name));
        }
        self.provides.extend(names);
        self
    }
}

/// The parts of an object's place.
pub(super) fn place(phase: u16, id: &ObjectId, part: u16) -> Place {
    let whole = match id.owner_path() {
        Some((schema, relation)) => format!("{schema}\0{relation}"),
        None => id.raw_path().to_owned(),
    };
    (phase, whole, part, format!("{}\0{}", id.kind().as_str(), id.raw_path()))
}

/// Every object of `catalog` as nodes, in no particular order.
pub(super) fn nodes(catalog: &Catalog, left_out: &mut Vec<(ObjectId, &'static str)>) -> Vec<Node> {
    let empty = Catalog::default();
    let pair = Pair { before: catalog, after: &empty };
    let mut out = Vec::new();
    let mut privileges: BTreeMap<ObjectId, Vec<(u8, Vec<String>)>> = BTreeMap::new();
    for (id, object) in catalog.iter() {
        match &object.detail {
            Detail::Table(table) => tables::table(catalog, id, object, table, &mut out),
            Detail::Constraint(constraint) => tables::constraint(pair, id, object, constraint, &mut out),
            Detail::Index(index) => tables::index(catalog, id, object, index, left_out, &mut out),
            Detail::Column(_) => {} // with its relation
            Detail::View(view) => out.push(view_node(catalog, id, object, view)),
            Detail::MaterializedView(_) => materialized_view(pair, id, object, &mut out),
            Detail::Privilege(privilege) => {
                let target = id.privilege_target().unwrap_or_else(|| id.clone());
                let target = match target.owner_path() {
                    Some((schema, relation)) => ObjectId::new(Kind::Table, [schema, relation]),
                    None => target,
                };
                let handed = (hands(catalog, id, privilege, 0), privilege_sql(pair, id, privilege));
                privileges.entry(target).or_default().push(handed);
            }
            Detail::Extension(extension) => {
                let name = quote_ident(id.name());
                let schema = quote_ident(&extension.schema);
                let mut sql = vec![format!("CREATE EXTENSION IF NOT EXISTS {name} SCHEMA {schema} CASCADE")];
                sql.extend(object.comment.as_deref().and_then(|text| comment_sql(catalog, id, Some(text))));
                if object.owner.is_some() {
                    left_out.push((id.clone(), "its owner: an extension stays with the role that makes it"));
                }
                out.push(Node::new(place(1200, id, 0), sql));
            }
            Detail::Role(_) => {
                let mut sql: Vec<String> = create(pair, id)
                    .into_iter()
                    .filter(|step| step.rank > 1000)
                    .map(|step| step.sql)
                    .collect();
                sql.insert(0, role_sql(id.name()));
                out.push(Node::new(place(1000, id, 0), sql));
            }
            Detail::Properties(properties) if id.kind() == Kind::OperatorClass => {
                out.push(operator_class(catalog, id, object, properties));
            }
            Detail::Trigger(trigger) if trigger.inherited => {
                let word = enabled_word(trigger.enabled).unwrap_or("ENABLE");
                let sql = format!("ALTER TABLE {} {word} TRIGGER {}", id.owner_sql(), id.sql_name());
                out.push(Node::new(place(4800, id, 0), vec![sql]));
            }
            _ => other(pair, id, object, left_out, &mut out),
        }
    }
    for (target, mut handed) in privileges {
        handed.sort_by_key(|(hands, _)| *hands);
        let sql = handed.into_iter().flat_map(|(_, sql)| sql).collect();
        out.push(Node { mentions: BTreeSet::new(), ..Node::new(place(5000, &target, 0), sql) });
    }
    tables::disabled_foreign_keys(catalog, &mut out);
    out
}

/// Objects whose statements the diff knows.
fn other(
    pair: Pair<'_>,
    id: &ObjectId,
    object: &Object,
    left_out: &mut Vec<(ObjectId, &'static str)>,
    out: &mut Vec<Node>,
) {
    let catalog = pair.before;
    let mut steps = create(pair, id);
    if id.kind() == Kind::Schema && id.name() == "public" {
        steps.retain(|step| step.rank != 1100); // every database has it
    }
    if let Detail::Properties(properties) = &object.detail {
        match id.kind() {
            Kind::OperatorFamily => {
                let loose: Vec<String> = loose_members(catalog, id, properties);
                steps.retain(|step| step.rank != 1870);
                if !loose.is_empty() {
                    let sql = format!("ALTER OPERATOR FAMILY {} ADD {}", id.sql_name(), loose.join(", "));
                    steps.insert(1, Step { rank: 1860, sql });
                }
            }
            Kind::UserMapping if steps.is_empty() => {
                let options = properties.list("options");
                let sql = format!("CREATE USER MAPPING {}{}", id.sql_name(), server_options(&options));
                steps.push(Step { rank: 1820, sql });
                left_out.push((id.clone(), "the options shown as (hidden) have to be put in"));
            }
            _ => {}
        }
    }
    let Some(first) = steps.first() else {
        let reason = match id.kind() {
            Kind::BaseType => "a type in C",
            Kind::Language => "a language without an extension",
            Kind::Subscription => "the server does not show how it connects",
            _ => return,
        };
        left_out.push((id.clone(), reason));
        return;
    };
    let phase = match (&object.detail, id.kind()) {
        (_, Kind::Trigger | Kind::Rule | Kind::Policy) => 4700,
        _ => first.rank,
    };
    let owned_late = |step: &Step| step.rank == 4920;
    // The owner of an owned sequence is its table's.
    let owned = matches!(&object.detail, Detail::Sequence(sequence) if sequence.owned_by.is_some());
    let sql: Vec<String> = steps
        .iter()
        .filter(|step| !(owned_late(step) || owned && step.rank == 4900))
        .map(|step| step.sql.clone())
        .collect();
    let mut node = Node::new(place(phase, id, 0), sql);
    match &object.detail {
        Detail::Routine(routine) => {
            node.sql[0] = node.sql[0].replacen("CREATE OR REPLACE ", "CREATE ", 1);
            if routine.sql_body {
                needs_keys(&mut node.mentions);
            } else {
                let head = crate::catalog::Routine { body: String::new(), ..routine.clone() };
                node.mentions.clear();
                mentioned(&routine_sql(id, &head), &mut node.mentions);
            }
        }
        Detail::Rule(_) => needs_keys(&mut node.mentions),
        Detail::Composite(_) => {
            for (attribute, _) in catalog.columns_of(id) {
                let comment = catalog.get(attribute).and_then(|object| object.comment.as_deref());
                node.sql.extend(comment.and_then(|text| comment_sql(catalog, attribute, Some(text))));
            }
        }
        Detail::Trigger(_) => {
            node.mentions.insert(format!("#child {}", id.owner_sql()));
        }
        Detail::Properties(properties) if id.kind() == Kind::Operator => {
            // A commutator or negator that does not exist yet is made as a shell.
            node.mentions.clear();
            let known = ["function", "restrict", "join"].into_iter().filter_map(|key| properties.text(key));
            for text in known.chain([id.part(2), id.part(3)]) {
                mentioned(text, &mut node.mentions);
            }
        }
        _ => {}
    }
    if matches!(object.detail, Detail::Routine(_)) {
        node.provides = provided(catalog, id); // its own name may be that of the relation it returns
    } else {
        node = node.making(provided(catalog, id));
    }
    out.push(node);
    for step in steps.iter().filter(|step| owned_late(step)) {
        let mut node = Node::new(place(4100, id, 0), vec![step.sql.clone()]);
        if let Detail::Sequence(sequence) = &object.detail
            && let Some(column) = &sequence.owned_by
        {
            node.place = place(4100, column, 6);
        }
        node.mentions.insert(id.sql_name());
        out.push(node);
    }
}

/// Queries may group by a primary key or name a constraint: those of the tables they mention go first.
pub(super) fn needs_keys(mentions: &mut BTreeSet<String>) {
    let keys: Vec<String> = mentions.iter().map(|name| format!("#key {name}")).collect();
    mentions.extend(keys);
}

/// Defaults, comments and settings of a view's columns, and its owner and comment.
fn view_extras(catalog: &Catalog, id: &ObjectId, object: &Object) -> Vec<String> {
    let name = id.sql_name();
    let mut sql = Vec::new();
    sql.extend(object.owner.as_deref().and_then(|owner| owner_sql(id, owner)));
    sql.extend(object.comment.as_deref().and_then(|text| comment_sql(catalog, id, Some(text))));
    for (column_id, column) in catalog.columns_of(id) {
        if let Some(default) = &column.default {
            sql.push(format!(
                "ALTER VIEW {name} ALTER COLUMN {} SET DEFAULT {default}",
                column_id.sql_name()
            ));
        }
        if id.kind() == Kind::MaterializedView {
            sql.extend(tables::extras(column_id, column));
        }
        let comment = catalog.get(column_id).and_then(|object| object.comment.as_deref());
        sql.extend(comment.and_then(|text| comment_sql(catalog, column_id, Some(text))));
    }
    sql
}

fn view_node(catalog: &Catalog, id: &ObjectId, object: &Object, view: &View) -> Node {
    let name = id.sql_name();
    let body = format!("VIEW {name}{} AS\n{}", with_options(&view.options), view.definition);
    let extras = view_extras(catalog, id, object);
    let with =
        |create: String| -> Vec<String> { std::iter::once(create).chain(extras.iter().cloned()).collect() };
    let null = |(id, column): &(&ObjectId, &Column)| {
        let collation = column.collation.as_ref().map(|name| format!(" COLLATE {name}")).unwrap_or_default();
        format!("NULL::{}{collation} AS {}", column.data_type, id.sql_name())
    };
    let columns: Vec<String> = catalog.columns_of(id).iter().map(null).collect();
    let first = Node::new(
        place(4600, id, 0),
        vec![format!("CREATE VIEW {name} AS\n SELECT {}", columns.join(",\n    "))],
    );
    let mut node = Node::new(place(4600, id, 0), with(format!("CREATE {body}")));
    needs_keys(&mut node.mentions);
    node.stub = Some(Stub {
        first: first.sql,
        completed: with(format!("CREATE OR REPLACE {body}")),
        mentions: first.mentions,
    });
    node.making(provided(catalog, id))
}

fn materialized_view(pair: Pair<'_>, id: &ObjectId, object: &Object, out: &mut Vec<Node>) {
    let Detail::MaterializedView(view) = &object.detail else { return };
    let Some(create) = create(pair, id).into_iter().next() else { return };
    let empty = "\nWITH NO DATA";
    let mut sql = vec![format!("{}{empty}", create.sql.trim_end_matches(empty))];
    sql.extend(view_extras(pair.before, id, object));
    let mut node = Node::new(place(4600, id, 0), sql);
    needs_keys(&mut node.mentions);
    node = node.making(provided(pair.before, id));
    if view.populated {
        // At the end: it runs as its owner, and calls functions whose bodies nothing has looked into yet.
        let mut refresh =
            Node::new(place(5050, id, 0), vec![format!("REFRESH MATERIALIZED VIEW {}", id.sql_name())]);
        refresh.mentions.extend(node.mentions.iter().map(|name| format!("#filled {name}")));
        refresh.provides.push(format!("#filled {}", id.sql_name()));
        out.push(refresh);
    }
    out.push(node);
}

/// Through how many hands a privilege went that its owner did not grant itself.
fn hands(catalog: &Catalog, id: &ObjectId, privilege: &Privilege, level: u8) -> u8 {
    let (Some(grantor), Some(target)) = (&privilege.grantor, id.privilege_target()) else { return level };
    if level > 9 {
        return level; // roles that grant to each other
    }
    let held = catalog.privileges_on(&target).filter(|(id, _)| id.path().rev().nth(1) == Some(grantor));
    held.map(|(id, held)| hands(catalog, id, held, level + 1)).max().unwrap_or(level + 1)
}

/// GRANT or REVOKE, as the role that granted it where that is not the owner.
fn privilege_sql(pair: Pair<'_>, id: &ObjectId, privilege: &Privilege) -> Vec<String> {
    let sql: Vec<String> = create(pair, id).into_iter().map(|step| step.sql).collect();
    match &privilege.grantor {
        Some(grantor) if !sql.is_empty() => {
            let set = format!("SET ROLE {}", quote_ident(grantor));
            [vec![set], sql, vec!["RESET ROLE".to_owned()]].concat()
        }
        _ => sql,
    }
}

/// An operator class with the members of its family that are for its type alone: the catalog does not say
/// which were declared with the class.
fn operator_class(catalog: &Catalog, id: &ObjectId, object: &Object, p: &Properties) -> Node {
    let text = |key: &str| p.text(key).unwrap_or_default();
    let mut items: Vec<String> = family_of(catalog, id, p)
        .map(|(_, family)| {
            family.list("members").into_iter().filter(|m| is_for(m, text("type"))).map(member_sql)
        })
        .into_iter()
        .flatten()
        .collect();
    match p.text("storage") {
        Some(storage) => items.push(format!("STORAGE {storage}")),
        None if items.is_empty() => items.push(format!("STORAGE {}", text("type"))),
        None => {}
    }
    let default = if p.text("default").is_some() { "DEFAULT " } else { "" };
    let (class, method) = (id.sql_name(), quote_ident(id.part(2)));
    let class = class.split(" USING ").next().unwrap_or_default();
    let mut sql = vec![format!(
        "CREATE OPERATOR CLASS {class} {default}FOR TYPE {} USING {method} FAMILY {} AS {}",
        text("type"),
        text("family"),
        items.join(", ")
    )];
    sql.extend(object.owner.as_deref().and_then(|owner| owner_sql(id, owner)));
    sql.extend(object.comment.as_deref().and_then(|text| comment_sql(catalog, id, Some(text))));
    let mut node = Node::new(place(1880, id, 0), sql);
    node.provides = provided(catalog, id);
    node
}

fn family_of<'a>(
    catalog: &'a Catalog,
    class: &ObjectId,
    p: &Properties,
) -> Option<(&'a ObjectId, &'a Properties)> {
    catalog.of_kind(Kind::OperatorFamily).find_map(|(id, object)| match &object.detail {
        Detail::Properties(family)
            if id.part(2) == class.part(2)
                && p.text("family")
                    == Some(&format!("{}.{}", quote_ident(id.part(0)), quote_ident(id.part(1)))) =>
        {
            Some((id, family))
        }
        _ => None,
    })
}

/// Whether an entry of a family has `of` as both of its types.
fn is_for(member: &str, of: &str) -> bool {
    let types = member.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(types, _)| types);
    let types: Vec<&str> = types.unwrap_or_default().split(',').map(str::trim).collect();
    types == [of, of]
}

/// The members of a family that no operator class takes.
fn loose_members(catalog: &Catalog, id: &ObjectId, p: &Properties) -> Vec<String> {
    let types: Vec<&str> = catalog
        .of_kind(Kind::OperatorClass)
        .filter_map(|(class, object)| match &object.detail {
            Detail::Properties(class_p)
                if family_of(catalog, class, class_p).is_some_and(|(family, _)| family == id) =>
            {
                class_p.text("type")
            }
            _ => None,
        })
        .collect();
    let members = p.list("members").into_iter();
    members.filter(|member| !types.iter().any(|of| is_for(member, of))).map(member_sql).collect()
}
