//! `partition-bound`.

use confiture_core::sql::{ActionKind, Span, TableOptionKind};

use super::super::actions;
use super::super::prelude::*;
use super::super::words::{Words, brief};
use super::bounds::moved;

/// Changes which rows a partition takes.
#[derive(Debug, Default)]
pub struct PartitionBound;

confiture_core::register!(operator PartitionBound);

impl MutationOperator for PartitionBound {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "partition-bound",
                summary: "moves a bound of a partition, drops one of its values, or does not attach it",
                docs: "A range loses its first or last number or day, the classic slip about an end that \
                       is not included; a list loses a value; a partition takes everything or is not \
                       attached. Rows then have no partition or land in the wrong one. Stillborn where \
                       there is a DEFAULT partition already; rejected where rows contradict the new \
                       bound.",
            },
            category: MutationCategory::Schema,
            severity: Severity::Critical,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "CREATE TABLE events (day date) PARTITION BY RANGE (day);",
                up: "CREATE TABLE events_2024_01 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO \
                     ('2024-02-01');",
                down: "DROP TABLE events_2024_01;",
                mutant: "CREATE TABLE events_2024_01 PARTITION OF events FOR VALUES FROM ('2024-01-01') \
                         TO ('2024-01-31');",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     INSERT INTO events VALUES ('2024-01-31');\n\
                     -- confiture: assert\n\
                     SELECT count(*) = 1 FROM events_2024_01;",
                ),
                spared: "CREATE TABLE events (day date) PARTITION BY RANGE (day);",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let created = site.outline().table().and_then(|table| table.option(TableOptionKind::Bound));
            if let Some(bound) = created {
                if is_default(site, bound.span) {
                    out.push(site.mutant([Edit::remove(site.span())], "the partition is left out"));
                }
                out.extend(changed(site, bound.span).map(|(edit, what)| site.mutant([edit], what)));
            }
            out.extend(actions::left_out(site, ATTACH, "the attachment"));
            for (_, action) in actions::of_kinds(site, ATTACH) {
                let changes = action.value.into_iter().flat_map(|bound| changed(site, bound));
                out.extend(changes.map(|(edit, what)| {
                    site.mutant([edit], what).on(actions::member(site, action.name.as_ref()))
                }));
            }
        }
    }
}

const ATTACH: &[ActionKind] = &[ActionKind::AttachPartition];

fn is_default(site: &Site<'_>, bound: Span) -> bool {
    Words::within(site, bound).at(0, &["default"])
}

/// The changes of one bound.
fn changed(site: &Site<'_>, bound: Span) -> impl Iterator<Item = (Edit, String)> {
    let words = Words::within(site, bound);
    let list = |word| {
        let inside = words.atoms.get(words.position(0, &[word])? + 1)?.inside?;
        let inside = Words::within(site, inside);
        Some(inside.items(0..inside.len()))
    };
    let mut found = Vec::new();
    if words.at(0, &["default"]) || words.position(0, &["with"]).is_some() {
        return found.into_iter();
    }
    found.push((Edit::replace(bound, "DEFAULT"), "the partition takes every other row".to_owned()));
    let values = list("in").unwrap_or_default();
    for (at, value) in values.iter().enumerate().filter(|_| values.len() > 1) {
        let what = format!("{} is left out", brief(value.text(site.sql())));
        found.extend(Edit::remove_item(&values, at).map(|edit| (edit, what)));
    }
    if let (Some([from]), Some([to])) = (list("from").as_deref(), list("to").as_deref()) {
        let [lower, upper] = [from.text(site.sql()), to.text(site.sql())];
        for (span, written, other) in [(from, lower, moved(lower, 1)), (to, upper, moved(upper, -1))] {
            let Some(other) = other.filter(|other| other != lower && other != upper) else {
                continue;
            };
            let what = format!("{written} becomes {other}");
            found.push((Edit::replace(*span, other), what));
        }
    }
    found.into_iter()
}
