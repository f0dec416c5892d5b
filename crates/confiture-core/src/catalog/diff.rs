//! What differs between two catalogs, cause by cause.

mod alter;
mod cause;
pub(super) mod create;
mod drop;
mod grade;
mod rename;
mod replaced;
mod value;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::Catalog;
use super::id::{Kind, ObjectId};
use super::object::{Detail, Object};
pub use grade::Grade;

/// What happened to an object between two catalogs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Only the second catalog has it.
    Added,
    /// Only the first catalog has it.
    Removed,
    /// Both have it, with another value.
    Changed {
        /// Name of the field, words separated by blanks: `default`, `not null`, `type`, `definition`,
        /// `name` for a renamed constraint, index or sequence, `column order` for a relation.
        property: String,
        /// Value in the first catalog; `None` where it has none.
        before: Option<String>,
        /// Value in the second catalog; `None` where it has none.
        after: Option<String>,
    },
}

/// One difference between two catalogs, with the ones that follow from it.
///
/// Display is neutral (`column public.t.a was added`); [`Difference::after_rollback`] says the same of a
/// catalog that should have been restored (`column public.t.a survives`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The object, under the name the first catalog knows it by (the second for added objects).
    pub object: ObjectId,
    /// What happened to it.
    pub change: Change,
    /// How much it matters.
    pub grade: Grade,
    /// SQL that takes the second catalog back to the first in this point, where there is any: one
    /// statement, or several separated by `;` and a line end, without a final `;`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// What differs only because of this: the columns of an added table, the index of a constraint, ….
    /// Never nested further.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consequences: Vec<Difference>,
    /// The statements of `undo` with their place in a script that undoes several differences.
    #[serde(skip)]
    steps: Vec<Step>,
    /// The same without CASCADE, where `steps` say it: among others, what is inside has to go before what it
    /// rests on.
    #[serde(skip)]
    apart: Option<Vec<Step>>,
}

/// A statement, and when to run it among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) rank: u16,
    pub(super) sql: String,
}

impl Step {
    fn new(rank: u16, sql: impl Into<String>) -> Self {
        Self { rank, sql: sql.into() }
    }
}

/// Two catalogs and which server's dialect the statements are for.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) before: &'a Catalog,
    pub(super) after: &'a Catalog,
}

impl Pair<'_> {
    /// `server_version_num` of the server statements will run on; the newest when unknown.
    fn version(&self) -> u32 {
        match self.after.server_version().max(self.before.server_version()) {
            0 => 180_000,
            version => version,
        }
    }
}

impl Catalog {
    /// What differs between this catalog (before, expected) and `other` (after, found).
    ///
    /// Ordered by object, then property. Consequences are kept inside their cause: an added table does
    /// not list its columns, a dropped column not its constraints, a changed view not its columns. A
    /// constraint, index or sequence with the same definition and another name is one difference
    /// (`name`). The order of a table's columns is one difference of the table. Empty if and only if the
    /// catalogs are equal. Needs no server; costs microseconds where catalogs share their objects.
    pub fn diff(&self, other: &Self) -> Vec<Difference> {
        if Arc::ptr_eq(&self.objects, &other.objects) {
            return Vec::new();
        }
        let pair = Pair { before: self, after: other };
        let mut flat = rename::pair_up(pair, compare(pair));
        for difference in &mut flat {
            difference.grade = grade::grade(pair, difference);
            difference.steps = steps(pair, difference);
        }
        let mut differences = cause::nest(pair, flat);
        for difference in &mut differences {
            if difference.change == Change::Removed {
                let more: Vec<Step> =
                    difference.consequences.iter().flat_map(|d| d.steps.iter().cloned()).collect();
                if !difference.steps.is_empty() {
                    difference.steps.extend(more);
                }
            }
            if difference.change == Change::Added {
                difference.apart = drop::apart(pair, difference);
                drop::cascade(difference);
            }
            difference.undo = joined(&difference.steps);
            for consequence in &mut difference.consequences {
                consequence.undo = joined(&consequence.steps);
            }
        }
        differences
    }
}

/// The statements that undo all of `differences`, in an order in which they can run.
///
/// Differences without an undo are skipped. Where views depend on each other the order may not hold.
pub fn undo_script(differences: &[Difference]) -> Vec<String> {
    let alone = differences.len() == 1;
    let mut steps: Vec<&Step> =
        differences.iter().flat_map(|d| d.apart.as_ref().filter(|_| !alone).unwrap_or(&d.steps)).collect();
    steps.sort_by_key(|step| step.rank);
    let mut seen = BTreeSet::new();
    let mut script: Vec<String> = Vec::new();
    for step in steps.into_iter().filter(|step| seen.insert(&step.sql)) {
        // Together they may depend on one another.
        let joined = ["DROP TABLE ", "DROP VIEW ", "DROP TYPE "].into_iter().find_map(|drop| {
            let (last, name) = (script.last_mut()?, step.sql.strip_prefix(drop)?);
            last.starts_with(drop).then(|| *last = format!("{last}, {name}"))
        });
        if joined.is_none() {
            script.push(step.sql.clone());
        }
    }
    script
}

fn joined(steps: &[Step]) -> Option<String> {
    if steps.is_empty() {
        return None;
    }
    let mut sorted: Vec<&Step> = steps.iter().collect();
    sorted.sort_by_key(|step| step.rank);
    let mut seen = BTreeSet::new();
    let sql: Vec<&str> =
        sorted.into_iter().filter(|step| seen.insert(&step.sql)).map(|step| step.sql.as_str()).collect();
    Some(sql.join(";\n"))
}

fn steps(pair: Pair<'_>, difference: &Difference) -> Vec<Step> {
    match &difference.change {
        Change::Added => drop::drop(pair, &difference.object),
        Change::Removed if replaced::in_replaced(pair, &difference.object) => {
            replaced::create(pair, &difference.object)
        }
        Change::Removed => create::create(pair, &difference.object),
        Change::Changed { property, before, after } => {
            alter::alter(pair, &difference.object, property, before.as_deref(), after.as_deref())
        }
    }
}

impl Difference {
    fn new(object: ObjectId, change: Change) -> Self {
        Self {
            object,
            change,
            grade: Grade::Real,
            undo: None,
            consequences: Vec::new(),
            steps: Vec::new(),
            apart: None,
        }
    }

    fn changed(object: &ObjectId, property: &str, before: Option<String>, after: Option<String>) -> Self {
        Self::new(object.clone(), Change::Changed { property: property.to_owned(), before, after })
    }

    /// The changed property; `None` for added and removed objects.
    pub fn property(&self) -> Option<&str> {
        match &self.change {
            Change::Changed { property, .. } => Some(property),
            _ => None,
        }
    }

    /// One line about a catalog that should have been restored and was not: what survives, what is
    /// lost, what has another value.
    pub fn after_rollback(&self) -> String {
        match &self.change {
            Change::Added if self.is_revoke() => format!("{} stays revoked", self.object),
            Change::Removed if self.is_revoke() => format!("{} is granted again", self.object),
            Change::Added => format!("{} survives", self.object),
            Change::Removed => format!("{} is lost", self.object),
            Change::Changed { .. } => self.to_string(),
        }
    }

    /// Whether it is about a default privilege that was taken away.
    fn is_revoke(&self) -> bool {
        let Some(step) = self.steps.first() else { return false };
        matches!(self.object.kind(), Kind::Privilege | Kind::DefaultPrivilege)
            && step.sql.contains("GRANT ") == (self.change == Change::Added)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            Change::Added if self.is_revoke() => write!(f, "{} was revoked", self.object),
            Change::Removed if self.is_revoke() => write!(f, "{} was granted again", self.object),
            Change::Added => write!(f, "{} was added", self.object),
            Change::Removed => write!(f, "{} was removed", self.object),
            Change::Changed { property, before, after } => {
                let short = |text: &str| text.len() <= 100 && !text.contains('\n');
                let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
                let (before, after) = (shown(before), shown(after));
                if short(&before) && short(&after) {
                    write!(f, "{property} of {} is {after}, was {before}", self.object)
                } else {
                    write!(f, "{property} of {} changed", self.object)
                }
            }
        }
    }
}

/// Every difference, flat, ordered by object and property.
fn compare(pair: Pair<'_>) -> Vec<Difference> {
    let mut out = Vec::new();
    let mut reordered: BTreeSet<ObjectId> = BTreeSet::new();
    let mut left = pair.before.objects.iter().peekable();
    let mut right = pair.after.objects.iter().peekable();
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => break,
        };
        match order {
            std::cmp::Ordering::Less => {
                if let Some((id, _)) = left.next() {
                    out.push(Difference::new(id.clone(), Change::Removed));
                }
            }
            std::cmp::Ordering::Greater => {
                if let Some((id, _)) = right.next() {
                    out.push(Difference::new(id.clone(), Change::Added));
                }
            }
            std::cmp::Ordering::Equal => {
                let (Some((id, a)), Some((_, b))) = (left.next(), right.next()) else { continue };
                if !Arc::ptr_eq(a, b) && a != b {
                    properties(id, a, b, &mut out);
                    if position(a) != position(b) {
                        reordered.extend(relation_of(pair.after, id));
                    }
                }
            }
        }
    }
    for relation in reordered {
        out.extend(column_order(pair, &relation));
    }
    replaced::expand(pair, &mut out);
    out.sort_by(|a, b| (&a.object, a.property()).cmp(&(&b.object, b.property())));
    out
}

fn position(object: &Object) -> Option<u32> {
    match &object.detail {
        Detail::Column(column) => Some(column.position),
        _ => None,
    }
}

/// The table, foreign table or composite type a column is in; `None` for views, whose definition tells.
fn relation_of(catalog: &Catalog, column: &ObjectId) -> Option<ObjectId> {
    let (schema, name) = column.owner_path()?;
    [Kind::Table, Kind::ForeignTable, Kind::Composite]
        .into_iter()
        .map(|kind| ObjectId::new(kind, [schema, name]))
        .find(|id| catalog.contains(id))
}

/// The columns both have, where they come in another order.
fn column_order(pair: Pair<'_>, relation: &ObjectId) -> Option<Difference> {
    let names = |catalog: &Catalog, other: &Catalog| -> Vec<String> {
        let columns = catalog.columns_of(relation);
        columns.iter().filter(|(id, _)| other.contains(id)).map(|(id, _)| id.name().to_owned()).collect()
    };
    let before = names(pair.before, pair.after);
    let after = names(pair.after, pair.before);
    (before != after).then(|| {
        Difference::changed(relation, "column order", Some(before.join(", ")), Some(after.join(", ")))
    })
}

/// One difference per field that differs; a column's position is none of them.
fn properties(id: &ObjectId, before: &Object, after: &Object, out: &mut Vec<Difference>) {
    for (property, before, after) in value::fields(before, after) {
        out.push(Difference::changed(id, &property, before, after));
    }
}
