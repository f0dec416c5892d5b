//! Findings the user does not want to hear of, each with a reason.

use confiture_core::migration::{Direction, Script};
use confiture_core::plugin::{Registry, Tier};
use confiture_core::{Diagnostic, Severity};

use super::Found;

/// Marks what the comments of `script` suppress, and adds what is wrong with the comments.
pub(super) fn apply(
    registry: &Registry,
    migration: &str,
    script: &Script,
    index: usize,
    found: &mut Vec<Found>,
) {
    let mut wrong = Vec::new();
    for ignore in script.ignores() {
        let code = ignore.code.as_str();
        let rule = registry.rule(code).is_some() || code == "unclassified";
        // Others than the rules have findings and mutants, too.
        if !rule && (registry.explanation(code).is_some() || is_mutant(registry, code)) {
            continue;
        }
        let about = |found: &&mut Found| {
            found.statement == ignore.statement && found.diagnostic.code == code && !code.is_empty()
        };
        let mut used = false;
        if !ignore.reason.is_empty() {
            for found in found.iter_mut().filter(about) {
                found.suppressed = Some(ignore.reason.clone());
                used = true;
            }
        }
        let finding = if !rule {
            let message = match code {
                "" => "nothing is named that is to be ignored".to_owned(),
                code => format!("no rule is called {code}"),
            };
            Diagnostic::new("suppression-unknown", Severity::Medium, message)
                .with_help("`confiture plugins` lists all rules")
        } else if ignore.reason.is_empty() {
            Diagnostic::new(
                "suppression-without-reason",
                Severity::Medium,
                format!("{code} is ignored without a reason"),
            )
            .with_help("say why this is fine; it is not ignored until then")
        } else if !used {
            Diagnostic::new(
                "suppression-unused",
                Severity::Medium,
                format!("nothing is ignored by {code}: the statement below has no such finding"),
            )
            .with_help("remove it")
        } else {
            continue;
        };
        wrong.push(Found {
            migration: index,
            statement: ignore.statement,
            rule: None,
            tier: Tier::Static,
            table: None,
            diagnostic: finding
                .at(ignore.at)
                .with_evidence("ignored", code)
                .in_script(migration, Direction::Up),
            suppressed: None,
        });
    }
    found.append(&mut wrong);
}

/// Whether `code` names a mutation operator, some of them, or a mutant.
fn is_mutant(registry: &Registry, code: &str) -> bool {
    let operator = code.split('/').next().unwrap_or(code);
    code.contains(['*', '?', '{'])
        || registry
            .operators()
            .any(|known| known.meta().plugin.id == operator || known.meta().category.as_str() == operator)
}
