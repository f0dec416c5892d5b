//! What the catalogs around a migration know of the tables and columns that its statements name.

use confiture_core::catalog::{Catalog, Column, ConstraintType, Kind, ObjectId};
use confiture_core::plugin::MutationContext;
use confiture_core::sql::ObjectName;

/// The relation called `name`, before the script or after it: without a schema the one in `public`, or the only
/// one.
pub(super) fn relation<'a>(
    cx: &MutationContext<'a>,
    name: &ObjectName,
) -> Option<(&'a Catalog, &'a ObjectId)> {
    let found = |catalog: &'a Catalog| {
        let id = match name.schema() {
            Some(schema) => catalog.relation(schema, name.name()),
            None => catalog.relation("public", name.name()).or_else(|| {
                let mut others = catalog.of_kind(Kind::Table).filter(|(id, _)| id.name() == name.name());
                others.next().filter(|_| others.next().is_none()).map(|(id, _)| id)
            }),
        };
        id.map(|id| (catalog, id))
    };
    [cx.source_catalog(), cx.target_catalog()].into_iter().flatten().find_map(found)
}

/// The column `column` of the relation `name`.
pub(super) fn column<'a>(cx: &MutationContext<'a>, name: &ObjectName, column: &str) -> Option<&'a Column> {
    [cx.source_catalog(), cx.target_catalog()].into_iter().flatten().find_map(|catalog| {
        let schema = relation(cx, name)?.1.schema()?.to_owned();
        catalog.column(catalog.relation(&schema, name.name())?, column)
    })
}

/// The names of all columns of the relation `name` that can be assigned to, with their types, in order.
pub(super) fn columns<'a>(cx: &MutationContext<'a>, name: &ObjectName) -> Vec<(&'a str, &'a str)> {
    let Some((catalog, id)) = relation(cx, name) else {
        return Vec::new();
    };
    let plain = |column: &Column| column.generated.is_none() && column.identity.is_none();
    let columns = catalog.columns_of(id).into_iter().filter(|(_, column)| plain(column));
    columns.map(|(id, column)| (id.name(), column.data_type.as_str())).collect()
}

/// The columns of the primary key of the relation `name`; none when it has none or is not known.
pub(super) fn primary_key<'a>(cx: &MutationContext<'a>, name: &ObjectName) -> &'a [String] {
    let Some((catalog, id)) = relation(cx, name) else {
        return &[];
    };
    let mut keys = catalog.constraints_of(id);
    keys.find(|(_, key)| key.constraint_type == ConstraintType::PrimaryKey)
        .map_or(&[][..], |(_, key)| key.columns.as_slice())
}
