//! The column clauses and constraints of one statement, wherever it writes them.

use confiture_core::plugin::{Mutant, MutationContext, Site};
use confiture_core::sql::{ActionKind, Body, Clause, ClauseKind, Column, Edit, ItemKind, ObjectKind, Span};

use super::actions::{removal, without_actions};

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
    /// An action of an `ALTER`, by its place.
    Action(usize),
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
            for (at, action) in actions.iter().enumerate() {
                if let Some(column) = &action.column {
                    found.extend(inline(column));
                }
                if let Some(clause) = &action.constraint {
                    found.push(Found { clause, column: None, place: Place::Action(at) });
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

/// Whether the statement makes or alters a table, not a domain or composite type.
pub(super) fn is_table(site: &Site<'_>) -> bool {
    matches!(site.outline().object, Some(ObjectKind::Table | ObjectKind::ForeignTable))
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
            Place::Item(items, at) => Edit::remove_item(items, *at),
            Place::Action(at) => removal(site, *at),
        }
    }

    /// The mutant without it.
    pub(super) fn removed(&self, site: &Site<'_>, what: &str) -> Option<Mutant> {
        Some(self.mutant(site, [self.removal(site)?], format!("{what} is dropped")))
    }

    /// The mutant without it and without its later validation, which would be refused.
    pub(super) fn dropped(&self, cx: &MutationContext<'_>, site: &Site<'_>, what: &str) -> Option<Mutant> {
        let mut mutant = self.removed(site, what)?;
        let (Some(name), Some(table)) = (&self.clause.name, site.outline().name()) else {
            return Some(mutant);
        };
        for later in cx.sites.iter().skip(site.index) {
            if !later.outline().name().is_some_and(|other| other.agrees(table)) {
                continue;
            }
            let actions = later.outline().actions().iter().enumerate();
            let validates = actions.filter(|(_, action)| {
                action.kind == ActionKind::ValidateConstraint
                    && action.name.as_ref().is_some_and(|other| other.name() == name.name())
            });
            let mut gone: Vec<usize> = validates.map(|(at, _)| at).collect();
            match &self.place {
                _ if gone.is_empty() => {}
                Place::Action(at) if later.index == site.index => {
                    gone.push(*at);
                    mutant.edits = self.mutant(site, without_actions(site, &gone), "").edits;
                }
                _ => mutant = mutant.with(later, without_actions(later, &gone)),
            }
        }
        Some(mutant)
    }

    /// The edits that write it as a constraint of the table behind its column, with `text` put in at `at`.
    ///
    /// `None` for what is no clause of a column.
    pub(super) fn moved_behind(&self, site: &Site<'_>, at: usize, text: &str) -> Option<Vec<Edit>> {
        let column = self.column?;
        let sql = site.sql();
        let span = self.clause.span;
        let lead = if site.outline().table().is_some() { "" } else { "ADD " };
        let (head, tail) = (Span::new(span.start, at).text(sql), Span::new(at, span.end).text(sql));
        let constraint = format!(", {lead}{head}{text}{tail}");
        Some(vec![self.removal(site)?, Edit::insert(column.span.end, constraint)])
    }
}
