//! `grant-drop`.

use super::super::prelude::*;
use super::grants::{grant, without_item};

/// Leaves a privilege, a grantee or a whole `GRANT` out.
#[derive(Debug, Default)]
pub struct GrantDrop;

confiture_core::register!(operator GrantDrop);

impl MutationOperator for GrantDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "grant-drop",
                summary: "leaves a GRANT out, or one of its privileges or grantees",
                docs: "The role cannot do what the application needs it to do. Also of membership in a \
                       role and of default privileges. Equivalent where the role has the privilege by \
                       another way, or owns the object.",
            },
            category: MutationCategory::Security,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::ROLE),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \
                         'confiture_grant_drop') THEN CREATE ROLE confiture_grant_drop; END IF; END $$; \
                         CREATE TABLE users (id int);",
                up: "GRANT SELECT ON users TO confiture_grant_drop;",
                down: "REVOKE SELECT ON users FROM confiture_grant_drop;",
                mutant: ";",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT has_table_privilege('confiture_grant_drop', 'users', 'SELECT');",
                ),
                spared: "REVOKE ALL ON users FROM PUBLIC;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let Some(grant) = grant(site).filter(|grant| !grant.revokes) else {
                continue;
            };
            out.push(site.mutant([Edit::remove(site.span())], "the grant is left out"));
            for list in [&grant.privileges, &grant.grantees] {
                out.extend((0..list.len()).filter_map(|at| without_item(site, list, at)));
            }
        }
    }
}
