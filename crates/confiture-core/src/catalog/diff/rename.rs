//! Columns, constraints, indexes and sequences that only changed their name.

use std::collections::BTreeMap;

use super::{Change, Difference, Pair};
use crate::catalog::{Catalog, Detail, Kind, ObjectId};

/// Replaces a removed and an added column, constraint, index or owned sequence of the same value by one
/// change of `name`, and drops what only follows from that.
pub(super) fn pair_up(pair: Pair<'_>, mut flat: Vec<Difference>) -> Vec<Difference> {
    let mut removed: BTreeMap<(String, String), Vec<ObjectId>> = BTreeMap::new();
    for difference in flat.iter().filter(|d| d.change == Change::Removed) {
        if let Some(key) = same(pair, pair.before, &difference.object) {
            removed.entry(key).or_default().push(difference.object.clone());
        }
    }
    if removed.is_empty() {
        return flat;
    }
    let mut renamed: Vec<(ObjectId, ObjectId)> = Vec::new();
    for difference in flat.iter().filter(|d| d.change == Change::Added) {
        let Some(key) = same(pair, pair.after, &difference.object) else { continue };
        if let Some(list) = removed.get_mut(&key)
            && !list.is_empty()
        {
            renamed.push((list.remove(0), difference.object.clone()));
        }
    }
    flat.retain(|d| match d.change {
        Change::Removed => !renamed.iter().any(|(before, _)| *before == d.object),
        Change::Added => !renamed.iter().any(|(_, after)| *after == d.object),
        Change::Changed { .. } => true,
    });
    for (before, after) in &renamed {
        let (a, b) = (before.name().to_owned(), after.name().to_owned());
        flat.push(Difference::changed(before, "name", Some(a), Some(b)));
        // The rest of it may differ too, as far as the key does not look.
        if let (Some(a), Some(b)) = (pair.before.get(before), pair.after.get(after)) {
            let mut more = Vec::new();
            super::properties(before, a, b, &mut more);
            more.retain(|d| !matches!(d.property(), Some("constraint" | "attached to")));
            flat.extend(more);
        }
    }
    flat.sort_by(|a, b| (&a.object, a.property()).cmp(&(&b.object, b.property())));
    flat
}

/// What must be equal for two of them to be the same under another name.
fn same(pair: Pair<'_>, catalog: &Catalog, id: &ObjectId) -> Option<(String, String)> {
    let object = catalog.get(id)?;
    if super::replaced::in_replaced(pair, id) {
        return None;
    }
    let place = match id.kind() {
        // A column keeps its place when it is renamed.
        Kind::Constraint | Kind::Index | Kind::Column | Kind::Attribute => id.owner_sql(),
        Kind::Sequence => id.schema()?.to_owned(),
        _ => return None,
    };
    let detail = match &object.detail {
        Detail::Index(index) => {
            let mut index = index.clone();
            index.constraint = index.constraint.map(|_| String::new());
            index.attached_to = None;
            serde_json::to_string(&index)
        }
        Detail::Column(column) if column.inherited => return None,
        Detail::Sequence(sequence) if sequence.owned_by.is_none() => return None,
        other => serde_json::to_string(other),
    };
    Some((format!("{} {place}", id.kind().as_str()), detail.ok()?))
}
