//! Primary keys, unique constraints and unique indexes as lists of columns.

use confiture_core::plugin::{Mutant, MutationContext, Site};
use confiture_core::sql::{AttributeKind, Clause, ClauseKind, Edit, Modifier, Quoted, Span};

use super::super::constraints::{Found, of_kind};
use super::super::known::{known_here, names};

/// A key, wherever it is written.
pub(super) struct Key<'a> {
    found: Option<Found<'a>>,
    /// What its columns are; of an index also expressions.
    items: Vec<Span>,
}

/// The keys of one kind that a statement makes; unique indexes are unique keys.
pub(super) fn keys<'a>(site: &'a Site<'_>, kind: ClauseKind) -> Vec<Key<'a>> {
    let constraints =
        of_kind(site, kind).filter(|found| found.column.is_some() || is_list(site, found.clause));
    let mut keys: Vec<Key<'a>> = constraints
        .map(|found| Key {
            items: match found.column {
                Some(column) => vec![column.name.span],
                None => found.clause.columns.clone(),
            },
            found: Some(found),
        })
        .collect();
    let outline = site.outline();
    if kind == ClauseKind::Unique && outline.modifier(Modifier::Unique).is_some() {
        let indexes = outline.index().into_iter();
        keys.extend(indexes.map(|index| Key { items: index.columns.clone(), found: None }));
    }
    keys
}

/// Whether all it lists is columns: not `PERIOD`, `WITHOUT OVERLAPS` or `USING INDEX`.
fn is_list(site: &Site<'_>, clause: &Clause) -> bool {
    names(site.sql(), &clause.columns).is_some_and(|columns| !columns.is_empty())
}

impl Key<'_> {
    fn mutant(&self, site: &Site<'_>, edits: Vec<Edit>, description: String) -> Mutant {
        match &self.found {
            Some(found) => found.mutant(site, edits, description),
            None => site.mutant(edits, description),
        }
    }

    /// The column it is a clause of.
    fn inline(&self) -> Option<&Found<'_>> {
        self.found.as_ref().filter(|found| found.column.is_some())
    }

    /// Every mutant that lacks one of several columns.
    pub(super) fn without_a_column(&self, site: &Site<'_>) -> Vec<Mutant> {
        let several = (0..self.items.len()).filter(|_| self.items.len() > 1);
        several
            .filter_map(|at| {
                let edit = Edit::remove_item(&self.items, at)?;
                let column = self.items[at].text(site.sql());
                Some(self.mutant(site, vec![edit], format!("{column} is no longer in the key")))
            })
            .collect()
    }

    /// Every mutant with one more column of the table at the end.
    pub(super) fn with_a_column(&self, cx: &MutationContext<'_>, site: &Site<'_>) -> Vec<Mutant> {
        let Some(last) = self.items.last() else {
            return Vec::new();
        };
        let others = self.others(cx, site).into_iter();
        let mutant = |other: Quoted| {
            let edits = match self.inline() {
                Some(found) => {
                    let list = format!(" ({}, {other})", last.text(site.sql()));
                    found.moved_behind(site, keyword_end(site, found.clause), &list)?
                }
                None => vec![Edit::insert(last.end, format!(", {other}"))],
            };
            Some(self.mutant(site, edits, format!("{other} is added to the key")))
        };
        others.filter_map(mutant).collect()
    }

    /// Every mutant with another column of the table in the place of one.
    pub(super) fn with_another_column(&self, cx: &MutationContext<'_>, site: &Site<'_>) -> Vec<Mutant> {
        let others = self.others(cx, site);
        let pairs = self.items.iter().flat_map(|item| others.iter().map(move |other| (item, other)));
        let mutant = |(item, other): (&Span, &Quoted)| {
            let edits = match self.inline() {
                Some(found) => {
                    found.moved_behind(site, keyword_end(site, found.clause), &format!(" ({other})"))?
                }
                None => vec![Edit::replace(*item, other.as_str())],
            };
            let column = item.text(site.sql());
            Some(self.mutant(site, edits, format!("{other} takes the place of {column} in the key")))
        };
        pairs.filter_map(mutant).collect()
    }

    /// Whether each of its columns is known to refuse NULL.
    pub(super) fn refuses_null(&self, cx: &MutationContext<'_>, site: &Site<'_>) -> bool {
        let known = known_here(cx, site);
        names(site.sql(), &self.items).is_some_and(|names| names.iter().all(|name| known.refuses_null(name)))
    }

    /// Where `NULLS NOT DISTINCT` stands or would stand in a unique key, and whether it does.
    pub(super) fn nulls(&self, site: &Site<'_>) -> Option<(Span, bool)> {
        let not_distinct = |span: Span| {
            let tokens = site.tokens_in(span);
            tokens.iter().any(|token| token.is_word(site.sql(), "not"))
        };
        if let Some(found) = &self.found {
            let attributes = &found.clause.attributes;
            let kinds = [AttributeKind::NullsNotDistinct, AttributeKind::NullsDistinct];
            let written = attributes.iter().find(|attribute| kinds.contains(&attribute.kind));
            return Some(match written {
                Some(written) => (written.span, not_distinct(written.span)),
                None => (Span::empty(keyword_end(site, found.clause)), false),
            });
        }
        let index = site.outline().index()?;
        let end = index.include.or(index.list)?.end;
        Some(index.nulls.map_or((Span::empty(end), false), |span| (span, not_distinct(span))))
    }

    /// A mutant about it with one edit.
    pub(super) fn edited(&self, site: &Site<'_>, edit: Edit, description: &str) -> Mutant {
        self.mutant(site, vec![edit], description.to_owned())
    }

    /// The columns of the table that are not in it.
    fn others(&self, cx: &MutationContext<'_>, site: &Site<'_>) -> Vec<Quoted> {
        let own: Vec<String> =
            self.items.iter().filter_map(|item| names(site.sql(), &[*item])).flatten().collect();
        let columns = known_here(cx, site).columns.into_iter();
        columns
            .filter(|column| !own.contains(&column.name))
            .map(|column| Quoted::ident(&column.name))
            .collect()
    }
}

/// End of `PRIMARY KEY`, `UNIQUE` or `UNIQUE NULLS NOT DISTINCT`: where a list of columns would follow.
fn keyword_end(site: &Site<'_>, clause: &Clause) -> usize {
    let kinds = [AttributeKind::NullsNotDistinct, AttributeKind::NullsDistinct];
    let nulls = clause.attributes.iter().find(|attribute| kinds.contains(&attribute.kind));
    let word = if clause.kind == ClauseKind::PrimaryKey { "key" } else { "unique" };
    let from = clause.name.as_ref().map_or(clause.span.start, |name| name.span.end);
    let tokens = site.tokens_in(Span::new(from, clause.span.end));
    let keyword = tokens.iter().find(|token| token.is_word(site.sql(), word));
    nulls
        .map(|nulls| nulls.span)
        .or(keyword.map(|keyword| keyword.span))
        .map_or(clause.span.end, |span| span.end)
}
