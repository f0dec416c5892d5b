//! `domain-check-drop`.

use confiture_core::sql::{ClauseKind, ObjectKind};

use super::super::constraints::of_kind;
use super::super::prelude::*;

/// Drops a check of a domain.
#[derive(Debug, Default)]
pub struct DomainCheckDrop;

confiture_core::register!(operator DomainCheckDrop);

impl MutationOperator for DomainCheckDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "domain-check-drop",
                summary: "drops a check of a domain",
                docs: "Values that the domain should refuse are let in, in every column of it. \
                       Equivalent when another check says the same.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');",
                down: "DROP DOMAIN email;",
                mutant: "CREATE DOMAIN email AS text;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: catch 23514\n\
                     SELECT 'nobody'::email;",
                ),
                spared: "CREATE DOMAIN email AS text NOT NULL; CREATE TABLE users (age int CHECK (age > \
                         0));",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        let domains = cx.sites.iter().filter(|site| site.outline().object == Some(ObjectKind::Domain));
        for site in domains {
            let checks = of_kind(site, ClauseKind::Check);
            out.extend(checks.filter_map(|check| check.removed(site, "the check of the domain")));
        }
    }
}
