//! `rls-disable`.

use confiture_core::sql::ActionKind;

use super::super::actions;
use super::super::prelude::*;

/// Leaves row-level security off.
#[derive(Debug, Default)]
pub struct RlsDisable;

confiture_core::register!(operator RlsDisable);

impl MutationOperator for RlsDisable {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "rls-disable",
                summary: "leaves ENABLE or FORCE ROW LEVEL SECURITY out",
                docs: "Policies stand in the catalog and nobody is held by them; without FORCE the owner \
                       is not. Superusers and roles with BYPASSRLS never are, so a test has to `SET \
                       ROLE`. Equivalent where it was on already.",
            },
            category: MutationCategory::Security,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::ROLE),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \
                         'confiture_rls_disable') THEN CREATE ROLE confiture_rls_disable; END IF; END \
                         $$; CREATE TABLE users (id int); GRANT SELECT ON users TO \
                         confiture_rls_disable; INSERT INTO users VALUES (1);",
                up: "ALTER TABLE users ENABLE ROW LEVEL SECURITY;",
                down: "ALTER TABLE users DISABLE ROW LEVEL SECURITY;",
                mutant: ";",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     SET ROLE confiture_rls_disable;\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 0 FROM users;",
                ),
                spared: "ALTER TABLE users DISABLE ROW LEVEL SECURITY;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            out.extend(actions::left_out(site, KINDS, "row-level security"));
        }
    }
}

const KINDS: &[ActionKind] = &[ActionKind::EnableRowSecurity, ActionKind::ForceRowSecurity];
