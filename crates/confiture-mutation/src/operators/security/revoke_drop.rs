//! `revoke-drop`.

use super::super::prelude::*;
use super::grants::{grant, without_item};

/// Leaves a privilege, a role or a whole `REVOKE` out.
#[derive(Debug, Default)]
pub struct RevokeDrop;

confiture_core::register!(operator RevokeDrop);

impl MutationOperator for RevokeDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "revoke-drop",
                summary: "leaves a REVOKE out, or one of its privileges or roles",
                docs: "Somebody may still do what they should no longer. Functions are the classic case: \
                       everybody may execute a new one until it is revoked from PUBLIC. Equivalent where \
                       there was nothing to revoke.",
            },
            category: MutationCategory::Security,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::ROLE),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \
                         'confiture_revoke_drop') THEN CREATE ROLE confiture_revoke_drop; END IF; END $$;",
                up: "CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 42'; REVOKE ALL ON \
                     FUNCTION secret() FROM PUBLIC;",
                down: "DROP FUNCTION secret;",
                mutant: "CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 42'; ;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT NOT has_function_privilege('confiture_revoke_drop', 'secret()', 'EXECUTE');",
                ),
                spared: "GRANT CREATE ON SCHEMA public TO PUBLIC;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let Some(grant) = grant(site).filter(|grant| grant.revokes) else {
                continue;
            };
            out.push(site.mutant([Edit::remove(site.span())], "the revoke is left out"));
            for list in [&grant.privileges, &grant.grantees] {
                out.extend((0..list.len()).filter_map(|at| without_item(site, list, at)));
            }
        }
    }
}
