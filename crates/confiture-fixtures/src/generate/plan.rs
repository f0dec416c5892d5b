//! What rows of one table have to satisfy, from the catalog alone.

use std::collections::BTreeMap;

use confiture_core::catalog::{
    Catalog, Column, Constraint, ConstraintType, Detail, Enabled, Kind as ObjectKind, ObjectId,
};
use confiture_core::sql::{Quoted, TokenKind, lex};

use super::document::{self, Keys};
use super::expr::Expr;
use super::kind::Kind;
use super::partition::{self, elements};
use super::rng::{mix, mix_text};
use super::stats::{ColumnStatistics, Statistics};
use super::value::Value;

/// One table to fill.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) id: ObjectId,
    pub(super) seed: u64,
    /// Rows the table is to have.
    pub(super) rows: u64,
    pub(super) columns: Vec<Col>,
    pub(super) keys: Vec<Key>,
    pub(super) references: Vec<ForeignKey>,
    pub(super) checks: Vec<Check>,
    /// Pairs of columns that bound a range no other row may overlap.
    pub(super) slots: Vec<(usize, usize)>,
    /// One condition per partition that takes rows; empty for ordinary tables.
    pub(super) partitions: Vec<Expr>,
    /// Whether triggers or rules may change or drop what is inserted.
    pub(super) altered: bool,
    /// Whether a constraint is checked at the end of the transaction only.
    pub(super) deferrable: bool,
}

/// One column.
#[derive(Debug, Clone)]
pub(super) struct Col {
    pub(super) name: String,
    pub(super) data_type: String,
    pub(super) kind: Kind,
    pub(super) not_null: bool,
    /// Computed by the server.
    pub(super) generated: bool,
    /// The sequence behind it, quoted, with its first value.
    pub(super) sequence: Option<(String, i64)>,
    /// A constant default: what most rows of real tables hold.
    pub(super) usual: Option<Value>,
    /// Constants that checks mention: candidates.
    pub(super) mentioned: Vec<Value>,
    pub(super) seed: u64,
    /// Refers to a parent that a trigger makes with the row, so that none may have it yet.
    pub(super) fresh: bool,
    /// Must differ from row to row by itself.
    pub(super) unique: bool,
    /// Most bytes of a text.
    pub(super) cap: usize,
    pub(super) shape: Option<ColumnStatistics>,
    /// Keys that expressions read from its JSON documents.
    pub(super) document: Keys,
}

/// A unique constraint or index.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) parts: Vec<Expr>,
    /// Rows it applies to.
    pub(super) predicate: Option<Expr>,
    /// `NULLS NOT DISTINCT`.
    pub(super) nulls_equal: bool,
}

/// A foreign key.
#[derive(Debug, Clone)]
pub(super) struct ForeignKey {
    pub(super) name: String,
    pub(super) columns: Vec<usize>,
    pub(super) parent: ObjectId,
    pub(super) parent_columns: Vec<String>,
    /// `MATCH FULL`.
    pub(super) full: bool,
}

/// A check of the table or of a column's domain.
#[derive(Debug, Clone)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) expr: Expr,
}

/// What the plans of all tables share.
#[derive(Debug)]
pub(super) struct Planner<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) seed: u64,
    sequences: BTreeMap<ObjectId, (String, i64)>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(catalog: &'a Catalog, seed: u64) -> Self {
        let sequences =
            catalog.of_kind(ObjectKind::Sequence).filter_map(|(id, object)| match &object.detail {
                Detail::Sequence(sequence) if sequence.increment > 0 => {
                    Some((sequence.owned_by.clone()?, (id.sql_name(), sequence.start)))
                }
                _ => None,
            });
        Self { catalog, seed, sequences: sequences.collect() }
    }

    /// Why no rows can be put into `table` itself; `None` when they can.
    pub(super) fn unfillable(&self, table: &ObjectId) -> Option<String> {
        let Some(object) = self.catalog.get(table) else {
            return Some("it is not in the catalog".to_owned());
        };
        let Detail::Table(found) = &object.detail else {
            return Some(format!("it is a {}", table.kind().noun()));
        };
        if table.kind() == ObjectKind::ForeignTable {
            let server = found.server.as_deref().unwrap_or("another server");
            return Some(format!("it is a foreign table: its rows are on {server}"));
        }
        if found.partition_by.is_some() && partition::leaves(self.catalog, table).is_empty() {
            return Some("it is partitioned and has no partition to hold a row".to_owned());
        }
        None
    }

    /// The plan of `table`; texts longer than an index holds are cut.
    pub(super) fn plan(&self, table: &ObjectId, rows: u64, statistics: Option<&Statistics>) -> Plan {
        let seed = mix_text(mix_text(self.seed, table.part(0)), table.part(1));
        let found = self.catalog.columns_of(table);
        let names: Vec<&str> = found.iter().map(|(id, _)| id.name()).collect();
        let known = statistics.and_then(|statistics| statistics.table(table));
        let shape = |name: &str| known?.columns.get(name).cloned();
        let place = |name: &str| names.iter().position(|known| *known == name);
        let mut plan = Plan {
            id: table.clone(),
            seed,
            rows,
            columns: found
                .iter()
                .map(|(id, column)| self.column(table, id, column, seed, shape(id.name())))
                .collect(),
            keys: Vec::new(),
            references: Vec::new(),
            checks: Vec::new(),
            slots: Vec::new(),
            partitions: partition::conditions(self.catalog, table, &place),
            altered: false,
            deferrable: false,
        };
        for (at, (_, column)) in found.iter().enumerate() {
            self.domain_checks(&mut plan, at, &column.data_type);
        }
        for (id, constraint) in self.catalog.constraints_of(table) {
            plan.deferrable |= constraint.deferrable;
            add_constraint(&mut plan, id.name(), constraint, &place);
        }
        for (id, index) in self.catalog.indexes_of(table) {
            let columns = index.columns.iter().flatten().filter_map(|name| place(name));
            let share = 1200 / index.columns.len().max(1);
            for at in columns {
                plan.columns[at].cap = plan.columns[at].cap.min(share);
            }
            let Some(definition) = &index.definition else { continue };
            let (elements, predicate) = index_elements(definition);
            for at in elements.iter().flat_map(|element| Expr::read(leading(element), &place).columns()) {
                plan.columns[at].cap = plan.columns[at].cap.min(share);
            }
            if index.unique {
                let parts = index.columns.iter().zip(&elements).map(|(column, element)| match column {
                    Some(name) => place(name).map_or(Expr::Opaque(Vec::new()), Expr::Column),
                    None => Expr::read(leading(element), &place),
                });
                plan.keys.push(Key {
                    name: id.name().to_owned(),
                    parts: parts.collect(),
                    predicate: predicate.map(|text| Expr::read(text, &place)),
                    nulls_equal: definition.contains("NULLS NOT DISTINCT"),
                });
            }
        }
        let mut documents = BTreeMap::new();
        for (at, (_, column)) in found.iter().enumerate() {
            if let Some(text) = &column.generated {
                let expr = Expr::read(text, &place);
                document::collect(&expr, plan.columns[at].kind.base(), self.catalog, &mut documents);
            }
        }
        for check in &plan.checks {
            document::collect(&check.expr, &Kind::Bool, self.catalog, &mut documents);
        }
        for (at, keys) in documents {
            if matches!(plan.columns[at].kind.base(), Kind::Json { .. }) {
                plan.columns[at].document = keys;
            }
        }
        for key in &plan.keys {
            if let [part] = key.parts.as_slice()
                && let [only] = part.columns()[..]
            {
                plan.columns[only].unique = true;
            }
        }
        for check in &plan.checks {
            let constants = check.expr.constants();
            for at in check.expr.columns() {
                plan.columns[at].mentioned.extend(constants.iter().cloned());
            }
        }
        plan.altered = self.catalog.triggers_of(table).any(|(_, trigger)| {
            let fires = !matches!(trigger.enabled, Enabled::Disabled | Enabled::Replica);
            fires && names_insert(&trigger.definition)
        }) || self.catalog.members(table, ObjectKind::Rule).next().is_some();
        // What it has against a row it may say at the end of the transaction only.
        plan.deferrable |= self
            .catalog
            .triggers_of(table)
            .any(|(_, trigger)| plan.altered && trigger.definition.starts_with("CREATE CONSTRAINT TRIGGER"));
        plan
    }

    fn column(
        &self,
        table: &ObjectId,
        id: &ObjectId,
        column: &Column,
        seed: u64,
        shape: Option<ColumnStatistics>,
    ) -> Col {
        let kind = Kind::read(&column.data_type, self.catalog);
        let refuses_null = |kind: &Kind| {
            let mut kind = kind;
            while let Kind::Domain(base, domain) = kind {
                if let Some(Detail::Domain(found)) = self.catalog.get(domain).map(|object| &object.detail)
                    && found.not_null
                {
                    return true;
                }
                kind = base;
            }
            false
        };
        let nothing = |_: &str| None;
        let usual = column.default.as_deref().and_then(|text| match Expr::read(text, &nothing) {
            Expr::Const(value) if !value.is_null() => super::solve::coerce(&value, kind.base()),
            _ => None,
        });
        Col {
            name: id.name().to_owned(),
            data_type: column.data_type.clone(),
            not_null: column.not_null || refuses_null(&kind),
            generated: column.generated.is_some(),
            sequence: self.sequence(table, id, column),
            usual,
            mentioned: Vec::new(),
            seed: mix_text(seed, id.name()),
            fresh: false,
            unique: false,
            cap: 4000,
            kind,
            shape,
            document: Keys::new(),
        }
    }

    /// The sequence that an identity column or a `nextval` default draws from.
    fn sequence(&self, table: &ObjectId, id: &ObjectId, column: &Column) -> Option<(String, i64)> {
        let owned = table.member(ObjectKind::Column, id.name());
        if column.identity.is_some() {
            return self.sequences.get(&owned).cloned();
        }
        let default = column.default.as_deref().filter(|text| text.starts_with("nextval("))?;
        let name = default.split('\'').nth(1)?;
        let known = self.sequences.get(&owned).filter(|(known, _)| known == name);
        Some(known.cloned().unwrap_or_else(|| (name.to_owned(), 1)))
    }

    fn domain_checks(&self, plan: &mut Plan, at: usize, data_type: &str) {
        let mut kind = Kind::read(data_type, self.catalog);
        while let Kind::Domain(base, domain) = kind {
            for (id, constraint) in self.catalog.constraints_of(&domain) {
                if constraint.constraint_type == ConstraintType::Check {
                    let value = |name: &str| name.eq_ignore_ascii_case("value").then_some(at);
                    let expr = Expr::read(check_text(&constraint.definition), &value);
                    plan.checks.push(Check { name: id.name().to_owned(), expr });
                }
            }
            kind = *base;
        }
    }
}

fn add_constraint(
    plan: &mut Plan,
    name: &str,
    constraint: &Constraint,
    place: &dyn Fn(&str) -> Option<usize>,
) {
    let columns = || constraint.columns.iter().filter_map(|name| place(name));
    match constraint.constraint_type {
        ConstraintType::PrimaryKey | ConstraintType::Unique => plan.keys.push(Key {
            name: name.to_owned(),
            parts: columns().map(Expr::Column).collect(),
            predicate: None,
            nulls_equal: constraint.definition.contains("NULLS NOT DISTINCT"),
        }),
        ConstraintType::Check if constraint.enforced => {
            let expr = Expr::read(check_text(&constraint.definition), place);
            plan.checks.push(Check { name: name.to_owned(), expr });
        }
        ConstraintType::ForeignKey if constraint.enforced => {
            let Some(reference) = &constraint.references else { return };
            plan.references.push(ForeignKey {
                name: name.to_owned(),
                columns: columns().collect(),
                parent: reference.table.clone(),
                parent_columns: reference.columns.clone(),
                full: constraint.definition.contains("MATCH FULL"),
            });
        }
        ConstraintType::Exclusion => exclude(plan, name, &constraint.definition, place),
        ConstraintType::Check | ConstraintType::ForeignKey => {}
    }
}

/// `EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (…)`: a key when all operators are `=`;
/// otherwise ranges that do not overlap at all.
fn exclude(plan: &mut Plan, name: &str, definition: &str, place: &dyn Fn(&str) -> Option<usize>) {
    let (elements, predicate) = index_elements(definition);
    let mut parts = Vec::new();
    let mut only_equal = true;
    for element in elements {
        let Some((expression, operator)) = element.rsplit_once(" WITH ") else { continue };
        let quoted_or_call = expression.starts_with(['(', '"']) || expression.contains('(');
        let expression =
            if quoted_or_call { leading(expression) } else { expression.split(' ').next().unwrap_or("") };
        let expr = Expr::read(expression, place);
        if operator.trim() == "&&" {
            only_equal = false;
            match &expr {
                Expr::Column(at) => plan.columns[*at].unique = true,
                Expr::Call(_, arguments) => {
                    if let [Expr::Column(low), Expr::Column(high), ..] = arguments.as_slice() {
                        plan.slots.push((*low, *high));
                    }
                }
                _ => {}
            }
        } else {
            only_equal &= operator.trim() == "=";
        }
        parts.push(expr);
    }
    if only_equal {
        let predicate = predicate.map(|text| Expr::read(text, place));
        plan.keys.push(Key { name: name.to_owned(), parts, predicate, nulls_equal: false });
    }
}

/// The expression of `CHECK (…)`.
fn check_text(definition: &str) -> &str {
    definition.strip_prefix("CHECK ").unwrap_or(definition)
}

/// Whether a CREATE TRIGGER statement fires on INSERT for more than its own keys.
fn names_insert(definition: &str) -> bool {
    let mut tokens = lex(definition).into_iter().filter(|token| !token.kind.is_trivia());
    tokens.by_ref().any(|token| token.is_word(definition, "trigger"));
    tokens
        .take_while(|token| !token.is_word(definition, "execute"))
        .any(|token| token.is_word(definition, "insert"))
}

/// The elements of the first parenthesis of an index or EXCLUDE definition, and its predicate.
fn index_elements(definition: &str) -> (Vec<&str>, Option<&str>) {
    let (found, end) = elements(definition);
    let predicate =
        definition[end..].find(" WHERE ").map(|at| definition[end + at + " WHERE ".len()..].trim());
    (found, predicate)
}

/// The expression at the start of an index element, without collation, operator class and order.
fn leading(element: &str) -> &str {
    let mut depth = 0;
    for token in lex(element) {
        match token.kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => {
                depth -= 1;
                if depth == 0 {
                    return &element[..token.span.end];
                }
            }
            _ => {}
        }
    }
    element
}

impl Plan {
    /// `schema.table`, quoted.
    pub(super) fn sql(&self) -> String {
        self.id.sql_name()
    }

    /// The columns this side provides, by place.
    pub(super) fn provided(&self) -> Vec<usize> {
        (0..self.columns.len()).filter(|at| !self.columns[*at].generated).collect()
    }

    /// The plan where a trigger makes a row of `parent` with each row of this table: it refers to none that is
    /// there, only to those that the new parent refers to.
    pub(super) fn with_made(&self, parent: &ObjectId, catalog: &Catalog) -> Self {
        let mut plan = self.clone();
        let (made, mut left): (Vec<ForeignKey>, Vec<ForeignKey>) =
            plan.references.into_iter().partition(|reference| reference.parent == *parent);
        for reference in &made {
            for (id, constraint) in catalog.constraints_of(parent) {
                let Some(further) = &constraint.references else { continue };
                let own = |name: &String| {
                    let at = reference.parent_columns.iter().position(|column| column == name)?;
                    Some(reference.columns[at])
                };
                let columns: Option<Vec<usize>> = constraint.columns.iter().map(own).collect();
                let known = further.table == *parent || further.table == self.id;
                if let (Some(columns), false, true) = (columns, known, constraint.enforced) {
                    left.push(ForeignKey {
                        name: id.name().to_owned(),
                        columns,
                        parent: further.table.clone(),
                        parent_columns: further.columns.clone(),
                        full: constraint.definition.contains("MATCH FULL"),
                    });
                }
            }
        }
        for at in made.iter().flat_map(|reference| &reference.columns) {
            plan.columns[*at].fresh = !left.iter().any(|reference| reference.columns.contains(at));
        }
        plan.references = left;
        plan
    }

    /// Their names, quoted and joined by commas.
    pub(super) fn column_list(&self) -> String {
        let names =
            self.provided().into_iter().map(|at| Quoted::ident(&self.columns[at].name).as_str().to_owned());
        names.collect::<Vec<_>>().join(", ")
    }

    /// A seed for what happens in one row.
    pub(super) fn row_seed(&self, row: u64, attempt: u64) -> u64 {
        mix(mix(self.seed, row), attempt)
    }
}
