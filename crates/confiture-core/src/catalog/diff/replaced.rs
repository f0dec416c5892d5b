//! A plain table and a partitioned one of the same name: no `ALTER` leads from one to the other, so one is
//! removed and the other added, each with all its parts.

use std::collections::BTreeSet;

use super::alter::views_and_parts;
use super::{Change, Difference, Pair, Step, create, drop};
use crate::catalog::{Catalog, Detail, Kind, ObjectId};

/// Whether a table of this name is partitioned in one of the catalogs only.
pub(super) fn is_replaced(pair: Pair<'_>, table: &ObjectId) -> bool {
    let partitioned = |catalog: &Catalog| match &catalog.get(table)?.detail {
        Detail::Table(table) if table.server.is_none() => Some(table.partition_by.is_some()),
        _ => None,
    };
    matches!((partitioned(pair.before), partitioned(pair.after)), (Some(a), Some(b)) if a != b)
}

/// Whether `id` is such a table or a part of one.
pub(super) fn in_replaced(pair: Pair<'_>, id: &ObjectId) -> bool {
    table_of(pair.before, id).is_some_and(|table| is_replaced(pair, &table))
}

/// The table that `id` is or cannot be without.
fn table_of(catalog: &Catalog, id: &ObjectId) -> Option<ObjectId> {
    if id.kind() == Kind::Table {
        return Some(id.clone());
    }
    if let Some(target) = id.privilege_target() {
        return table_of(catalog, &target);
    }
    if let Some((schema, name)) = id.owner_path() {
        return Some(ObjectId::new(Kind::Table, [schema, name]));
    }
    match &catalog.get(id)?.detail {
        Detail::Sequence(sequence) if sequence.identity => table_of(catalog, sequence.owned_by.as_ref()?),
        Detail::StatisticsObject(statistics) => statistics.table.clone(),
        _ => None,
    }
}

/// Says of replaced tables and of their parts that they are removed and added.
pub(super) fn expand(pair: Pair<'_>, flat: &mut Vec<Difference>) {
    let tables: BTreeSet<ObjectId> = flat
        .iter()
        .filter(|d| d.property() == Some("partition by") && is_replaced(pair, &d.object))
        .map(|d| d.object.clone())
        .collect();
    if tables.is_empty() {
        return;
    }
    let both: Vec<ObjectId> = pair
        .before
        .iter()
        .map(|(id, _)| id)
        .filter(|id| pair.after.contains(id))
        .filter(|id| table_of(pair.before, id).is_some_and(|table| tables.contains(&table)))
        .cloned()
        .collect();
    flat.retain(|d| !both.contains(&d.object));
    flat.retain(|d| d.property() != Some("column order") || !tables.contains(&d.object));
    for id in both {
        flat.push(Difference::new(id.clone(), Change::Removed));
        flat.push(Difference::new(id, Change::Added));
    }
}

/// Makes what is there under its name as something else, once that is dropped: with what rests on both.
pub(super) fn create(pair: Pair<'_>, id: &ObjectId) -> Vec<Step> {
    if matches!(id.kind(), Kind::Column | Kind::Attribute) {
        // CREATE TABLE makes it; what it does not say of columns comes with it.
        return create::create(pair, id).into_iter().filter(|step| step.rank > 4900).collect();
    }
    let mut steps = create::create(pair, id);
    if id.kind() != Kind::Table {
        return steps;
    }
    let (schema, name) = (id.part(0), id.part(1));
    for (other, object) in pair.before.iter().filter(|(other, _)| pair.after.contains(other)) {
        let inside = other.owner_path() == Some((schema, name));
        match (&object.detail, pair.after.get(other).map(|object| &object.detail)) {
            (Detail::Constraint(before), Some(Detail::Constraint(after))) if !inside => {
                let refers = [before, after].map(|c| c.references.as_ref().is_some_and(|to| to.table == *id));
                if before == after && refers == [true, true] && !before.inherited {
                    steps.extend(drop::drop(pair, other));
                    steps.extend(create::create(pair, other));
                }
            }
            (Detail::Sequence(before), Some(Detail::Sequence(after))) if !before.identity => {
                let owner = before.owned_by.as_ref().filter(|owner| {
                    before.owned_by == after.owned_by && owner.owner_path() == Some((schema, name))
                });
                if let Some(owner) = owner {
                    let alter = format!("ALTER SEQUENCE {} OWNED BY", other.sql_name());
                    steps.push(Step::new(550, format!("{alter} NONE")));
                    steps
                        .push(Step::new(4450, format!("{alter} {}.{}", owner.owner_sql(), owner.sql_name())));
                }
            }
            _ => {}
        }
    }
    steps.extend(views_and_parts(pair, id));
    steps
}
