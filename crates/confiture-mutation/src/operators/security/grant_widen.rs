//! `grant-widen`.

use super::super::prelude::*;
use super::super::words::Words;
use super::grants::grant;

/// Grants more, or to everybody.
#[derive(Debug, Default)]
pub struct GrantWiden;

confiture_core::register!(operator GrantWiden);

impl MutationOperator for GrantWiden {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "grant-widen",
                summary: "grants ALL, to PUBLIC, on all columns, or with the right to pass it on",
                docs: "Somebody may do what they should not. Equivalent where they may already; `WITH \
                       GRANT OPTION` is stillborn for PUBLIC and not proposed there.",
            },
            category: MutationCategory::Security,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::ROLLBACK).and(Channels::ROLE),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \
                         'confiture_grant_widen') THEN CREATE ROLE confiture_grant_widen; END IF; END \
                         $$; CREATE TABLE users (id int);",
                up: "GRANT SELECT ON users TO confiture_grant_widen;",
                down: "REVOKE SELECT ON users FROM confiture_grant_widen;",
                mutant: "GRANT ALL ON users TO confiture_grant_widen;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     SET ROLE confiture_grant_widen;\n\
                     -- confiture: catch 42501\n\
                     DELETE FROM users;",
                ),
                spared: "REVOKE SELECT ON users FROM PUBLIC;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let Some(grant) = grant(site).filter(|grant| !grant.revokes) else {
                continue;
            };
            let mut widened = |edit, what: &str| out.push(site.mutant([edit], what));
            let grantees = grant.grantees.first().zip(grant.grantees.last());
            let grantees = grantees.map(|(first, last)| first.to(*last));
            let public = grant.grantees.iter().any(|who| who.text(site.sql()).eq_ignore_ascii_case("public"));
            if grant.on_object {
                if !Words::within(site, grant.all_privileges).at(0, &["all"]) {
                    widened(Edit::replace(grant.all_privileges, "ALL"), "all privileges are granted");
                }
                for privilege in &grant.privileges {
                    let words = Words::within(site, *privilege);
                    if let Some(columns) = words.atoms.last().filter(|atom| atom.inside.is_some()) {
                        widened(Edit::remove_clause(site.sql(), columns.span), "it holds for all columns");
                    }
                }
                if let Some(grantees) = grantees.filter(|_| !public && !grant.has_tail) {
                    widened(Edit::replace(grantees, "PUBLIC"), "it is granted to everybody");
                }
            }
            if let Some(grantees) = grantees.filter(|_| !public && !grant.has_tail) {
                let option = if grant.on_object { "GRANT" } else { "ADMIN" };
                let edit = Edit::insert(grantees.end, format!(" WITH {option} OPTION"));
                widened(edit, "who gets it may pass it on");
            }
        }
    }
}
