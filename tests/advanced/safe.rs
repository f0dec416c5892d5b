//! Migrations that are safe, though they look like others that are not: nothing may be said of them.

use std::path::Path;

use confiture_core::Severity;
use confiture_core::plugin::Registry;
use confiture_gates::{LintOptions, lint};
use confiture_tests::{Scenario, root};

use crate::decided;

/// The parts of a case: a title (`setup`, `migration`, `migration, no transaction`, `client`) and its SQL.
pub(super) fn parts(text: &str) -> Vec<(&str, String)> {
    const TITLES: &[&str] = &["setup", "migration", "migration, no transaction", "client"];
    let mut parts: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        let title = line.strip_prefix("-- ").and_then(|title| TITLES.iter().find(|known| **known == title));
        match (title, parts.last_mut()) {
            (Some(title), _) => parts.push((title, String::new())),
            (None, Some((_, sql))) => *sql += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    parts
}

/// The migrations of a case behind its setup.
pub(super) fn scenario(parts: &[(&str, String)]) -> Scenario {
    let mut scenario = Scenario::new(&[]).layout("plain").with_rows();
    let mut count = 0;
    for (title, sql) in parts {
        if *title == "client" {
            scenario = scenario.query("client.sql", sql);
            continue;
        }
        count += 1;
        let head = if *title == "migration" { "" } else { "-- confiture: no-transaction\n" };
        scenario.write(&format!("{count:04}_{}.sql", &title[..5]), format!("{head}{sql}").as_bytes());
    }
    scenario.options.judged = Some((1..count).collect());
    scenario
}

/// What lint and gate say of a case, and the checks that failed.
fn said(parts: &[(&str, String)]) -> Vec<String> {
    let scenario = scenario(parts);
    let registry = Registry::linked().unwrap_or_else(|error| panic!("{error}"));
    let source = scenario.load().unwrap_or_else(|error| panic!("{error}"));
    let options = LintOptions { judged: scenario.options.judged.clone(), ..LintOptions::default() };
    let linted = lint(&registry, &source, &options);
    let mut said = Vec::new();
    for (command, report) in [("lint", linted), ("gate", decided(&scenario))] {
        let loud = report.findings.iter().filter(|finding| {
            finding.severity > Severity::Info
                && finding.evidence.get("category").is_none_or(|category| category != "design")
        });
        said.extend(loud.map(|finding| format!("{command}: {} {}", finding.code, finding.message)));
    }
    said
}

#[test]
fn safe_migrations_are_not_objected_to() {
    let directory = root().join("tests/data/safe-migrations");
    let mut files: Vec<_> = std::fs::read_dir(&directory)
        .expect("the directory")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    assert!(files.len() >= 40);
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a case");
        assert!(text.starts_with("-- Pattern known from: "), "{}: where is it known from?", file.display());
        let name = file.file_stem().map(Path::new).unwrap_or(file).display().to_string();
        wrong.extend(said(&parts(&text)).into_iter().map(|line| format!("{name}: {line}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_word_makes_a_safe_migration_a_hazard() {
    let directory = root().join("tests/data/safe-migrations");
    for (file, safe, hazard, rule) in [
        ("01-varchar-widened", "varchar(255)", "varchar(20)", "alter-column-type-rewrite"),
        ("06-timestamp-to-timestamptz-under-utc", "'UTC'", "'Europe/Berlin'", "alter-column-type-rewrite"),
        ("19-index-created-concurrently", "INDEX CONCURRENTLY", "INDEX", "index-not-concurrent"),
        (
            "25-columns-with-constant-defaults",
            "DEFAULT now()",
            "DEFAULT clock_timestamp()",
            "add-column-volatile-default",
        ),
    ] {
        let text = std::fs::read_to_string(directory.join(format!("{file}.sql"))).expect("a case");
        assert!(said(&parts(&text)).is_empty());
        let changed = text.replace(safe, hazard);
        assert_ne!(text, changed);
        let said = said(&parts(&changed));
        assert!(said.iter().any(|line| line.starts_with(&format!("gate: {rule} "))), "{file}: {said:?}");
    }
}
