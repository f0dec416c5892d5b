//! The column clauses and constraints of one statement, wherever it writes them.

use confiture_core::plugin::{Mutant, MutationContext, Site};
use confiture_core::sql::{
    ActionKind, Body, Clause, ClauseKind, Column, Edit, ItemKind, ObjectKind, ObjectName, Span,
};

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

/// The edits that take some actions out of an `ALTER`: all of the statement when none is left.
pub(super) fn without_actions(site: &Site<'_>, gone: &[usize]) -> Vec<Edit> {
    let items: Vec<Span> = site.outline().actions().iter().map(|action| action.span).collect();
    let kept = (0..items.len()).rev().find(|at| !gone.contains(at));
    let Some(last) = kept else {
        return vec![Edit::remove(site.span())];
    };
    let mut edits: Vec<Edit> = (0..last)
        .filter(|at| gone.contains(at))
        .map(|at| Edit::remove(Span::new(items[at].start, items[at + 1].start)))
        .collect();
    if last + 1 < items.len() {
        edits.push(Edit::remove(Span::new(items[last].end, items[items.len() - 1].end)));
    }
    edits
}

/// What a person would call a part of what the statement names: `users.email`.
pub(super) fn member(site: &Site<'_>, part: Option<&ObjectName>) -> String {
    match part {
        Some(part) => format!("{}.{}", site.object(), part.name()),
        None => site.object(),
    }
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
            Place::Action(items, _) if items.len() == 1 => Some(Edit::remove(site.span())),
            Place::Item(items, at) | Place::Action(items, at) => Edit::remove_item(items, *at),
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
                Place::Action(_, at) if later.index == site.index => {
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
