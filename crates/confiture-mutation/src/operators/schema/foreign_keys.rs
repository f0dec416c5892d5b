//! Foreign keys as pairs of columns, and what they do.

use confiture_core::plugin::{Mutant, MutationContext, Site};
use confiture_core::sql::{AttributeKind, ClauseKind, Edit, Quoted, References, Span};

use super::super::constraints::{Found, of_kind};
use super::super::known::{Known, known, known_here, names};

/// A foreign key.
pub(super) struct ForeignKey<'a> {
    pub(super) found: Found<'a>,
    references: &'a References,
}

/// A column and the one it refers to.
pub(super) type Pair = (String, String);

/// The foreign keys that a statement makes, in order.
pub(super) fn foreign_keys<'a>(site: &'a Site<'_>) -> Vec<ForeignKey<'a>> {
    of_kind(site, ClauseKind::ForeignKey)
        .filter_map(|found| Some(ForeignKey { references: found.clause.references.as_ref()?, found }))
        .collect()
}

impl ForeignKey<'_> {
    /// Number of its columns.
    pub(super) fn width(&self) -> usize {
        if self.found.column.is_some() { 1 } else { self.found.clause.columns.len() }
    }

    /// Where `MATCH …` stands or would stand.
    pub(super) fn match_span(&self) -> Span {
        let written = self.found.clause.attribute(AttributeKind::Match);
        written.map_or(Span::empty(self.references.span.end), |written| written.span)
    }

    /// Where an action that is not written would stand.
    pub(super) fn actions_end(&self) -> usize {
        let before = [AttributeKind::Match, AttributeKind::OnDelete, AttributeKind::OnUpdate];
        let attributes = self.found.clause.attributes.iter();
        let ends = attributes.filter(|a| before.contains(&a.kind)).map(|attribute| attribute.span.end);
        ends.max().unwrap_or(self.references.span.end)
    }

    /// The table it belongs to and the one it refers to, as far as they are known.
    pub(super) fn tables(&self, cx: &MutationContext<'_>, site: &Site<'_>) -> (Known, Known) {
        (known_here(cx, site), known(cx, site.index + 1, &self.references.table))
    }

    /// Its columns with those they refer to; `None` where they are not plain or not known.
    pub(super) fn pairs(&self, site: &Site<'_>, referred: &Known) -> Option<Vec<Pair>> {
        let local = match self.found.column {
            Some(column) => vec![column.name.name().to_owned()],
            None => names(site.sql(), &self.found.clause.columns)?,
        };
        let target = match self.references.columns.as_slice() {
            [] => referred.primary.clone(),
            written => names(site.sql(), written)?,
        };
        (!local.is_empty() && local.len() == target.len()).then(|| local.into_iter().zip(target).collect())
    }

    /// The mutant with other pairs.
    pub(super) fn with_pairs(&self, site: &Site<'_>, pairs: &[Pair], description: String) -> Option<Mutant> {
        let list = |names: &mut dyn Iterator<Item = &String>| {
            names.map(|name| Quoted::ident(name).to_string()).collect::<Vec<_>>().join(", ")
        };
        let local = list(&mut pairs.iter().map(|(local, _)| local));
        let target = list(&mut pairs.iter().map(|(_, target)| target));
        let target_edit = match self.references.columns.as_slice() {
            [first, .., last] | [first @ last] => Edit::replace(first.to(*last), target),
            [] => Edit::insert(self.references.table.span.end, format!(" ({target})")),
        };
        let Some(column) = self.found.column else {
            let (first, last) = (self.found.clause.columns.first()?, self.found.clause.columns.last()?);
            let edits = [Edit::replace(first.to(*last), local), target_edit];
            return Some(self.found.mutant(site, edits, description));
        };
        if matches!(pairs, [(only, _)] if only == column.name.name()) {
            return Some(self.found.mutant(site, [target_edit], description));
        }
        // The clause stands behind the column as a constraint of the table, with the other columns in it.
        let clause = self.found.clause.span;
        let Edit { span, replacement } = target_edit;
        let text = format!(
            "FOREIGN KEY ({local}) {}{replacement}",
            Span::new(self.references.span.start, span.start).text(site.sql()),
        );
        let start = Span::new(clause.start, self.references.span.start).text(site.sql());
        let end = Span::new(span.end, clause.end).text(site.sql());
        let lead = if site.outline().table().is_some() { "" } else { "ADD " };
        let edits =
            [self.found.removal(site)?, Edit::insert(column.span.end, format!(", {lead}{start}{text}{end}"))];
        Some(self.found.mutant(site, edits, description))
    }

    /// The mutants that replace, drop or add one of its actions.
    pub(super) fn with_other_actions(&self, site: &Site<'_>, kind: AttributeKind) -> Vec<Mutant> {
        let words = if kind == AttributeKind::OnDelete { "ON DELETE" } else { "ON UPDATE" };
        let cascade = format!("{words} CASCADE");
        let Some(written) = self.found.clause.attribute(kind) else {
            let edit = Edit::insert(self.actions_end(), format!(" {cascade}"));
            return vec![self.found.mutant(site, [edit], format!("{cascade} is added"))];
        };
        let first = written.value.and_then(|value| site.tokens_in(value).first());
        let is = |word| first.is_some_and(|token| token.is_word(site.sql(), word));
        let edits = if is("cascade") {
            let nulls = format!("{words} SET NULL");
            vec![
                (Edit::remove_clause(site.sql(), written.span), format!("{cascade} is dropped")),
                (Edit::replace(written.span, nulls.clone()), format!("{cascade} becomes {nulls}")),
            ]
        } else {
            let text = written.span.text(site.sql());
            let mut edits =
                vec![(Edit::replace(written.span, &*cascade), format!("{text} becomes {cascade}"))];
            if is("set") {
                let dropped = Edit::remove_clause(site.sql(), written.span);
                edits.push((dropped, format!("{text} is dropped")));
            }
            edits
        };
        edits.into_iter().map(|(edit, said)| self.found.mutant(site, [edit], said)).collect()
    }
}
