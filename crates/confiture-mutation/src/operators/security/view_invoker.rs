//! `view-invoker`.

use confiture_core::sql::{ActionKind, Body, ObjectKind, PartKind, Span};

use super::super::actions;
use super::super::prelude::*;
use super::super::words::Words;

/// Drops `security_invoker` or `security_barrier` of a view.
#[derive(Debug, Default)]
pub struct ViewInvoker;

confiture_core::register!(operator ViewInvoker);

impl MutationOperator for ViewInvoker {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "view-invoker",
                summary: "drops security_invoker or security_barrier of a view",
                docs: "Without `security_invoker` (since PostgreSQL 15) the view reads its tables as its \
                       owner, whom row-level security and missing privileges do not hold; without \
                       `security_barrier` a function in a query may see rows that the view hides. \
                       Equivalent where the owner may no more than the reader.",
            },
            category: MutationCategory::Security,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::ROLE),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \
                         'confiture_view_invoker') THEN CREATE ROLE confiture_view_invoker; END IF; END \
                         $$; CREATE TABLE secrets (code int);",
                up: "CREATE VIEW codes WITH (security_invoker = true) AS SELECT code FROM secrets; GRANT \
                     SELECT ON codes TO confiture_view_invoker;",
                down: "DROP VIEW codes;",
                mutant: "CREATE VIEW codes AS SELECT code FROM secrets; GRANT SELECT ON codes TO \
                         confiture_view_invoker;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     SET ROLE confiture_view_invoker;\n\
                     -- confiture: catch 42501\n\
                     SELECT code FROM codes;",
                ),
                spared: "CREATE VIEW codes WITH (security_invoker = false) AS SELECT 1; CREATE TABLE t \
                         (a int) WITH (fillfactor = 70);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let outline = site.outline();
            if outline.object != Some(ObjectKind::View) {
                continue;
            }
            if let Body::Definition(view) = &outline.body
                && let Some(part) = view.part(PartKind::Options)
                && let Some(value) = part.value
            {
                let whole = Edit::remove_clause(site.sql(), part.span);
                out.extend(dropped(site, value, &whole));
            }
            for (at, action) in actions::of_kinds(site, &[ActionKind::SetOptions]) {
                let list = Words::within(site, action.span).atoms.pop().and_then(|atom| atom.inside);
                if let (Some(list), Some(whole)) = (list, actions::removal(site, at)) {
                    out.extend(dropped(site, list, &whole));
                }
            }
        }
    }
}

/// The list without each of the two options; `whole` takes the list away when there is nothing else in it.
fn dropped(site: &Site<'_>, list: Span, whole: &Edit) -> Vec<Mutant> {
    let words = Words::within(site, list);
    let options = words.items(0..words.len());
    let mutant = |(at, option): (usize, &Span)| {
        let words = Words::within(site, *option);
        let name = words.text(0).to_ascii_lowercase();
        let value = words.text(words.len().checked_sub(1)?).trim_matches('\'').to_ascii_lowercase();
        if !matches!(name.as_str(), "security_invoker" | "security_barrier")
            || matches!(value.as_str(), "false" | "off" | "0" | "no")
        {
            return None;
        }
        let edit = if options.len() == 1 { whole.clone() } else { Edit::remove_item(&options, at)? };
        Some(site.mutant([edit], format!("{name} is dropped")))
    };
    options.iter().enumerate().filter_map(mutant).collect()
}
