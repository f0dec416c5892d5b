//! Defaults that are a constant, and other constants for them.

use std::cell::OnceCell;

use confiture_core::plugin::{MutationContext, Site};
use confiture_core::sql::{
    ActionKind, Body, ClauseKind, ObjectKind, ObjectName, PartKind, Span, Token, TokenKind, Verb,
    quote_literal,
};

use super::super::actions::member;
use super::super::constraints::of_kind;
use super::super::known::known_here;
use super::checks::{checks, value_lists};

/// A default, wherever it is written.
pub(super) struct ColumnDefault {
    /// What it belongs to, as a person would call it.
    pub(super) object: String,
    /// Its expression.
    pub(super) value: Span,
    /// The column, unless a domain has it.
    column: Option<String>,
    /// The type, as it is written or as the catalog has it; empty when it is not known.
    data_type: String,
}

/// The defaults that a statement gives to columns and domains, in order.
pub(super) fn defaults(cx: &MutationContext<'_>, site: &Site<'_>) -> Vec<ColumnDefault> {
    let known = OnceCell::new();
    let type_of = |name: &str| {
        let known = known.get_or_init(|| known_here(cx, site));
        known.column(name).map_or_else(String::new, |column| column.data_type.clone())
    };
    let clauses = of_kind(site, ClauseKind::Default).filter_map(|found| {
        let column = found.column.map(|column| column.name.name().to_owned());
        let data_type = match (&column, &site.outline().body) {
            (Some(name), _) => type_of(name),
            (None, Body::Definition(domain)) => {
                let part = domain.part(PartKind::DataType);
                part.map_or_else(String::new, |part| part.span.text(site.sql()).to_lowercase())
            }
            _ => String::new(),
        };
        Some(ColumnDefault { object: found.object(site), value: found.clause.expression?, column, data_type })
    });
    let actions = site.outline().actions().iter().filter(|action| action.kind == ActionKind::SetDefault);
    let set = actions.filter_map(|action| {
        let column = action.name.as_ref().map(|name| name.name().to_owned());
        let data_type = column.as_deref().map_or_else(String::new, type_of);
        Some(ColumnDefault {
            object: member(site, action.name.as_ref()),
            value: action.value?,
            column,
            data_type,
        })
    });
    clauses.chain(set).collect()
}

/// The only constant of an expression that is nothing else: signs, parentheses and a cast may be around it.
pub(super) fn constant(site: &Site<'_>, value: Span) -> Option<Token> {
    let sql = site.sql();
    let tokens = site.tokens_in(value);
    let cast = tokens.iter().position(|token| token.kind == TokenKind::DoubleColon);
    let is_constant = |token: &Token| {
        token.kind.is_string()
            || token.kind == TokenKind::Number
            || token.is_word(sql, "true")
            || token.is_word(sql, "false")
    };
    let around = |token: &Token| {
        matches!(token.kind, TokenKind::LeftParen | TokenKind::RightParen)
            || matches!(token.text(sql), "-" | "+")
    };
    let mut rest = tokens[..cast.unwrap_or(tokens.len())].iter().filter(|token| !around(token));
    match (rest.next(), rest.next()) {
        (Some(only), None) if is_constant(only) => Some(*only),
        _ => None,
    }
}

/// The other of `true` and `false`.
pub(super) fn opposite(word: &str) -> &'static str {
    if word.eq_ignore_ascii_case("true") { "false" } else { "true" }
}

/// 1 for 0, and 0 for any other number.
pub(super) fn other_number(written: &str) -> Option<&'static str> {
    let number: f64 = written.parse().ok()?;
    Some(if number == 0.0 { "1" } else { "0" })
}

/// Another string constant that the column may well take.
pub(super) fn other_text(
    cx: &MutationContext<'_>,
    site: &Site<'_>,
    default: &ColumnDefault,
    written: &str,
) -> Option<String> {
    let labels = allowed(site, default).or_else(|| enum_labels(cx, &default.data_type));
    if let Some(labels) = labels {
        return labels.into_iter().find(|label| label != written);
    }
    let text = ["text", "varchar", "character", "char", "bpchar", "citext"];
    let is_text = text.iter().any(|name| {
        let rest = default.data_type.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(']) && !rest.ends_with(']'))
    });
    match (default.data_type.as_str(), written) {
        ("json" | "jsonb", "'{}'") => Some("'[]'".to_owned()),
        ("json" | "jsonb", "'[]'") => Some("'{}'".to_owned()),
        ("boolean" | "bool", "'t'" | "'true'") => Some("'false'".to_owned()),
        ("boolean" | "bool", "'f'" | "'false'") => Some("'true'".to_owned()),
        (_, "''") if is_text => Some("'x'".to_owned()),
        _ if is_text => Some("''".to_owned()),
        _ => None,
    }
}

/// The string constants of a list in a check of the same statement that names the column.
fn allowed(site: &Site<'_>, default: &ColumnDefault) -> Option<Vec<String>> {
    let sql = site.sql();
    let column = default.column.as_deref().unwrap_or("value");
    let mut expressions = checks(site).into_iter().map(|(_, expression)| expression).filter(|expression| {
        let mut names = site.tokens_in(*expression).iter().filter_map(|t| ObjectName::read(sql, t.span));
        names.any(|name| name.name() == column)
    });
    expressions.find_map(|expression| {
        let list = value_lists(site, expression).into_iter().next()?;
        let is_string = |item: &Span| matches!(site.tokens_in(*item), [only] if only.kind.is_string());
        list.iter().all(is_string).then(|| list.iter().map(|item| item.text(sql).to_owned()).collect())
    })
}

/// The labels of the enum of this name, of the script or of the catalog around it.
fn enum_labels(cx: &MutationContext<'_>, data_type: &str) -> Option<Vec<String>> {
    let name = ObjectName::read(data_type, Span::new(0, data_type.len()))?;
    for site in &cx.sites {
        let outline = site.outline();
        let is_type = outline.verb == Verb::Create && outline.object == Some(ObjectKind::Type);
        if !is_type || !outline.name().is_some_and(|other| other.agrees(&name)) {
            continue;
        }
        if let Body::Definition(definition) = &outline.body {
            let labels: Vec<String> =
                definition.items.iter().map(|item| item.text(site.sql()).to_owned()).collect();
            return labels.iter().all(|label| label.starts_with('\'')).then_some(labels);
        }
    }
    let enums = cx.source_catalog()?.enums();
    let found = enums.filter(|(id, _)| {
        id.name() == name.name() && name.schema().is_none_or(|schema| id.schema() == Some(schema))
    });
    found.map(|(_, value)| value.labels.iter().map(|label| quote_literal(label)).collect()).next()
}
