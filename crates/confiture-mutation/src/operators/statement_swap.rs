//! `statement-swap`.

use confiture_core::sql::{ActionKind, Modifier, Verb, classify};

use super::prelude::*;
use confiture_core::migration::StatementKind;

/// Exchanges two neighbouring statements of the script.
#[derive(Debug, Default)]
pub struct StatementSwap;

confiture_core::register!(operator StatementSwap);

impl MutationOperator for StatementSwap {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "statement-swap",
                summary: "exchanges two neighbouring statements",
                docs: "What should come first comes second. Pairs of which the second names what the \
                       first creates are spared, as PostgreSQL would refuse them; so are statements that \
                       begin or end transactions and COPY with data. Equivalent where the two have \
                       nothing to do with each other.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK).and(Channels::ABORT),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE prices (amount int);",
                up: "UPDATE prices SET amount = amount + 1; UPDATE prices SET amount = amount * 2;",
                down: "",
                mutant: "UPDATE prices SET amount = amount * 2; UPDATE prices SET amount = amount + 1;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0001\n\
                     INSERT INTO prices VALUES (1);\n\
                     -- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT amount = 4 FROM prices;",
                ),
                spared: "CREATE TABLE items (id int); CREATE INDEX items_id ON items (id);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for pair in cx.sites.windows(2) {
            let [first, second] = [&pair[0], &pair[1]];
            let movable = [first, second].iter().all(|site| is_movable(site));
            if !movable || first.sql() == second.sql() || needs(second, first) {
                continue;
            }
            let mutant = first
                .mutant([Edit::replace(first.span(), second.sql())], "the statement comes after the next one")
                .with(second, [Edit::replace(second.span(), first.sql())]);
            out.push(mutant);
        }
    }
}

fn is_movable(site: &Site<'_>) -> bool {
    site.statement.kind == StatementKind::Sql && classify(site.sql()).control.is_none()
}

/// Whether `later` names something that `earlier` brings into being under that name.
fn needs(later: &Site<'_>, earlier: &Site<'_>) -> bool {
    let outline = earlier.outline();
    let certain = outline.modifier(Modifier::IfNotExists).or(outline.modifier(Modifier::OrReplace)).is_none();
    let created = match outline.verb {
        Verb::Create if certain => outline.name(),
        _ => None,
    };
    let altered = outline.actions().iter().filter_map(|action| match action.kind {
        ActionKind::AddColumn | ActionKind::AddConstraint if action.modifiers.is_empty() => {
            action.name.as_ref()
        }
        _ => action.new_name.as_ref(),
    });
    let mut names = created.into_iter().chain(altered);
    names.any(|name| later.tokens().iter().any(|token| is_name(token.text(later.sql()), name.name())))
}

/// Whether a token stands for a name.
fn is_name(token: &str, name: &str) -> bool {
    token.eq_ignore_ascii_case(name) || token.trim_matches('"').replace("\"\"", "\"") == name
}
