//! `policy-true`.

use confiture_core::sql::{ObjectKind, Verb};

use super::super::prelude::*;
use super::super::words::Words;

/// Lets a policy let everything through.
#[derive(Debug, Default)]
pub struct PolicyTrue;

confiture_core::register!(operator PolicyTrue);

impl MutationOperator for PolicyTrue {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "policy-true",
                summary: "replaces the condition of a policy by true",
                docs: "USING (true) shows every row, WITH CHECK (true) takes every row. Without WITH \
                       CHECK, USING decides what may be written, so its loss is a mutant of its own. \
                       Equivalent where every row satisfies the condition.",
            },
            category: MutationCategory::Security,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::ROLE),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \
                         'confiture_policy_true') THEN CREATE ROLE confiture_policy_true; END IF; END \
                         $$; CREATE TABLE notes (owner text, line text); ALTER TABLE notes ENABLE ROW \
                         LEVEL SECURITY; GRANT SELECT, INSERT ON notes TO confiture_policy_true; INSERT \
                         INTO notes VALUES ('confiture_policy_true', 'mine'), ('other', 'theirs');",
                up: "CREATE POLICY own ON notes USING (owner = current_user);",
                down: "DROP POLICY own ON notes;",
                mutant: "CREATE POLICY own ON notes USING (true);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     SET ROLE confiture_policy_true;\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 1 FROM notes;",
                ),
                spared: "CREATE POLICY own ON notes USING (TRUE);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let outline = site.outline();
            if !matches!(outline.verb, Verb::Create | Verb::Alter)
                || outline.object != Some(ObjectKind::Policy)
            {
                continue;
            }
            let words = Words::of(site);
            let conditions = (1..words.len()).filter_map(|at| {
                let keyword =
                    words.at(at - 1, &["using"]) || words.at(at.checked_sub(2)?, &["with", "check"]);
                let inside = words.atoms.get(at)?.inside.filter(|_| keyword)?;
                Some((at, inside))
            });
            for (at, inside) in conditions {
                let checks = words.at(at - 1, &["check"]);
                let text = inside.text(site.sql());
                if !text.trim().eq_ignore_ascii_case("true") {
                    let what = if checks { "every row may be written" } else { "every row is seen" };
                    out.push(site.mutant([Edit::replace(inside, "true")], what));
                }
                let others = words.position(0, &["using"]).is_some() && outline.verb == Verb::Create;
                if let Some(clause) =
                    words.span(at - 1 - usize::from(checks)..at + 1).filter(|_| checks && others)
                {
                    let edit = Edit::remove_clause(site.sql(), clause);
                    out.push(site.mutant([edit], "what may be written is not checked by itself"));
                }
            }
        }
    }
}
