//! `down-swap`.

use confiture_core::migration::StatementKind;
use confiture_core::sql::{Modifier, Verb};

use super::super::prelude::*;
use super::steps::{mentions, steps};

/// Exchanges two neighbouring statements of the rollback.
#[derive(Debug, Default)]
pub struct DownSwap;

confiture_core::register!(operator DownSwap);

impl MutationOperator for DownSwap {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "down-swap",
                summary: "exchanges two statements of the rollback",
                docs: "A rollback undoes the last change first; written in the order of the migration it fails, \
                       or goes through with another result. Often stillborn (the object is used, or gone \
                       already) and equivalent where neighbours have nothing to do with one another. Settings \
                       and transaction control stay where they are, and so does what would name an object that is not \
                       there yet or no longer.",
            },
            category: MutationCategory::Rollback,
            severity: Severity::High,
            channels: Channels::ROLLBACK.and(Channels::ABORT),
            direction: Some(Direction::Down),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE orders (id int, state text);",
                up: "UPDATE orders SET state = 'active' WHERE state = 'open'; \
                     UPDATE orders SET state = 'open' WHERE state = 'new';",
                down: "UPDATE orders SET state = 'new' WHERE state = 'open'; \
                       UPDATE orders SET state = 'open' WHERE state = 'active';",
                mutant: "UPDATE orders SET state = 'open' WHERE state = 'active'; \
                         UPDATE orders SET state = 'new' WHERE state = 'open';",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\nINSERT INTO orders VALUES (1, 'open');\n\
                     -- confiture: migrate to 0002\n-- confiture: rollback to 0001\n\
                     -- confiture: assert\nSELECT state = 'open' FROM orders;",
                ),
                spared: "SET lock_timeout = '1s'; UPDATE orders SET state = 'new';",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        // The lines of a COPY stand in the file behind it.
        let movable = |site: &Site<'_>| site.statement.kind == StatementKind::Sql && !steps(site).is_empty();
        for pair in cx.sites.windows(2) {
            let [first, second] = pair else { continue };
            let differ = first.sql() != second.sql() && movable(first) && movable(second);
            if differ && !needs(first, second) {
                let description = format!("changes places with the statement about {}", second.object());
                let mutant = first.mutant([Edit::replace(first.span(), second.sql())], description);
                out.push(mutant.with(second, [Edit::replace(second.span(), first.sql())]));
            }
        }
    }
}

/// Whether the second statement is about what the first creates, or the first about what the second drops: the
/// other way round they fail.
fn needs(first: &Site<'_>, second: &Site<'_>) -> bool {
    let (creates, drops) = (first.outline(), second.outline());
    let maybe = |modifiers: [Modifier; 2]| modifiers.into_iter().any(|m| creates.modifier(m).is_some());
    let creating = creates.verb == Verb::Create && !maybe([Modifier::IfNotExists, Modifier::OrReplace]);
    let dropping = drops.verb == Verb::Drop && creates.modifier(Modifier::IfExists).is_none();
    (creating && creates.name().is_some_and(|name| mentions(second, second.span(), name)))
        || (dropping && drops.names.iter().any(|name| mentions(first, first.span(), name)))
}
