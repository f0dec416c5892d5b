//! Which statement a query of the running application fails for, as a finding of the rule about such statements.

use confiture_core::migration::Migration;
use confiture_core::migration::layout::Loaded;
use confiture_core::plugin::{Registry, Tier};
use confiture_core::report::RunReport;
use confiture_core::sql::{
    Action, ActionKind, Clause, ClauseKind, Modifier, ObjectKind, Outline, Verb, outline,
};
use confiture_core::{Diagnostic, migration::Direction};

use crate::lint::Found;

/// Findings of rules that reported nothing above a note about a migration which breaks a query that worked before:
/// what a rule cannot know from the statement, the query's SQLSTATE tells.
pub(crate) fn blamed(
    report: &RunReport,
    loaded: &Loaded,
    found: &[Found],
    registry: &Registry,
) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for broken in report.findings.iter().filter(|finding| BROKEN.contains(&finding.code.as_str())) {
        let sqlstate = broken.evidence.get("sqlstate").and_then(|code| code.as_str()).unwrap_or_default();
        let named = |migration: &&Migration| broken.migration.as_deref() == Some(migration.id.as_str());
        let Some(index) = loaded.migrations.iter().position(|migration| named(&migration)) else { continue };
        let migration = &loaded.migrations[index];
        let Some(script) = migration.up.script() else { continue };
        let blame = script.statements.iter().enumerate().find_map(|(at, statement)| {
            let outline = outline(&statement.sql);
            let id = RULES.iter().find(|(_, states, does)| states.contains(&sqlstate) && does(&outline))?.0;
            Some((at, statement, outline, registry.rule(id)?.meta()))
        });
        let Some((at, statement, outline, rule)) = blame else { continue };
        let told = |found: &Found| {
            found.migration == index
                && found.diagnostic.severity >= rule.severity
                && found.rule.is_some_and(|known| known.plugin.id == rule.plugin.id)
        };
        if found.iter().chain(&all).any(told) {
            continue;
        }
        let table = outline.on.as_ref().or(outline.name()).map(|name| name.parts.clone());
        let name = table.as_ref().map_or(String::new(), |parts| format!(" {}", parts.join(".")));
        let message = if rule.plugin.id == "new-constraint-rejects-old-writer" {
            format!("the constraint refuses what the running application writes to{name}")
        } else {
            format!("the running application cannot go on using{name} as it does")
        };
        let mut diagnostic = Diagnostic::new(rule.plugin.id, rule.severity, message)
            .at(script.locate(statement.span.clone()))
            .in_script(&migration.id, Direction::Up)
            .with_label(format!("a query that worked before fails with SQLSTATE {sqlstate}"))
            .with_help("release an application that does without, then migrate")
            .with_evidence("tier", Tier::Measured.as_str())
            .with_evidence("category", rule.category.as_str())
            .with_evidence("sqlstate", sqlstate);
        if let Some(table) = &table {
            diagnostic = diagnostic.with_evidence("table", table.join("."));
        }
        all.push(Found {
            migration: index,
            statement: at,
            rule: Some(rule),
            tier: Tier::Measured,
            table,
            diagnostic,
            suppressed: None,
        });
    }
    all
}

/// What says that a query fails which worked before: when it is prepared, and on rows.
const BROKEN: &[&str] = &["query-breaks", "query-breaks-on-rows"];

/// A rule, the SQLSTATEs of queries that fail for what it is about, and whether a statement does that.
type Blame = (&'static str, &'static [&'static str], fn(&Outline) -> bool);

/// The first that fits is blamed. SQLSTATEs: PostgreSQL manual, appendix A.
const RULES: &[Blame] = &[
    ("new-constraint-rejects-old-writer", &["23514"], |o| adds(o, &[ClauseKind::Check])),
    ("new-constraint-rejects-old-writer", &["23503"], |o| adds(o, &[ClauseKind::ForeignKey])),
    ("new-constraint-rejects-old-writer", &["23P01"], |o| adds(o, &[ClauseKind::Exclude])),
    ("new-constraint-rejects-old-writer", &["23505"], |o| {
        adds(o, &[ClauseKind::Unique, ClauseKind::PrimaryKey])
            || (o.object == Some(ObjectKind::Index) && o.modifier(Modifier::Unique).is_some())
    }),
    ("new-constraint-rejects-old-writer", &["23502"], |o| {
        does(o, &[ActionKind::SetNotNull, ActionKind::AddColumn])
            || adds(o, &[ClauseKind::NotNull, ClauseKind::PrimaryKey])
    }),
    ("drop-default-of-required-column", &["23502"], |o| {
        does(o, &[ActionKind::DropDefault, ActionKind::DropIdentity, ActionKind::SetDefault])
    }),
    ("rename-column", &["42703"], |o| does(o, &[ActionKind::RenameColumn])),
    ("set-schema", &["42P01", "42704", "42883"], |o| does(o, &[ActionKind::SetSchema])),
    // A view in its place has other columns, or cannot be written to.
    ("rename-table", &["42P01", "42703", "55000", "0A000", "428C9", "42P10", "42501"], |o| {
        o.object != Some(ObjectKind::Index) && !is_routine(o) && does(o, &[ActionKind::Rename])
    }),
    ("rename-table", &["3F000", "42704"], |o| {
        o.object != Some(ObjectKind::Index) && does(o, &[ActionKind::Rename])
    }),
    ("drop-table", &["42P01"], |o| {
        o.verb == Verb::Drop
            && matches!(
                o.object,
                Some(
                    ObjectKind::Table
                        | ObjectKind::View
                        | ObjectKind::MaterializedView
                        | ObjectKind::Sequence
                )
            )
    }),
    ("drop-or-replace-routine", &["42883", "42725", "42809", "42804", "42703"], |o| {
        is_routine(o) && o.verb != Verb::Comment && o.verb != Verb::Grant
    }),
    (
        "alter-column-type-client-break",
        &["22001", "22003", "22007", "22008", "22P02", "42804", "42846", "42883", "42725"],
        |o| does(o, &[ActionKind::AlterType]),
    ),
    ("enum-rename-value", &["22P02"], |o| does(o, &[ActionKind::RenameValue])),
    ("drop-replica-identity", &["55000"], |o| {
        does(o, &[ActionKind::DropConstraint, ActionKind::ReplicaIdentity])
            || (o.verb == Verb::Drop && o.object == Some(ObjectKind::Index))
    }),
    ("published-table-without-pk", &["55000"], |o| o.object == Some(ObjectKind::Publication)),
    ("revoke-privilege", &["42501"], |o| o.verb == Verb::Revoke),
    ("rls-without-policy", &["42501"], |o| {
        does(o, &[ActionKind::EnableRowSecurity, ActionKind::ForceRowSecurity])
            || (o.object == Some(ObjectKind::Policy) && o.verb != Verb::Create)
    }),
];

fn does(outline: &Outline, kinds: &[ActionKind]) -> bool {
    outline.actions().iter().any(|action| kinds.contains(&action.kind))
}

/// Whether a statement adds a constraint of these kinds, also with a column.
fn adds(outline: &Outline, kinds: &[ClauseKind]) -> bool {
    let wanted = |clause: &Clause| kinds.contains(&clause.kind);
    let of = |action: &Action| {
        action.constraint.as_ref().is_some_and(wanted)
            || action.column.iter().any(|column| column.clauses.iter().any(wanted))
    };
    outline.actions().iter().any(of)
}

fn is_routine(outline: &Outline) -> bool {
    matches!(
        outline.object,
        Some(ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine | ObjectKind::Aggregate)
    )
}
