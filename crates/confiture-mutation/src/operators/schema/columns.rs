//! The columns and types that statements write.

use confiture_core::plugin::Site;
use confiture_core::sql::{
    ActionKind, Body, Column, ItemKind, ObjectKind, ObjectName, PartKind, Span, TableOptionKind, Token,
    TokenKind,
};

use super::super::actions::member;
use super::super::constraints::is_table;

/// The columns that a `CREATE TABLE` or `ALTER TABLE … ADD` defines, in order.
pub(super) fn columns<'a>(site: &'a Site<'_>) -> Vec<&'a Column> {
    match &site.outline().body {
        Body::Table(table) if table.option(TableOptionKind::As).is_none() => table.columns().collect(),
        Body::Actions(actions) if is_table(site) => {
            actions.iter().filter_map(|action| action.column.as_ref()).collect()
        }
        _ => Vec::new(),
    }
}

/// The items of a list that may be left out or change places: those of a `CREATE TABLE` or the actions of an
/// `ALTER TABLE`, with the columns they define.
pub(super) fn definitions<'a>(site: &'a Site<'_>) -> Vec<(Span, Option<&'a Column>)> {
    match &site.outline().body {
        Body::Table(table) if table.option(TableOptionKind::As).is_none() => {
            let column = |kind: &'a ItemKind| match kind {
                ItemKind::Column(column) => Some(column),
                _ => None,
            };
            table.items.iter().map(|item| (item.span, column(&item.kind))).collect()
        }
        Body::Actions(actions) if is_table(site) => {
            actions.iter().map(|action| (action.span, action.column.as_ref())).collect()
        }
        _ => Vec::new(),
    }
}

/// The types that a statement gives to columns, attributes and domains, with what they belong to.
pub(super) fn types(site: &Site<'_>) -> Vec<(String, Written)> {
    let mut spans: Vec<(String, Span)> = Vec::new();
    let of_column = |column: &Column| Some((member(site, Some(&column.name)), column.data_type?));
    match &site.outline().body {
        Body::Table(table) => spans.extend(table.columns().filter_map(of_column)),
        Body::Actions(actions) => {
            for action in actions {
                spans.extend(action.column.as_ref().and_then(of_column));
                if action.kind == ActionKind::AlterType {
                    spans.extend(action.value.map(|value| (member(site, action.name.as_ref()), value)));
                }
            }
        }
        Body::Definition(definition) => {
            let part = definition.part(PartKind::DataType);
            spans.extend(part.map(|part| (site.object(), part.span)));
            let attributes =
                definition.items.iter().filter(|_| site.outline().object == Some(ObjectKind::Type));
            spans.extend(attributes.filter_map(|item| attribute(site, *item)));
        }
        _ => {}
    }
    spans.into_iter().map(|(object, span)| (object, Written::read(site, span))).collect()
}

/// The attribute of a composite type in `item`, with its type: no label of an enum and no option.
fn attribute(site: &Site<'_>, item: Span) -> Option<(String, Span)> {
    let [name, first, ..] = site.tokens_in(item) else {
        return None;
    };
    let name = ObjectName::read(site.sql(), name.span).filter(|_| first.kind != TokenKind::Operator)?;
    Some((member(site, Some(&name)), Span::new(first.span.start, item.end)))
}

/// A type taken apart: `character varying (50)[]`, `timestamp (3) with time zone`.
pub(super) struct Written {
    /// Its words up to the first thing that is none, in lower case.
    pub(super) words: Vec<String>,
    /// The bytes of the words.
    pub(super) name: Span,
    /// The numbers in parentheses, and the parentheses' bytes.
    pub(super) modifier: Option<(Vec<u32>, Span)>,
    /// The words right after the modifier, or the last ones without one: `with time zone`.
    pub(super) zone: Option<Span>,
}

impl Written {
    fn read(site: &Site<'_>, span: Span) -> Self {
        let sql = site.sql();
        let tokens = site.tokens_in(span);
        let is_zone = |at: usize| {
            let word = |ahead: usize, word: &str| {
                tokens.get(at + ahead).is_some_and(|token| token.is_word(sql, word))
            };
            (word(0, "with") || word(0, "without")) && word(1, "time") && word(2, "zone")
        };
        let ends = |token: &Token| token.kind != TokenKind::Ident || token.is_word(sql, "collate");
        let end = (0..tokens.len()).find(|at| ends(&tokens[*at]) || is_zone(*at));
        let words = &tokens[..end.unwrap_or(tokens.len())];
        let mut at = words.len();
        let mut written = Self {
            words: words.iter().map(|token| token.text(sql).to_lowercase()).collect(),
            name: match (words.first(), words.last()) {
                (Some(first), Some(last)) => first.span.to(last.span),
                _ => Span::empty(span.start),
            },
            modifier: None,
            zone: None,
        };
        if tokens.get(at).is_some_and(|token| token.kind == TokenKind::LeftParen) {
            let rest = &tokens[at..];
            let close = rest.iter().position(|token| token.kind == TokenKind::RightParen);
            let Some(close) = close else {
                return written;
            };
            let numbers = rest[..close].iter().filter_map(|token| token.text(sql).parse().ok()).collect();
            written.modifier = Some((numbers, rest[0].span.to(rest[close].span)));
            at += close + 1;
        }
        if is_zone(at) {
            written.zone = Some(tokens[at].span.to(tokens[at + 2].span));
        }
        written
    }

    /// Whether its name is one of `names`, each with single spaces.
    pub(super) fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.words.join(" ").as_str())
    }

    /// Its numbers; none where there is no modifier.
    pub(super) fn numbers(&self) -> &[u32] {
        self.modifier.as_ref().map_or(&[], |(numbers, _)| numbers)
    }

    /// The bytes of its name and modifier.
    pub(super) fn span(&self) -> Span {
        self.modifier.as_ref().map_or(self.name, |(_, span)| self.name.to(*span))
    }
}
