//! `down-empty`.

use super::super::prelude::*;

/// Empties the rollback.
#[derive(Debug, Default)]
pub struct DownEmpty;

confiture_core::register!(operator DownEmpty);

impl MutationOperator for DownEmpty {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "down-empty",
                summary: "empties the rollback",
                docs: "The rollback says that it went through and does nothing. Equivalent where it does \
                       nothing as it is written.",
            },
            category: MutationCategory::Rollback,
            severity: Severity::Critical,
            channels: Channels::ROLLBACK,
            direction: Some(Direction::Down),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int);",
                up: "ALTER TABLE users ADD email text;",
                down: "ALTER TABLE users DROP email;",
                mutant: ";",
                killer: Killer::Check("down"),
                spared: "-- nothing but a comment",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        let mut sites = cx.sites.iter();
        if let Some(first) = sites.next() {
            let all = first.mutant([Edit::remove(first.span())], "the rollback does nothing");
            out.push(sites.fold(all, |all, site| all.with(site, [Edit::remove(site.span())])));
        }
    }
}
