//! Which differences follow from which.

use std::collections::HashMap;

use super::{Change, Difference, Pair};
use crate::catalog::id::quote_ident;
use crate::catalog::normal_form::{mentions, renamed, statistics_subject};
use crate::catalog::{Catalog, ConstraintType, Detail, Kind, ObjectId};

/// Moves every difference under the one it follows from, and keeps the order of the rest.
pub(super) fn nest(pair: Pair<'_>, flat: Vec<Difference>) -> Vec<Difference> {
    let mut index = Index::default();
    for (at, difference) in flat.iter().enumerate() {
        index.enter(at, difference);
    }
    let causes: Vec<Option<usize>> =
        flat.iter().enumerate().map(|(at, d)| index.cause(pair, &flat, d).filter(|&c| c != at)).collect();
    let root = |mut at: usize| {
        // A cycle cannot arise from ownership; the bound guards against a surprising catalog.
        for _ in 0..16 {
            match causes[at] {
                Some(cause) => at = cause,
                None => break,
            }
        }
        at
    };
    let roots: Vec<usize> = (0..flat.len()).map(root).collect();
    let mut slots: Vec<Option<Difference>> = flat.into_iter().map(Some).collect();
    let mut children: HashMap<usize, Vec<Difference>> = HashMap::new();
    for (at, &root) in roots.iter().enumerate() {
        if root != at
            && roots[root] == root
            && let Some(difference) = slots[at].take()
        {
            children.entry(root).or_default().push(difference);
        }
    }
    let mut out = Vec::new();
    for (at, slot) in slots.into_iter().enumerate() {
        if let Some(mut difference) = slot {
            difference.consequences = children.remove(&at).unwrap_or_default();
            out.push(difference);
        }
    }
    out
}

/// Which catalog has an object that the other has not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    New,
    Lost,
}

#[derive(Default)]
struct Index {
    added: HashMap<ObjectId, usize>,
    removed: HashMap<ObjectId, usize>,
    changed: HashMap<(ObjectId, String), usize>,
}

impl Index {
    fn enter(&mut self, at: usize, difference: &Difference) {
        let id = difference.object.clone();
        match &difference.change {
            Change::Added => self.added.insert(id, at),
            Change::Removed => self.removed.insert(id, at),
            Change::Changed { property, .. } => self.changed.insert((id, property.clone()), at),
        };
    }

    fn change(&self, id: &ObjectId, property: &str) -> Option<usize> {
        self.changed.get(&(id.clone(), property.to_owned())).copied()
    }

    fn cause(&self, pair: Pair<'_>, flat: &[Difference], difference: &Difference) -> Option<usize> {
        let id = &difference.object;
        match &difference.change {
            Change::Added => self.of_existence(pair.after, &self.added, Came::New, id),
            Change::Removed => self.of_existence(pair.before, &self.removed, Came::Lost, id),
            Change::Changed { property, before, after } => {
                let value = (property.as_str(), before.as_deref(), after.as_deref());
                self.of_change(pair, flat, id, value)
            }
        }
    }

    /// `same` holds what came or went in the same direction, `catalog` is the one that has them.
    fn of_existence(
        &self,
        catalog: &Catalog,
        same: &HashMap<ObjectId, usize>,
        direction: Came,
        id: &ObjectId,
    ) -> Option<usize> {
        if let Some(&at) = owners(catalog, id).iter().find_map(|owner| same.get(owner)) {
            return Some(at);
        }
        match (id.kind(), &catalog.get(id)?.detail) {
            (Kind::Sequence, Detail::Sequence(sequence)) if sequence.identity => {
                self.change(sequence.owned_by.as_ref()?, "identity")
            }
            (Kind::Column, _) => {
                let (schema, name) = id.owner_path()?;
                [Kind::View, Kind::MaterializedView]
                    .into_iter()
                    .find_map(|kind| self.change(&ObjectId::new(kind, [schema, name]), "definition"))
            }
            (Kind::Constraint, Detail::Constraint(constraint)) => {
                let gone = |column: &String| {
                    let (schema, name) = id.owner_path()?;
                    same.get(&ObjectId::new(Kind::Column, [schema, name, column])).copied()
                };
                if let Some(at) = constraint.columns.iter().find_map(gone) {
                    return Some(at);
                }
                let target = constraint.references.as_ref()?;
                // Only losing the referred-to table takes a foreign key away with it.
                if direction == Came::New {
                    return None;
                }
                same.get(&target.table).copied().or_else(|| {
                    target
                        .columns
                        .iter()
                        .find_map(|c| same.get(&target.table.member(Kind::Column, c)).copied())
                })
            }
            (Kind::Index, Detail::Index(index)) => {
                let (schema, name) = id.owner_path()?;
                let of =
                    |column: &str| same.get(&ObjectId::new(Kind::Column, [schema, name, column])).copied();
                index
                    .columns
                    .iter()
                    .flatten()
                    .chain(&index.include)
                    .find_map(|column| of(column))
                    .or_else(|| self.mentioned(same, id, index.definition.as_deref()?))
            }
            (Kind::StatisticsObject, Detail::StatisticsObject(statistics)) => {
                let subject = statistics_subject(&statistics.definition);
                self.mentioned(same, statistics.table.as_ref()?, &subject)
            }
            _ => None,
        }
    }

    /// The column of the same relation that came or went and that `definition` mentions.
    fn mentioned(&self, same: &HashMap<ObjectId, usize>, part: &ObjectId, definition: &str) -> Option<usize> {
        let place = part.owner_sql();
        let mut columns: Vec<_> = same
            .iter()
            .filter(|(id, _)| id.kind() == Kind::Column && id.owner_sql() == place)
            .filter(|(id, _)| mentions(definition, &quote_ident(id.name())))
            .collect();
        columns.sort();
        columns.first().map(|&(_, &at)| at)
    }

    fn of_change(
        &self,
        pair: Pair<'_>,
        flat: &[Difference],
        id: &ObjectId,
        (property, before, after): (&str, Option<&str>, Option<&str>),
    ) -> Option<usize> {
        let object = pair.after.get(id).or_else(|| pair.before.get(id))?;
        if let (Some(before), Some(after)) = (before, after)
            && let Some(at) = self.of_renamed_column(flat, id, before, after)
        {
            return Some(at);
        }
        if matches!(property, "inherited" | "attached to")
            && let Some((schema, name)) = id.owner_path()
        {
            let table = ObjectId::new(Kind::Table, [schema, name]);
            let found = ["partition of", "inherits"].into_iter().find_map(|p| self.change(&table, p));
            if found.is_some() {
                return found;
            }
        }
        match (&object.detail, property) {
            (Detail::Column(_), "type" | "collation" | "not null" | "default")
                if matches!(relation_kind(pair.after, id), Some(Kind::View | Kind::MaterializedView)) =>
            {
                let (schema, name) = id.owner_path()?;
                [Kind::View, Kind::MaterializedView]
                    .into_iter()
                    .find_map(|kind| self.change(&ObjectId::new(kind, [schema, name]), "definition"))
                    .filter(|_| property != "default")
            }
            (Detail::Column(_), "default") => {
                // nextval('…') of a sequence that was renamed
                let renames = flat.iter().enumerate().filter(|(_, d)| d.object.kind() == Kind::Sequence);
                for (at, d) in renames {
                    if let Change::Changed { property, before: Some(old), after: Some(new) } = &d.change
                        && property == "name"
                        && let (Some(schema), Some(before), Some(after)) = (d.object.schema(), before, after)
                    {
                        let called = |name: &str| ObjectId::new(Kind::Sequence, [schema, name]).sql_name();
                        if after.replace(&called(new), &called(old)) == before {
                            return Some(at);
                        }
                    }
                }
                self.of_parent(pair, flat, id, property, (before, after))
            }
            (Detail::Index(index), "name") => {
                let (schema, name) = id.owner_path()?;
                let constraint = index.constraint.as_ref()?;
                let as_before = [before?, constraint.as_str()];
                as_before
                    .iter()
                    .find_map(|c| self.change(&ObjectId::new(Kind::Constraint, [schema, name, c]), "name"))
            }
            (Detail::Index(index), _) if index.constraint.is_some() && is_shape(property) => {
                let (schema, name) = id.owner_path()?;
                let constraint =
                    ObjectId::new(Kind::Constraint, [schema, name, index.constraint.as_deref()?]);
                ["definition", "type"].into_iter().find_map(|property| self.change(&constraint, property))
            }
            (Detail::Index(_), "replica identity") => {
                let (schema, name) = id.owner_path()?;
                self.change(&ObjectId::new(Kind::Table, [schema, name]), "replica identity")
            }
            (Detail::Index(_), "columns" | "access method" | "expression or predicate" | "include") => {
                self.change(id, "definition")
            }
            (Detail::Constraint(_), "columns" | "references" | "type") => self.change(id, "definition"),
            (Detail::Table(_), "partition bound") => self.change(id, "partition of"),
            (Detail::Sequence(sequence), "owner") => {
                let column = sequence.owned_by.as_ref()?;
                let (schema, name) = column.owner_path()?;
                let table = self.change(&ObjectId::new(Kind::Table, [schema, name]), "owner")?;
                (value_of(&flat[table]) == Some((before, after))).then_some(table)
            }
            (Detail::StatisticsObject(_), _) => None,
            _ => self.of_parent(pair, flat, id, property, (before, after)),
        }
    }

    /// The rename of a column that turns `before` into `after`.
    fn of_renamed_column(
        &self,
        flat: &[Difference],
        id: &ObjectId,
        before: &str,
        after: &str,
    ) -> Option<usize> {
        flat.iter().enumerate().find_map(|(at, d)| {
            let Change::Changed { property, before: Some(old), after: Some(new) } = &d.change else {
                return None;
            };
            let column = matches!(d.object.kind(), Kind::Column | Kind::Attribute);
            if property != "name" || !column || d.object == *id {
                return None;
            }
            let (old, new) = (quote_ident(old), quote_ident(new));
            (mentions(after, &new) && renamed(after, &new, &old) == renamed(before, &new, &old)).then_some(at)
        })
    }

    /// The same change of the parent table's part of the same name, which partitions and children follow.
    fn of_parent(
        &self,
        pair: Pair<'_>,
        flat: &[Difference],
        id: &ObjectId,
        property: &str,
        value: (Option<&str>, Option<&str>),
    ) -> Option<usize> {
        let (schema, name) = id.owner_path()?;
        let table = ObjectId::new(Kind::Table, [schema, name]);
        parents(pair.after, &table).iter().find_map(|parent| {
            let at = self.change(&parent.member(id.kind(), id.name()), property)?;
            (value_of(&flat[at]) == Some(value)).then_some(at)
        })
    }
}

fn value_of(difference: &Difference) -> Option<(Option<&str>, Option<&str>)> {
    match &difference.change {
        Change::Changed { before, after, .. } => Some((before.as_deref(), after.as_deref())),
        _ => None,
    }
}

/// Properties of an index that its constraint's definition decides.
fn is_shape(property: &str) -> bool {
    matches!(property, "columns" | "include" | "unique" | "access method" | "expression or predicate")
}

fn relation_kind(catalog: &Catalog, part: &ObjectId) -> Option<Kind> {
    let (schema, name) = part.owner_path()?;
    catalog.relation(schema, name).map(ObjectId::kind)
}

/// Tables this one is a partition of or inherits from.
fn parents(catalog: &Catalog, table: &ObjectId) -> Vec<ObjectId> {
    match catalog.get(table).map(|object| &object.detail) {
        Some(Detail::Table(table)) => table.partition_of.iter().chain(&table.inherits).cloned().collect(),
        _ => Vec::new(),
    }
}

/// What takes this object with it when it is created or dropped, closest first.
fn owners(catalog: &Catalog, id: &ObjectId) -> Vec<ObjectId> {
    let mut out = Vec::new();
    let object = catalog.get(id);
    if let Some(target) = id.privilege_target() {
        out.push(target);
        return out;
    }
    if let Some((schema, name)) = id.owner_path() {
        if let Some(Detail::Index(index)) = object.map(|o| &o.detail) {
            if let Some(constraint) = &index.constraint {
                out.push(ObjectId::new(Kind::Constraint, [schema, name, constraint]));
            }
            if let Some(parent) = &index.attached_to {
                out.extend(
                    catalog
                        .of_kind(Kind::Index)
                        .map(|(id, _)| id)
                        .find(|id| id.sql_name() == *parent)
                        .cloned(),
                );
            }
        }
        for kind in [
            Kind::Table,
            Kind::View,
            Kind::MaterializedView,
            Kind::ForeignTable,
            Kind::Domain,
            Kind::Composite,
        ] {
            let owner = ObjectId::new(kind, [schema, name]);
            if catalog.contains(&owner) {
                for parent in parents(catalog, &owner) {
                    out.extend(inherited_from(catalog, &parent, id));
                }
                out.push(owner);
            }
        }
    }
    match object.map(|o| &o.detail) {
        Some(Detail::Sequence(sequence)) => {
            if let Some(column) = &sequence.owned_by {
                out.push(column.clone());
                if let Some((schema, name)) = column.owner_path() {
                    out.extend(catalog.relation(schema, name).cloned());
                }
            }
        }
        Some(Detail::StatisticsObject(statistics)) => out.extend(statistics.table.clone()),
        Some(Detail::Table(table)) => out.extend(table.partition_of.clone()),
        _ => {}
    }
    match id.kind() {
        Kind::DefaultPrivilege => {
            out.push(ObjectId::new(Kind::Schema, [id.part(1)]));
            out.push(ObjectId::new(Kind::Role, [id.part(0)]));
        }
        Kind::Setting => out.push(ObjectId::new(Kind::Role, [id.part(0)])),
        Kind::UserMapping => out.push(ObjectId::new(Kind::Server, [id.part(1)])),
        _ => {}
    }
    if let Some(schema) = id.schema() {
        out.push(ObjectId::new(Kind::Schema, [schema]));
    }
    out
}

/// The parent table's part this one was inherited from.
fn inherited_from(catalog: &Catalog, parent: &ObjectId, part: &ObjectId) -> Option<ObjectId> {
    let object = catalog.get(part)?;
    let same_name = parent.member(part.kind(), part.name());
    match &object.detail {
        Detail::Column(column) if column.inherited => Some(same_name),
        Detail::Constraint(constraint) if constraint.inherited => {
            if constraint.constraint_type == ConstraintType::Check {
                return Some(same_name);
            }
            catalog
                .constraints_of(parent)
                .find(|(_, other)| other.definition == constraint.definition)
                .map(|(id, _)| id.clone())
        }
        _ => None,
    }
}
