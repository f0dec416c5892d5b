//! `policy-drop`.

use confiture_core::sql::{ObjectKind, Verb};

use super::super::prelude::*;

/// Leaves a policy out.
#[derive(Debug, Default)]
pub struct PolicyDrop;

confiture_core::register!(operator PolicyDrop);

impl MutationOperator for PolicyDrop {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "policy-drop",
                summary: "leaves a CREATE POLICY out",
                docs: "Without a permissive policy nobody sees the rows it let through; without a \
                       restrictive one somebody sees rows they should not.",
            },
            category: MutationCategory::Security,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::ROLE),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \
                         'confiture_policy_drop') THEN CREATE ROLE confiture_policy_drop; END IF; END \
                         $$; CREATE TABLE notes (owner text, line text); ALTER TABLE notes ENABLE ROW \
                         LEVEL SECURITY; GRANT SELECT, INSERT ON notes TO confiture_policy_drop; INSERT \
                         INTO notes VALUES ('confiture_policy_drop', 'mine'), ('other', 'theirs');",
                up: "CREATE POLICY own ON notes USING (owner = current_user);",
                down: "DROP POLICY own ON notes;",
                mutant: ";",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     SET ROLE confiture_policy_drop;\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 1 FROM notes;",
                ),
                spared: "ALTER TABLE notes FORCE ROW LEVEL SECURITY;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        let policies = cx.sites.iter().filter(|site| {
            site.outline().verb == Verb::Create && site.outline().object == Some(ObjectKind::Policy)
        });
        out.extend(policies.map(|site| site.mutant([Edit::remove(site.span())], "the policy is left out")));
    }
}
