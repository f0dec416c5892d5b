//! `fk-deferrable`.

use confiture_core::sql::{ActionKind, AttributeKind, ClauseKind};

use super::super::actions::{member, without_actions};
use super::super::constraints::{Found, of_kind};
use super::super::prelude::*;

/// Changes when a foreign key is checked.
#[derive(Debug, Default)]
pub struct FkDeferrable;

confiture_core::register!(operator FkDeferrable);

impl MutationOperator for FkDeferrable {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "fk-deferrable",
                summary: "changes when a foreign key is checked",
                docs: "A deferred key is checked at each statement, so that what referred to later rows \
                       fails; or one that is checked at once waits for the commit. Also an `ALTER \
                       CONSTRAINT` that is forgotten. Indistinct unless a transaction breaks the key for a \
                       while.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Medium,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE users (id int PRIMARY KEY);",
                up: "CREATE TABLE orders (user_id int REFERENCES users DEFERRABLE INITIALLY DEFERRED);",
                down: "",
                mutant: "CREATE TABLE orders (user_id int REFERENCES users);",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\nDO $$ BEGIN INSERT INTO orders VALUES (1); INSERT INTO \
                     users VALUES (1); END $$;\n-- confiture: assert\nSELECT count(*) = 1 FROM orders;",
                ),
                spared: "CREATE TABLE orders (user_id int);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            for found in of_kind(site, ClauseKind::ForeignKey) {
                out.extend(retimed(site, &found));
            }
            for (at, action) in site.outline().actions().iter().enumerate() {
                let about_time = action.kind == ActionKind::AlterConstraint
                    && action.value.is_some_and(|value| {
                        let words = ["deferrable", "initially"];
                        let mut tokens = site.tokens_in(value).iter();
                        tokens.any(|token| words.iter().any(|word| token.is_word(site.sql(), word)))
                    });
                if about_time {
                    let mutant = site.mutant(without_actions(site, &[at]), "the constraint is left as it is");
                    out.push(mutant.on(member(site, action.name.as_ref())));
                }
            }
        }
    }
}

fn retimed(site: &Site<'_>, found: &Found<'_>) -> Vec<Mutant> {
    let clause = found.clause;
    let deferrable = clause.attribute(AttributeKind::Deferrable);
    let initially = clause.attribute(AttributeKind::Initially);
    let first = initially.and_then(|initially| site.tokens_in(initially.value?).first().copied());
    let is_deferred = first.is_some_and(|token| token.is_word(site.sql(), "deferred"));
    if deferrable.is_none() && !is_deferred {
        let places = [clause.attribute(AttributeKind::NotDeferrable), initially];
        let mut edits: Vec<Edit> =
            places.iter().flatten().map(|a| Edit::remove_clause(site.sql(), a.span)).collect();
        edits.push(Edit::insert(clause.span.end, " DEFERRABLE INITIALLY DEFERRED"));
        return vec![found.mutant(site, edits, "the foreign key is checked at the end of the transaction")];
    }
    let written = [deferrable, initially];
    let edits = written.iter().flatten().map(|a| Edit::remove_clause(site.sql(), a.span));
    let mut mutants = vec![found.mutant(site, edits, "the foreign key cannot be deferred")];
    if let (Some(_), Some(value), true) = (deferrable, initially.and_then(|a| a.value), is_deferred) {
        let edit = Edit::replace(value, "IMMEDIATE");
        mutants.push(found.mutant(site, [edit], "the foreign key is checked at once unless it is deferred"));
    }
    mutants
}
