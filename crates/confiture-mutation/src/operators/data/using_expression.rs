//! `using-expression`.

use confiture_core::sql::TokenKind;

use super::super::expression::each_piece;
use super::super::family::family;
use super::super::prelude::*;
use super::super::query::span_of;

/// Converts the values of a column wrongly.
#[derive(Debug, Default)]
pub struct UsingExpression;

confiture_core::register!(operator UsingExpression);

impl MutationOperator for UsingExpression {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "using-expression",
                summary: "converts the values of a column wrongly",
                docs: "The expression after `USING` gives NULL, another value of the same type, or reads a \
                       timestamp in another time zone. Rejected when a constraint refuses NULL; indistinct \
                       while the table is empty.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE prices (amount text);",
                up: "ALTER TABLE prices ALTER amount TYPE int USING amount::int;",
                down: "",
                mutant: "ALTER TABLE prices ALTER amount TYPE int USING (amount::int) + 1;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO prices VALUES ('1');\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT amount = 1 FROM prices;",
                ),
                spared: "ALTER TABLE prices ALTER amount TYPE varchar;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            let sql = piece.sql();
            let using = piece.span();
            let actions = piece.site.outline().actions();
            let action = actions.iter().find(|action| action.using == Some(using));
            let Some((written, expression)) =
                action.and_then(|a| a.value).zip(piece.tokens.get(1..).map(span_of))
            else {
                return;
            };
            let tokens = piece.site.tokens_in(written);
            let type_end =
                tokens.iter().position(|token| token.is_word(sql, "collate")).unwrap_or(tokens.len());
            let data_type = span_of(&tokens[..type_end]).text(sql);
            let null = format!("NULL::{data_type}");
            if expression.text(sql) != null {
                out.push(piece.mutant([Edit::replace(expression, null)], "every value becomes NULL"));
            }
            if let Some(family) = family(data_type) {
                let other = family.shifted(expression.text(sql));
                out.push(piece.mutant([Edit::replace(expression, other)], "every value becomes another one"));
            }
            for zone in piece.tokens.windows(4) {
                let [at, time, word, zone] = zone else { continue };
                let words = at.is_word(sql, "at") && time.is_word(sql, "time") && word.is_word(sql, "zone");
                if words && zone.kind == TokenKind::String {
                    let other = if zone.text(sql) == "'Asia/Tokyo'" { "'UTC'" } else { "'Asia/Tokyo'" };
                    out.push(
                        piece.mutant(
                            [Edit::replace(zone.span, other)],
                            format!("the time zone becomes {other}"),
                        ),
                    );
                }
            }
        });
    }
}
