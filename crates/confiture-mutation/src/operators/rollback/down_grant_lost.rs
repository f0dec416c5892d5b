//! `down-grant-lost`.

use super::super::prelude::*;
use super::steps::{StepKind, without};

/// Leaves a GRANT of the rollback out.
#[derive(Debug, Default)]
pub struct DownGrantLost;

confiture_core::register!(operator DownGrantLost);

impl MutationOperator for DownGrantLost {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "down-grant-lost",
                summary: "leaves a GRANT of the rollback out",
                docs: "A table or function that a rollback creates anew has lost its privileges, and those the \
                       migration revoked have to be given back: without the `GRANT` the application is locked \
                       out after the rollback. Equivalent when the role has the privilege all the same.",
            },
            category: MutationCategory::Rollback,
            severity: Severity::Critical,
            channels: Channels::ROLLBACK.and(Channels::ROLE),
            direction: Some(Direction::Down),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE prices (id int); GRANT SELECT ON prices TO PUBLIC;",
                up: "DROP TABLE prices;",
                down: "CREATE TABLE prices (id int); GRANT SELECT ON prices TO PUBLIC;",
                mutant: "CREATE TABLE prices (id int); ;",
                killer: Killer::Check("down"),
                spared: "CREATE TABLE prices (id int); REVOKE SELECT ON prices FROM PUBLIC;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        out.extend(without(cx, StepKind::Grants));
    }
}
