//! What the results of mutants say about the tests.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use confiture_core::migration::Direction;
use confiture_core::report::{MutantResult, MutantStatus, MutationReport, MutationTest};
use confiture_core::{Diagnostic, Severity};

/// Most mistakes a recommendation lists.
const LISTED: usize = 3;

/// Counts the mutants anew and fills in tests and recommendations; `own` are the user's own tests.
pub(crate) fn fill(report: &mut MutationReport, own: &BTreeSet<String>) {
    report.count();
    report.tests = tests(&report.mutants, own);
    report.recommendations = recommendations(&report.mutants);
}

/// Whether somebody could have noticed the mutant.
fn effective(mutant: &MutantResult) -> bool {
    use MutantStatus::{Indistinct, Killed, Rejected, Survived};
    matches!(mutant.status, Killed | Rejected | Survived | Indistinct)
}

fn tests(mutants: &[MutantResult], own: &BTreeSet<String>) -> Vec<MutationTest> {
    let mut tests: BTreeMap<&str, (usize, usize)> = own.iter().map(|name| (name.as_str(), (0, 0))).collect();
    for mutant in mutants.iter().filter(|mutant| effective(mutant)) {
        let kills: BTreeSet<&str> = mutant.killed_by.iter().map(String::as_str).collect();
        let mut reached: BTreeSet<&str> = mutant.reached.iter().map(String::as_str).collect();
        reached.extend(&kills);
        for name in reached {
            let (reached, killed) = tests.entry(name).or_default();
            *reached += 1;
            *killed += usize::from(kills.contains(name));
        }
    }
    let test = |(name, (reached, kills)): (&str, (usize, usize))| MutationTest {
        name: name.to_owned(),
        own: own.contains(name) || matches!(name, "schema" | "queries"),
        reached,
        kills,
    };
    tests.into_iter().map(test).collect()
}

/// What is untested: one line an object, worst first.
fn recommendations(mutants: &[MutantResult]) -> Vec<String> {
    let mut objects: BTreeMap<(&str, Direction, &str), Vec<&MutantResult>> = BTreeMap::new();
    for mutant in mutants.iter().filter(|mutant| mutant.status.unnoticed()) {
        let key = (mutant.migration.as_str(), mutant.direction, mutant.object.as_str());
        objects.entry(key).or_default().push(mutant);
    }
    let mut objects: Vec<_> = objects.into_iter().collect();
    let worst = |mutants: &[&MutantResult]| mutants.iter().map(|mutant| mutant.severity).max();
    objects.sort_by_key(|(_, mutants)| {
        (Reverse(worst(mutants)), Reverse(mutants.len()), mutants.first().map(|mutant| mutant.place))
    });
    objects.iter().map(|((migration, direction, object), m)| line(migration, *direction, object, m)).collect()
}

fn line(migration: &str, direction: Direction, object: &str, mutants: &[&MutantResult]) -> String {
    let mut sorted = mutants.to_vec();
    sorted.sort_by_key(|mutant| (Reverse(mutant.severity), mutant.place));
    let mut said: Vec<String> = Vec::new();
    for mutant in &sorted {
        let what = match mutant.status {
            MutantStatus::Indistinct => format!("{} (no row shows it)", mutant.description),
            _ => mutant.description.clone(),
        };
        if !said.contains(&what) {
            said.push(what);
        }
    }
    let more = said.len().saturating_sub(LISTED);
    let mut text = said.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", or ");
    if more > 0 {
        text.push_str(&format!(", and {more} more"));
    }
    let place = match direction {
        Direction::Up => migration.to_owned(),
        Direction::Down => format!("the rollback of {migration}"),
    };
    let severity = sorted.first().map_or("", |mutant| mutant.severity.as_str());
    format!("{object} in {place} ({severity}): no test notices when {text}")
}

/// The codes of the findings that [`judge`] makes.
pub(crate) const CODES: [&str; 3] = ["mutants-unnoticed", "mutation-score-low", "mutants-not-judged"];

/// What the mutants fall short of.
///
/// Without thresholds every mutant that went unnoticed counts; with `fail_on` those of this severity or
/// more; `min_score` and `min_own_score` are judged on a whole plan only, not on a shard. Mutants that could
/// not be judged (their server failed again and again) are a finding as well.
///
/// # Example
/// ```
/// use confiture_core::report::MutationReport;
///
/// let report = MutationReport::new(1, String::new(), Vec::new());
/// assert!(confiture_mutation::judge(&report).is_empty());
/// ```
pub fn judge(report: &MutationReport) -> Vec<Diagnostic> {
    let thresholds = report.thresholds.unwrap_or_default();
    let mut findings = Vec::new();
    let least = if thresholds.is_empty() { Some(Severity::Info) } else { thresholds.fail_on };
    if let Some(least) = least {
        findings.extend(unnoticed(report, least));
    }
    if report.shard.is_none() {
        let scores = [
            ("the mutation score", "min-score", thresholds.min_score, report.score),
            (
                "the score of what is your own (tests, committed schema, queries)",
                "min-own-score",
                thresholds.min_own_score,
                report.own_score,
            ),
        ];
        for (what, key, least, score) in scores {
            if let (Some(least), Some(score)) = (least, score)
                && score * 100.0 + 1e-9 < f64::from(least)
            {
                let message = format!("{what} is {:.1}%, below {key} = {least}", score * 100.0);
                findings.push(
                    Diagnostic::new("mutation-score-low", Severity::High, message)
                        .with_help("add the suggested assertions of the worst survivors")
                        .with_evidence("score", score)
                        .with_evidence(key, least),
                );
            }
        }
    }
    if report.totals.error > 0 {
        let message = format!("{} could not be judged", plural(report.totals.error));
        findings.push(
            Diagnostic::new("mutants-not-judged", Severity::Medium, message)
                .with_help("run again; their reasons are in the report"),
        );
    }
    findings
}

fn unnoticed(report: &MutationReport, least: Severity) -> Option<Diagnostic> {
    let found: Vec<&MutantResult> =
        report.mutants.iter().filter(|m| m.status.unnoticed() && m.severity >= least).collect();
    let worst = found.iter().map(|mutant| mutant.severity).max()?;
    let mut message = format!("{} of {} went unnoticed", found.len(), plural(report.totals.effective()));
    if least > Severity::Info {
        message.push_str(&format!(" at fail-on = \"{}\"", least.as_str()));
    }
    let ids: Vec<&str> = found.iter().map(|mutant| mutant.id.as_str()).collect();
    Some(
        // A finding that fails the run has at least this severity.
        Diagnostic::new("mutants-unnoticed", worst.max(Severity::Medium), message)
            .with_help(
                "add the suggested assertions, commit the schema (`confiture snapshot --accept`: a mutant that leaves \
                 another one is noticed then), or say in [mutate] of confiture.toml what is enough",
            )
            .with_evidence("mutants", ids),
    )
}

fn plural(count: usize) -> String {
    format!("{count} {}", if count == 1 { "mutant" } else { "mutants" })
}

#[cfg(test)]
mod tests {
    use confiture_core::plugin::MutationCategory;
    use confiture_core::report::MutationThresholds;

    use super::*;

    fn mutant(place: usize, object: &str, severity: Severity, status: MutantStatus) -> MutantResult {
        MutantResult {
            id: format!("op/m/{object}/{place}"),
            place,
            operator: "op".to_owned(),
            category: MutationCategory::Schema,
            severity,
            migration: "m".to_owned(),
            direction: Direction::Up,
            object: object.to_owned(),
            file: "m.sql".to_owned(),
            line: 1,
            column: 1,
            description: format!("thing {place} is dropped"),
            original: String::new(),
            replacement: String::new(),
            status,
            reached: Vec::new(),
            killed_by: Vec::new(),
            own_kill: false,
            same_as: None,
            reason: None,
            suggestion: None,
            duration_ms: 0.0,
        }
    }

    fn report(mutants: Vec<MutantResult>) -> MutationReport {
        let mut report = MutationReport::new(1, String::new(), mutants);
        fill(&mut report, &["own", "idle"].map(str::to_owned).into());
        report
    }

    #[test]
    fn recommendations_name_objects_worst_first_and_say_each_mistake_once() {
        use MutantStatus::{Equivalent, Indistinct, Killed, Survived};
        let mut many: Vec<MutantResult> =
            (0..5).map(|at| mutant(at, "a.low", Severity::Low, Survived)).collect();
        many[1].description = many[0].description.clone();
        many.push(mutant(5, "a.id", Severity::Critical, Indistinct));
        many.push(mutant(6, "a.known", Severity::Critical, Killed));
        many.push(mutant(7, "a.same", Severity::Critical, Equivalent));
        assert_eq!(
            report(many).recommendations,
            [
                "a.id in m (critical): no test notices when thing 5 is dropped (no row shows it)",
                "a.low in m (low): no test notices when thing 0 is dropped, or thing 2 is dropped, or thing 3 \
                 is dropped, and 1 more"
            ]
        );
    }

    #[test]
    fn a_test_that_sees_many_mutants_and_notices_none_is_weak() {
        let mut mutants: Vec<MutantResult> =
            (0..6).map(|at| mutant(at, "a", Severity::High, MutantStatus::Survived)).collect();
        for mutant in &mut mutants {
            mutant.reached = vec!["idle".to_owned(), "down".to_owned()];
        }
        mutants[0].status = MutantStatus::Killed;
        mutants[0].killed_by = vec!["own".to_owned()];
        let tests = report(mutants).tests;
        let told: Vec<_> =
            tests.iter().map(|t| (t.name.as_str(), t.own, t.reached, t.kills, t.weak())).collect();
        assert_eq!(
            told,
            [("down", false, 6, 0, false), ("idle", true, 6, 0, true), ("own", true, 1, 1, false)]
        );
    }

    #[test]
    fn thresholds_decide_what_fails() {
        use MutantStatus::{Error, Killed, Survived};
        let mut report = report(vec![
            mutant(0, "a", Severity::Medium, Survived),
            mutant(1, "a", Severity::High, Killed),
            mutant(2, "a", Severity::High, Killed),
        ]);
        let codes = |report: &MutationReport| judge(report).iter().map(|f| f.code).collect::<Vec<_>>();
        assert_eq!(codes(&report), ["mutants-unnoticed"]);
        let mut ask = |min_score, fail_on, shard: Option<&str>| {
            report.thresholds = Some(MutationThresholds { min_score, min_own_score: None, fail_on });
            report.shard = shard.map(str::to_owned);
            codes(&report)
        };
        assert_eq!(ask(Some(66), None, None), [""; 0]);
        assert_eq!(ask(Some(67), None, None), ["mutation-score-low"]);
        assert_eq!(ask(Some(67), None, Some("1/2")), [""; 0]);
        assert_eq!(ask(None, Some(Severity::High), None), [""; 0]);
        assert_eq!(ask(None, Some(Severity::Medium), Some("1/2")), ["mutants-unnoticed"]);
        report.mutants[0].status = Error;
        report.count();
        assert_eq!(codes(&report), ["mutants-not-judged"]);
    }
}
