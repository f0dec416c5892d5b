//! One step of a chain: what it does, and the true way back.

use super::choices::Choices;
use super::model::SchemaModel;
use super::{alter, create, extend};

/// One migration of a [`Chain`](super::Chain).
#[derive(Debug, Clone, PartialEq)]
pub struct ChainStep {
    /// What it does, in two or three words of lower case letters and underscores.
    pub name: String,
    /// Its statements, without final semicolons.
    pub up: Vec<String>,
    /// The statements that bring the schema back exactly; `None` where PostgreSQL has no way back (a new
    /// value of an enum).
    pub down: Option<Vec<String>>,
    /// What it does to rows.
    pub rows: RowEffect,
    /// The schema after it.
    pub after: SchemaModel,
}

/// What a step does to rows that the schema before it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowEffect {
    /// Up and down succeed, and together they keep every row and value.
    Kept,
    /// Up may refuse some rows, or down does not bring all values back.
    AtRisk,
}

/// What a maker of steps returns: statements up and down.
pub(super) struct Made {
    pub(super) name: &'static str,
    pub(super) up: Vec<String>,
    pub(super) down: Option<Vec<String>>,
    pub(super) rows: RowEffect,
}

impl Made {
    pub(super) fn new(name: &'static str, up: impl Into<String>, down: impl Into<String>) -> Option<Self> {
        Self::of(name, vec![up.into()], Some(vec![down.into()]))
    }

    /// Of several statements.
    pub(super) fn of(name: &'static str, up: Vec<String>, down: Option<Vec<String>>) -> Option<Self> {
        Some(Self { name, up, down, rows: RowEffect::Kept })
    }

    /// Rows are at risk.
    pub(super) fn risky(self) -> Self {
        Self { rows: RowEffect::AtRisk, ..self }
    }
}

/// Makes a step on a model, or nothing where the model lacks what it takes.
pub(super) type Maker = fn(&mut SchemaModel, &mut Choices<'_>) -> Option<Made>;

/// Makers of new objects; the first is the simplest and always possible.
const CREATE: [Maker; 21] = [
    create::table,
    create::table,
    create::table,
    create::enumeration,
    create::index,
    create::view,
    create::domain,
    create::composite,
    create::sequence,
    create::range,
    create::schema,
    create::partitioned_table,
    extend::materialized_view,
    extend::function,
    extend::procedure,
    extend::trigger,
    extend::policy,
    extend::statistics,
    extend::comment,
    extend::grant,
    create::index,
];

/// Makers of changes to what there is.
const ALTER: [Maker; 28] = [
    alter::add_column,
    alter::add_column,
    alter::drop_column,
    alter::rename_column,
    alter::change_type,
    alter::change_type,
    alter::set_default,
    alter::toggle_not_null,
    alter::add_check,
    alter::add_check,
    alter::add_unique,
    alter::add_foreign_key,
    alter::drop_constraint,
    alter::drop_index,
    alter::drop_table,
    alter::add_enum_value,
    alter::set_fillfactor,
    alter::set_statistics,
    alter::rename_table,
    extend::replace_view,
    extend::drop_view,
    extend::replace_function,
    extend::alter_sequence,
    extend::alter_domain,
    extend::attach_partition,
    extend::detach_partition,
    extend::revoke,
    extend::comment,
];

/// Applies one step to `model` by the numbers in `choices`.
pub(super) fn step(model: &mut SchemaModel, altering: bool, choices: &mut Choices<'_>) -> ChainStep {
    let makers: &[Maker] = if altering && choices.below(3) > 0 { &ALTER } else { &CREATE };
    let chosen = choices.below(makers.len());
    let before = choices.data_safe().then(|| model.clone());
    let mut made = makers[chosen](model, choices);
    if let Some(before) = before
        && made.as_ref().is_some_and(|made| made.rows == RowEffect::AtRisk)
    {
        *model = before;
        made = None;
    }
    // Where the model lacks what it takes, the simplest step does.
    let made = made.or_else(|| create::table(model, choices));
    let Some(Made { name, up, down, rows }) = made else { unreachable!("a table can always be made") };
    model.statements.extend(up.iter().cloned());
    ChainStep { name: name.to_owned(), up, down, rows, after: model.clone() }
}
