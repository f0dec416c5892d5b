//! `using-drop`.

use super::super::expression::each_piece;
use super::super::prelude::*;
use super::super::query::Place;

/// Drops the `USING` of a change of type.
#[derive(Debug, Default)]
pub struct UsingDrop;

confiture_core::register!(operator UsingDrop);

impl MutationOperator for UsingDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "using-drop",
                summary: "drops the USING of a change of type",
                docs: "The values are converted as PostgreSQL converts them, not as the migration said. \
                       Stillborn where there is no automatic conversion; equivalent where `USING` says the \
                       same.",
            },
            category: MutationCategory::Data,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE prices (amount numeric);",
                up: "ALTER TABLE prices ALTER amount TYPE int USING (amount * 100)::int;",
                down: "",
                mutant: "ALTER TABLE prices ALTER amount TYPE int;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO prices VALUES (1.5);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT amount = 150 FROM prices;",
                ),
                spared: "ALTER TABLE prices ALTER amount TYPE int;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        each_piece(&cx.sites, |piece| {
            if piece.place == Place::Conversion {
                let edit = Edit::remove_clause(piece.sql(), piece.span());
                out.push(piece.mutant([edit], "USING is dropped"));
            }
        });
    }
}
