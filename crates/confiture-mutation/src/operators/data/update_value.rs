//! `update-value`.

use confiture_core::sql::{Token, TokenKind, quote_literal};

use super::super::assignment::assigned;
use super::super::expression::each_piece;
use super::super::family::{Family, family};
use super::super::prelude::*;
use super::super::query::{ClauseKind, closing, span_of};
use super::super::tables;

/// Assigns another value in an `UPDATE`.
#[derive(Debug, Default)]
pub struct UpdateValue;

confiture_core::register!(operator UpdateValue);

impl MutationOperator for UpdateValue {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "update-value",
                summary: "assigns another value in an UPDATE",
                docs: "A constant or an expression becomes another value of the same type: a number one \
                       more, a boolean its opposite, a text one character more, an enum its next label. \
                       What type an expression has is read from the catalogs, or from the expression where \
                       it tells. Indistinct while no row is updated, rejected when a constraint refuses the \
                       value.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int, level int);",
                up: "UPDATE users SET level = 1;",
                down: "",
                mutant: "UPDATE users SET level = 2;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO users VALUES (1, 0);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT level = 1 FROM users;",
                ),
                spared: "UPDATE users SET level = NULL; DELETE FROM users WHERE level = 1;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let sql = piece.sql();
            let target = piece.target();
            for query in piece.queries() {
                for set in query.of(ClauseKind::Set) {
                    for one in assigned(piece, set) {
                        let column = one.column(sql);
                        let known = column.as_deref().zip(target.as_ref()).and_then(|(column, target)| {
                            Some(tables::column(cx, &target.name, column)?.data_type.as_str())
                        });
                        let Some(other) = other_value(cx, sql, one.value, known) else {
                            continue;
                        };
                        let written = span_of(one.value);
                        let description = format!("{} becomes {other}", written.text(sql));
                        out.push(piece.mutant([Edit::replace(written, other)], description));
                    }
                }
            }
        });
    }
}

/// An expression of another value than that of `value`, which is assigned to a column of type `known`.
fn other_value(cx: &MutationContext<'_>, sql: &str, value: &[Token], known: Option<&str>) -> Option<String> {
    let text = span_of(value).text(sql);
    let next_number = |digits: &str| Some((digits.parse::<i64>().ok()?.checked_add(1)?).to_string());
    match value {
        [only] if only.kind == TokenKind::Number => {
            return Some(next_number(text).unwrap_or(format!("{text} + 1")));
        }
        [only] if only.is_word(sql, "true") => return Some("false".to_owned()),
        [only] if only.is_word(sql, "false") => return Some("true".to_owned()),
        [only] if only.is_word(sql, "null") || only.is_word(sql, "default") => return None,
        [only] if only.kind == TokenKind::String => {
            let content = text.trim_matches('\'').replace("''", "'");
            if let Some(labels) = known.and_then(|known| labels(cx, known)) {
                let at = labels.iter().position(|label| *label == content)?;
                let other = labels.get((at + 1) % labels.len()).filter(|other| **other != content)?;
                return Some(quote_literal(other));
            }
            if let Some(next) = next_number(&content) {
                return Some(quote_literal(&next));
            }
            let text_like = known
                .map_or(!content.starts_with(['{', '[', '<', '(']) && !dated(&content), |known| {
                    family(known) == Some(Family::Text)
                });
            return text_like.then(|| quote_literal(&format!("{content}?")));
        }
        _ => {}
    }
    // A query may return no row.
    let query = value.iter().any(|token| token.is_word(sql, "select"));
    let family = known.map_or_else(|| told(sql, value), family).filter(|_| !query)?;
    Some(family.shifted(text))
}

/// Whether a text starts like a date, a time or a UUID.
fn dated(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['-', ':'])
}

/// The type an expression tells by its last cast, its operators or its only call.
fn told(sql: &str, value: &[Token]) -> Option<Family> {
    if let Some(at) = value.iter().rposition(|token| token.kind == TokenKind::DoubleColon)
        && value.get(at + 1..).is_some_and(|rest| rest.iter().all(|token| token.kind == TokenKind::Ident))
    {
        return family(span_of(value.get(at + 1..)?).text(sql));
    }
    if value.iter().any(|token| token.text(sql) == "||" && token.kind == TokenKind::Operator) {
        return Some(Family::Text);
    }
    const TEXT: &[&str] =
        &["lower", "upper", "initcap", "trim", "btrim", "concat", "split_part", "replace", "md5"];
    let first = value.first()?;
    let call = value.get(1).is_some_and(|token| token.kind == TokenKind::LeftParen)
        && closing(value, 1) + 1 == value.len();
    (call && TEXT.iter().any(|word| first.is_word(sql, word))).then_some(Family::Text)
}

/// The labels of the enum `name`, written as the catalog prints types.
fn labels<'a>(cx: &MutationContext<'a>, name: &str) -> Option<&'a [String]> {
    let catalogs = [cx.source_catalog(), cx.target_catalog()];
    catalogs.into_iter().flatten().find_map(|catalog| {
        let mut enums = catalog.enums();
        let (_, found) = enums.find(|(id, _)| id.sql_name() == name || id.name() == name)?;
        Some(found.labels.as_slice())
    })
}
