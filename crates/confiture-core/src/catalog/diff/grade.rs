//! How much a difference matters.

use serde::Serialize;

use super::{Change, Difference, Pair};
use crate::catalog::normal_form::{sorted_select, squeeze};
use crate::catalog::{Detail, Kind};

/// How much a difference matters. Everything but `Real` is something a rollback commonly cannot or
/// need not restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// The databases behave differently.
    Real,
    /// Labels were added to an enum, which PostgreSQL cannot remove.
    EnumValueLeft,
    /// An extension survives.
    ExtensionLeft,
    /// Another version of an extension.
    ExtensionVersion,
    /// A role: it belongs to the cluster, not to the database.
    ClusterWide,
    /// Only the source text of a routine, or a comment.
    BodyOrComment,
    /// The same columns in another order, which PostgreSQL cannot restore; also a view that selects the
    /// same columns in another order from such a table (`SELECT *`).
    ColumnOrder,
    /// The same constraint, index or sequence under another name, both as PostgreSQL generates them.
    GeneratedName,
    /// Only white space outside of quotes.
    Whitespace,
}

/// `reordered` holds the relations whose columns changed places.
pub(super) fn grade(pair: Pair<'_>, difference: &Difference, reordered: &[String]) -> Grade {
    let kind = difference.object.kind();
    match (&difference.change, kind) {
        (_, Kind::Role) => Grade::ClusterWide,
        (Change::Added, Kind::Extension) => Grade::ExtensionLeft,
        (Change::Changed { property, before, after }, _) => {
            let same = |a: &Option<String>, b: &Option<String>| match (a, b) {
                (Some(a), Some(b)) => squeeze(a) == squeeze(b),
                _ => false,
            };
            match (property.as_str(), kind) {
                ("version", Kind::Extension) => Grade::ExtensionVersion,
                ("column order", _) => Grade::ColumnOrder,
                ("name", _) => match (before, after) {
                    (Some(before), Some(after)) if generated(before, after) => Grade::GeneratedName,
                    _ => Grade::Real,
                },
                ("body" | "definition", _) if same(before, after) => Grade::Whitespace,
                ("definition", Kind::View | Kind::MaterializedView) => match (before, after) {
                    (Some(before), Some(after))
                        if reordered.iter().any(|name| after.contains(name.as_str()))
                            && sorted_select(before) == sorted_select(after) =>
                    {
                        Grade::ColumnOrder
                    }
                    _ => Grade::Real,
                },
                ("body", Kind::Function | Kind::Procedure) | ("comment", _) => Grade::BodyOrComment,
                ("labels", _) if only_added(pair, difference) => Grade::EnumValueLeft,
                _ => Grade::Real,
            }
        }
        _ => Grade::Real,
    }
}

/// Whether every old label is still there, in the same order.
fn only_added(pair: Pair<'_>, difference: &Difference) -> bool {
    let labels = |catalog: &crate::catalog::Catalog| match catalog.get(&difference.object).map(|o| &o.detail)
    {
        Some(Detail::Enum(value)) => value.labels.clone(),
        _ => Vec::new(),
    };
    let after = labels(pair.after);
    let mut after = after.iter();
    labels(pair.before).iter().all(|label| after.any(|other| other == label))
}

/// Whether both names end the way PostgreSQL ends generated ones, in the same word (indexcmds.c,
/// `ChooseIndexName`; manual of CREATE TABLE, "CONSTRAINT constraint_name").
fn generated(before: &str, after: &str) -> bool {
    let label = |name: &str| {
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
        ["_pkey", "_key", "_idx", "_check", "_fkey", "_excl", "_seq"]
            .into_iter()
            .find(|label| name.ends_with(label))
    };
    label(before).is_some() && label(before) == label(after)
}
