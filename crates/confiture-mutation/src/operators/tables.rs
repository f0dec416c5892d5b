//! What the catalogs around a migration know of the tables and columns that its statements name.

use confiture_core::catalog::{Catalog, Column, ConstraintType, Index, Kind, ObjectId};
use confiture_core::plugin::MutationContext;
use confiture_core::sql::ObjectName;

/// The relations called `name`, before the script and after it: without a schema those in `public`, or the only
/// ones.
fn relations<'a>(
    cx: &MutationContext<'a>,
    name: &ObjectName,
) -> impl Iterator<Item = (&'a Catalog, &'a ObjectId)> {
    let catalogs = [cx.source_catalog(), cx.target_catalog()].into_iter().flatten();
    catalogs.filter_map(move |catalog| {
        let id = match name.schema() {
            Some(schema) => catalog.relation(schema, name.name()),
            None => catalog.relation("public", name.name()).or_else(|| {
                let mut others = catalog.of_kind(Kind::Table).filter(|(id, _)| id.name() == name.name());
                others.next().filter(|_| others.next().is_none()).map(|(id, _)| id)
            }),
        };
        id.map(|id| (catalog, id))
    })
}

/// The column `column` of the relation `name`, before the script or after it.
pub(super) fn column<'a>(cx: &MutationContext<'a>, name: &ObjectName, column: &str) -> Option<&'a Column> {
    relations(cx, name).find_map(|(catalog, id)| catalog.column(id, column))
}

/// The names of all columns of the relation `name` that can be assigned to, with their types: those before the
/// script in order, then those it adds.
pub(super) fn columns<'a>(cx: &MutationContext<'a>, name: &ObjectName) -> Vec<(&'a str, &'a str)> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    for (id, column) in relations(cx, name).flat_map(|(catalog, id)| catalog.columns_of(id)) {
        let plain = column.generated.is_none() && column.identity.is_none();
        if plain && !found.iter().any(|(name, _)| *name == id.name()) {
            found.push((id.name(), column.data_type.as_str()));
        }
    }
    found
}

/// The columns of the primary key of the relation `name`; none when it has none or is not known.
pub(super) fn primary_key<'a>(cx: &MutationContext<'a>, name: &ObjectName) -> &'a [String] {
    let Some((catalog, id)) = relations(cx, name).next() else {
        return &[];
    };
    let mut keys = catalog.constraints_of(id);
    keys.find(|(_, key)| key.constraint_type == ConstraintType::PrimaryKey)
        .map_or(&[][..], |(_, key)| key.columns.as_slice())
}

/// Whether an index of one of the relations called `names` begins with `column` or an expression, before the script
/// or after it; also true where no such relation is known.
pub(super) fn may_be_indexed(cx: &MutationContext<'_>, names: &[String], column: &str) -> bool {
    let catalogs = [cx.source_catalog(), cx.target_catalog()].into_iter().flatten();
    let relations = catalogs.flat_map(|catalog| catalog.iter().map(move |(id, _)| (catalog, id)));
    let mut known = relations
        .filter(|(_, id)| matches!(id.kind(), Kind::Table | Kind::MaterializedView | Kind::View))
        .filter(|(_, id)| names.iter().any(|name| name == id.name()))
        .peekable();
    let served =
        |index: &Index| index.columns.first().is_some_and(|c| c.as_deref().is_none_or(|c| c == column));
    known.peek().is_none()
        // What a view reads is not looked up.
        || known.any(|(catalog, id)| {
            id.kind() == Kind::View || catalog.indexes_of(id).any(|(_, index)| served(index))
        })
}
