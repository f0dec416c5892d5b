//! Migrations that only the catalog, the rows or a query of the application give away: each is reported by its rule.

use confiture_core::Severity;
use confiture_tests::root;

use crate::decided;
use crate::safe::{parts, scenario};

#[test]
fn hazards_that_only_a_server_gives_away_are_reported() {
    let directory = root().join("tests/data/hazards");
    let mut files: Vec<_> = std::fs::read_dir(&directory)
        .expect("the directory")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    assert!(files.len() >= 28);
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a case");
        let first = text.lines().next().and_then(|line| line.strip_prefix("-- Reported as: "));
        let rule = first.unwrap_or_else(|| panic!("{}: which rule?", file.display()));
        let report = decided(&scenario(&parts(&text)));
        let told = |code: &str, severity| code == rule && severity >= Severity::Medium;
        if !report.findings.iter().any(|finding| told(&finding.code, finding.severity)) {
            let found: Vec<String> = report
                .findings
                .iter()
                .map(|finding| format!("{} {:?}", finding.code, finding.severity))
                .collect();
            wrong.push(format!("{}: {found:?}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
