//! How much a difference matters.

use serde::Serialize;

use super::{Change, Difference, Pair};
use crate::catalog::{Catalog, ConstraintType, Detail, Kind};
use crate::sql::{self, TokenKind};

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
    /// The same columns in another order, which PostgreSQL cannot restore.
    ColumnOrder,
    /// The same constraint, index or sequence under another name, both as PostgreSQL generates them.
    GeneratedName,
    /// Only white space outside of quotes.
    Whitespace,
}

pub(super) fn grade(pair: Pair<'_>, difference: &Difference) -> Grade {
    let kind = difference.object.kind();
    match (&difference.change, kind) {
        (_, Kind::Role) => Grade::ClusterWide,
        (Change::Added, Kind::Extension) => Grade::ExtensionLeft,
        (Change::Changed { property, before, after }, _) => {
            let same = |a: &Option<String>, b: &Option<String>| match (a, b) {
                (Some(a), Some(b)) => significant(a).eq(significant(b)),
                _ => false,
            };
            match (property.as_str(), kind) {
                ("version", Kind::Extension) => Grade::ExtensionVersion,
                ("column order", _) => Grade::ColumnOrder,
                ("name", _) => match (before, after) {
                    (Some(before), Some(after)) if generated(pair, difference, before, after) => {
                        Grade::GeneratedName
                    }
                    _ => Grade::Real,
                },
                ("body" | "definition", _) if is_sql(pair, difference) && same(before, after) => {
                    Grade::Whitespace
                }
                ("definition", Kind::View | Kind::MaterializedView) if reordered(pair, before, after) => {
                    Grade::ColumnOrder
                }
                ("body", Kind::Function | Kind::Procedure) | ("comment", _) => Grade::BodyOrComment,
                ("labels", _) if only_added(pair, difference) => Grade::EnumValueLeft,
                _ => Grade::Real,
            }
        }
        _ => Grade::Real,
    }
}

/// The tokens of SQL text without the white space between them.
fn significant(text: &str) -> impl Iterator<Item = &str> {
    sql::Tokens::new(text)
        .filter(|token| token.kind != TokenKind::Whitespace)
        .map(|token| token.text(text).trim_end())
}

/// Whether its text is SQL or PL/pgSQL; in other languages white space may mean something.
fn is_sql(pair: Pair<'_>, difference: &Difference) -> bool {
    match pair.before.get(&difference.object).map(|object| &object.detail) {
        Some(Detail::Routine(routine)) => matches!(routine.language.as_str(), "sql" | "plpgsql"),
        _ => true,
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
///
/// A table that was rebuilt under another name and renamed keeps names made from the other one; that
/// counts as generated, too, except for CHECK constraints: nothing but its name tells which rule a
/// violation is about, so those may differ in their number only.
fn generated(pair: Pair<'_>, difference: &Difference, before: &str, after: &str) -> bool {
    let bare = |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    let label = |name: &str| {
        let name = bare(name);
        ["_pkey", "_key", "_idx", "_check", "_fkey", "_excl", "_seq"]
            .into_iter()
            .find(|label| name.ends_with(label))
    };
    let check = matches!(
        pair.before.get(&difference.object).map(|object| &object.detail),
        Some(Detail::Constraint(constraint)) if constraint.constraint_type == ConstraintType::Check
    );
    label(before).is_some() && label(before) == label(after) && (!check || bare(before) == bare(after))
}

/// Whether two view definitions select the same items in another order, because the columns of a
/// relation they read are in another order (`SELECT *`).
fn reordered(pair: Pair<'_>, before: &Option<String>, after: &Option<String>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    let (Some(old), Some(new)) = (Selection::of(before), Selection::of(after)) else { return false };
    if old.sorted() != new.sorted() || old.rest != new.rest {
        return false;
    }
    let mentioned = |name: &str| old.words.contains(&name);
    let relations = [Kind::Table, Kind::View, Kind::MaterializedView, Kind::ForeignTable];
    relations.into_iter().flat_map(|kind| pair.before.of_kind(kind)).any(|(id, _)| {
        let names = |catalog: &Catalog| -> Vec<String> {
            catalog.columns_of(id).into_iter().map(|(column, _)| column.name().to_owned()).collect()
        };
        let (mut old, mut new) = (names(pair.before), names(pair.after));
        let moved = old != new;
        old.sort();
        new.sort();
        mentioned(id.name()) && moved && old == new
    })
}

/// The items of a query's first select list, and all that follows it.
struct Selection<'a> {
    items: Vec<&'a str>,
    rest: &'a str,
    words: Vec<&'a str>,
}

impl<'a> Selection<'a> {
    /// Reads a definition as the server prints it; `None` when it does not begin with a plain select.
    fn of(definition: &'a str) -> Option<Self> {
        let tokens = sql::lex(definition);
        let mut significant = tokens.iter().filter(|token| token.kind != TokenKind::Whitespace);
        let select = significant.next().filter(|token| token.is_word(definition, "select"))?;
        let (mut items, mut start, mut depth) = (Vec::new(), select.span.end, 0_i32);
        for token in significant {
            match token.text(definition) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                "," if depth == 0 => {
                    items.push(definition[start..token.span.start].trim());
                    start = token.span.end;
                }
                text if depth == 0 && text.eq_ignore_ascii_case("from") => {
                    items.push(definition[start..token.span.start].trim());
                    let words = tokens.iter().map(|token| token.text(definition).trim_matches('"')).collect();
                    return Some(Self { items, rest: &definition[token.span.start..], words });
                }
                _ => {}
            }
        }
        None
    }

    fn sorted(&self) -> Vec<&'a str> {
        let mut items = self.items.clone();
        items.sort_unstable();
        items
    }
}
