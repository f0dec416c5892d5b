//! The column clauses and constraints of one statement, wherever it writes them.

use confiture_core::plugin::{Mutant, Site};
use confiture_core::sql::{Body, Clause, ClauseKind, Column, Edit, ItemKind, Span};

/// One clause of a column or domain, or one constraint of a table.
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    pub(super) clause: &'a Clause,
    /// The column it stands at; `None` for a constraint of the table or domain.
    pub(super) column: Option<&'a Column>,
    place: Place,
}

/// What its removal has to take along.
#[derive(Debug, Clone)]
enum Place {
    /// Nothing but the clause.
    Inline,
    /// One separator of a list: its items, and which of them it is.
    Item(Vec<Span>, usize),
    /// The same; the statement is nothing without it when it is the only one.
    Action(Vec<Span>, usize),
}

/// Every clause and constraint of `CREATE TABLE`, `ALTER TABLE … ADD` and `CREATE DOMAIN`, in order.
pub(super) fn constraints<'a>(site: &'a Site<'_>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    match &site.outline().body {
        Body::Table(table) => {
            for (at, item) in table.items.iter().enumerate() {
                match &item.kind {
                    ItemKind::Column(column) => found.extend(inline(column)),
                    ItemKind::Constraint(clause) => {
                        found.push(Found { clause, column: None, place: Place::Item(table.item_spans(), at) })
                    }
                    _ => {}
                }
            }
        }
        Body::Actions(actions) => {
            let spans: Vec<Span> = actions.iter().map(|action| action.span).collect();
            for (at, action) in actions.iter().enumerate() {
                if let Some(column) = &action.column {
                    found.extend(inline(column));
                }
                if let Some(clause) = &action.constraint {
                    let place = Place::Action(spans.clone(), at);
                    found.push(Found { clause, column: None, place });
                }
            }
        }
        Body::Definition(definition) => {
            let clauses = definition.clauses.iter();
            found.extend(clauses.map(|clause| Found { clause, column: None, place: Place::Inline }));
        }
        _ => {}
    }
    found
}

/// The constraints and clauses of one kind, in order.
pub(super) fn of_kind<'a>(site: &'a Site<'_>, kind: ClauseKind) -> impl Iterator<Item = Found<'a>> {
    constraints(site).into_iter().filter(move |found| found.clause.kind == kind)
}

fn inline(column: &Column) -> impl Iterator<Item = Found<'_>> {
    column.clauses.iter().map(move |clause| Found { clause, column: Some(column), place: Place::Inline })
}

impl Found<'_> {
    /// What a person would call it: its name, else its column, else its table and columns.
    pub(super) fn object(&self, site: &Site<'_>) -> String {
        let table = site.object();
        if let Some(name) = &self.clause.name {
            return format!("{table}.{}", name.name());
        }
        match self.column {
            Some(column) => format!("{table}.{}", column.name.name()),
            None if self.clause.columns.is_empty() => table,
            None => {
                let columns: Vec<&str> =
                    self.clause.columns.iter().map(|span| span.text(site.sql())).collect();
                format!("{table}({})", columns.join(", "))
            }
        }
    }

    /// A mutant about it.
    pub(super) fn mutant(
        &self,
        site: &Site<'_>,
        edits: impl IntoIterator<Item = Edit>,
        description: impl Into<String>,
    ) -> Mutant {
        site.mutant(edits, description).on(self.object(site))
    }

    /// The edit that takes it away.
    pub(super) fn removal(&self, site: &Site<'_>) -> Option<Edit> {
        match &self.place {
            Place::Inline => Some(Edit::remove_clause(site.sql(), self.clause.span)),
            Place::Action(items, _) if items.len() == 1 => Some(Edit::remove(site.span())),
            Place::Item(items, at) | Place::Action(items, at) => Edit::remove_item(items, *at),
        }
    }

    /// The mutant without it.
    pub(super) fn removed(&self, site: &Site<'_>, what: &str) -> Option<Mutant> {
        Some(self.mutant(site, [self.removal(site)?], format!("{what} is dropped")))
    }
}
