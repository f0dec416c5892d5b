//! `policy-command`.

use confiture_core::sql::{Body, Definition, ObjectKind, PartKind, Verb};

use super::super::prelude::*;

/// Lets a policy hold for other commands or roles, or combine otherwise.
#[derive(Debug, Default)]
pub struct PolicyCommand;

confiture_core::register!(operator PolicyCommand);

impl MutationOperator for PolicyCommand {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "policy-command",
                summary: "changes the command, the roles or the kind of a policy",
                docs: "A policy for one command holds for all, one for all only for SELECT (or UPDATE); \
                       it holds for every role; a restrictive policy becomes permissive, so that it \
                       opens what it should narrow, or the other way round. Equivalent where no role has \
                       the privilege that the other command needs.",
            },
            category: MutationCategory::Security,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::ROLE),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \
                         'confiture_policy_command') THEN CREATE ROLE confiture_policy_command; END IF; \
                         END $$; CREATE TABLE notes (owner text, line text); ALTER TABLE notes ENABLE \
                         ROW LEVEL SECURITY; GRANT SELECT, INSERT ON notes TO confiture_policy_command; \
                         INSERT INTO notes VALUES ('confiture_policy_command', 'mine'), ('other', \
                         'theirs');",
                up: "CREATE POLICY own ON notes FOR SELECT USING (true);",
                down: "DROP POLICY own ON notes;",
                mutant: "CREATE POLICY own ON notes USING (true);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     SET ROLE confiture_policy_command;\n\
                     -- confiture: catch 42501\n\
                     INSERT INTO notes VALUES ('other', 'forged');",
                ),
                spared: "CREATE TABLE policies (command text); ALTER POLICY own ON notes USING (true);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            if let (Verb::Create, Some(ObjectKind::Policy), Body::Definition(policy)) =
                (site.outline().verb, site.outline().object, &site.outline().body)
            {
                out.extend(edits(site, policy).into_iter().map(|(edit, what)| site.mutant([edit], what)));
            }
        }
    }
}

fn edits(site: &Site<'_>, policy: &Definition) -> Vec<(Edit, &'static str)> {
    let sql = site.sql();
    let is = |kind, word: &str| {
        let value = policy.part(kind).and_then(|part| part.value);
        value.is_some_and(|value| value.text(sql).eq_ignore_ascii_case(word))
    };
    let mut found = Vec::new();
    // SELECT takes no WITH CHECK.
    let checks = policy.part(PartKind::WithCheck).is_some();
    let (one, what) = match checks {
        true => ("FOR UPDATE", "it holds for UPDATE only"),
        false => ("FOR SELECT", "it holds for SELECT only"),
    };
    // Without USING a policy for all commands can only check what is written.
    let narrows = policy.part(PartKind::Using).is_some();
    let permissive = policy.part(PartKind::Permissive);
    match policy.part(PartKind::Command) {
        Some(command) if !is(PartKind::Command, "all") => {
            found.push((Edit::remove_clause(sql, command.span), "it holds for all commands"));
        }
        Some(command) if narrows => found.push((Edit::replace(command.span, one), what)),
        None if narrows => {
            let table = site.outline().on.as_ref().map(|on| on.span.end);
            let at = permissive.map(|part| part.span.end).or(table);
            found.extend(at.map(|at| (Edit::insert(at, format!(" {one}")), what)));
        }
        _ => {}
    }
    if let Some(roles) = policy.part(PartKind::Roles).filter(|_| !is(PartKind::Roles, "public")) {
        found.push((Edit::remove_clause(sql, roles.span), "it holds for every role"));
    }
    if let Some(part) = permissive {
        found.push(match is(PartKind::Permissive, "restrictive") {
            true => (Edit::remove_clause(sql, part.span), "it is permissive"),
            false => (Edit::replace(part.span, "AS RESTRICTIVE"), "it is restrictive"),
        });
    }
    found
}
