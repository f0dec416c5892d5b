//! `sequence-param`.

use confiture_core::sql::{ActionKind, Body, ClauseKind, ObjectKind, Span, Verb};

use super::super::actions;
use super::super::constraints::of_kind;
use super::super::prelude::*;
use super::super::words::{Words, brief};

/// Leaves an option of a sequence or identity out.
#[derive(Debug, Default)]
pub struct SequenceParam;

confiture_core::register!(operator SequenceParam);

impl MutationOperator for SequenceParam {
    fn meta(&self) -> &'static OperatorMeta {
        static META: OperatorMeta = OperatorMeta {
            plugin: PluginMeta {
                id: "sequence-param",
                summary: "leaves an option of a sequence out",
                docs: "Numbers start elsewhere, come in other steps, end earlier or later, or the \
                       sequence outlives its column. Options that say what holds anyway are spared; \
                       equivalent where an option repeats what the sequence already has. Rejected where \
                       the remaining options contradict each other.",
            },
            category: MutationCategory::Schema,
            severity: Severity::High,
            channels: Channels::STATE.and(Channels::BEHAVIOUR).and(Channels::ROLLBACK),
            direction: Some(Direction::Up),
            since: 1,
            example: Some(MutationExample {
                before: "",
                up: "CREATE SEQUENCE invoice_number START WITH 1000;",
                down: "DROP SEQUENCE invoice_number;",
                mutant: "CREATE SEQUENCE invoice_number;",
                killer: Killer::Test(
                    "-- confiture: migrate to 0002\n\
                     -- confiture: assert\n\
                     SELECT nextval('invoice_number') = 1000;",
                ),
                spared: "CREATE SEQUENCE invoice_number INCREMENT BY 1 NO CYCLE;",
            }),
        };
        &META
    }

    fn mutate(&self, cx: &MutationContext<'_>, out: &mut Vec<Mutant>) {
        for site in &cx.sites {
            let outline = site.outline();
            if let (Verb::Create, Some(ObjectKind::Sequence), Some(name)) =
                (outline.verb, outline.object, outline.name())
            {
                let options = options(site, Span::new(name.span.end, site.sql().len()));
                for option in options.iter().filter(|option| option.matters(&options)) {
                    out.push(option.left_out(site, Edit::remove_clause(site.sql(), option.span)));
                }
            }
            for found in of_kind(site, ClauseKind::Identity) {
                let Some(group) =
                    Words::within(site, found.clause.span).atoms.pop().filter(|a| a.inside.is_some())
                else {
                    continue;
                };
                let options = found.clause.expression.map_or(Vec::new(), |span| options(site, span));
                for option in options.iter().filter(|option| option.matters(&options)) {
                    let span = if options.len() == 1 { group.span } else { option.span };
                    let mutant = option.left_out(site, Edit::remove_clause(site.sql(), span));
                    out.push(mutant.on(found.object(site)));
                }
            }
            let Body::Actions(actions) = &outline.body else {
                continue;
            };
            for (at, action) in actions.iter().enumerate() {
                let span = match (action.kind, outline.object) {
                    (ActionKind::Other, Some(ObjectKind::Sequence)) => action.span,
                    (ActionKind::AlterIdentity, _) => action.value.unwrap_or(action.span),
                    _ => continue,
                };
                let options = options(site, span);
                // The mode of an identity and where it goes on are no parameters.
                let kept = |option: &&Parameter<'_>| !matches!(option.name.as_str(), "generated" | "restart");
                for option in options.iter().filter(kept) {
                    let edit = match options.len() {
                        1 => actions::removal(site, at),
                        _ => Some(Edit::remove_clause(site.sql(), option.span)),
                    };
                    out.extend(edit.map(|edit| {
                        option.left_out(site, edit).on(actions::member(site, action.name.as_ref()))
                    }));
                }
            }
        }
    }
}

/// One option of a sequence.
struct Parameter<'a> {
    name: String,
    span: Span,
    text: &'a str,
    last: &'a str,
}

impl Parameter<'_> {
    /// Whether a new sequence is another one without it.
    fn matters(&self, all: &[Self]) -> bool {
        let others = ["increment", "minvalue", "maxvalue"];
        match self.name.as_str() {
            "no" | "restart" | "generated" => false,
            "increment" | "cache" => self.last != "1",
            "start" => self.last != "1" || all.iter().any(|one| others.contains(&one.name.as_str())),
            "owned" => !self.last.eq_ignore_ascii_case("none"),
            "as" => !self.last.eq_ignore_ascii_case("bigint"),
            _ => true,
        }
    }

    fn left_out(&self, site: &Site<'_>, edit: Edit) -> Mutant {
        site.mutant([edit], format!("{} is left out", brief(self.text)))
    }
}

/// The options written in `span`, in order.
fn options<'a>(site: &'a Site<'_>, span: Span) -> Vec<Parameter<'a>> {
    const STARTS: &[&[&str]] = &[
        &["as"],
        &["increment"],
        &["no", "minvalue"],
        &["no", "maxvalue"],
        &["no", "cycle"],
        &["minvalue"],
        &["maxvalue"],
        &["start"],
        &["cache"],
        &["cycle"],
        &["owned", "by"],
        &["restart"],
        &["generated"],
    ];
    let words = Words::within(site, span);
    // Of an identity column each option may follow a SET.
    let name = |at: usize| at + usize::from(words.at(at, &["set"]));
    let mut starts: Vec<usize> = (0..words.len())
        .filter(|at| STARTS.iter().any(|start| words.at(name(*at), start)))
        .filter(|at| !at.checked_sub(1).is_some_and(|before| words.at_any(before, &["set", "no"])))
        .collect();
    starts.push(words.len());
    let option = |range: &[usize]| match range {
        [start, end] => Some(Parameter {
            name: words.text(name(*start)).to_ascii_lowercase(),
            span: words.span(*start..*end)?,
            text: words.span(*start..*end)?.text(site.sql()),
            last: words.text(end - 1),
        }),
        _ => None,
    };
    starts.windows(2).filter_map(option).collect()
}
