//! The tests of `examples/shop` notice what is done to its migrations.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use confiture_core::migration::layout::LoadOptions;
use confiture_core::plugin::Registry;
use confiture_core::report::MutationReport;
use confiture_fixtures::sqltest::{self, TestFiles, UserTest};
use confiture_fixtures::{LadderOptions, QueryFile, TestSource};
use confiture_mutation::{MutationOptions, MutationRunner};
use confiture_tests::{block_on, root, server};

fn shop(path: &str) -> PathBuf {
    root().join("examples/shop").join(path)
}

/// Mutants of the shop, judged by its own tests, queries and committed schema.
fn mutate(change: impl FnOnce(&TestSource, &mut MutationOptions)) -> MutationReport {
    let registry = Registry::linked().unwrap();
    let source = TestSource::load(&registry, &shop("migrations"), None, &LoadOptions::default()).unwrap();
    let files = TestFiles { paths: vec![shop("confiture/tests")], ..TestFiles::default() };
    let queries = QueryFile::load(&[shop("queries")]).unwrap();
    let mut options = MutationOptions {
        ladder: LadderOptions {
            queries: queries.into_iter().map(Arc::new).collect(),
            ..LadderOptions::default()
        },
        tests: sqltest::load(&files, &source.loaded).unwrap().into_iter().map(Arc::new).collect(),
        snapshot: Some(shop("confiture")),
        ..MutationOptions::default()
    };
    change(&source, &mut options);
    let server = server();
    let runner = MutationRunner { servers: &[&server], registry: &registry, source: &source, options };
    let mutated = block_on(runner.run(&mut |_| {})).unwrap_or_else(|error| panic!("{error}"));
    mutated.report.mutation.unwrap()
}

#[test]
fn the_shop_s_own_tests_notice_nine_of_ten_mutants() {
    let report = mutate(|_, options| options.sample = Some(50));
    assert_eq!((report.totals.error, report.totals.timeout), (0, 0));
    let unnoticed = report.mutants.iter().filter(|mutant| mutant.status.unnoticed());
    let unnoticed: Vec<&str> = unnoticed.map(|mutant| mutant.id.as_str()).collect();
    assert!(report.own_score.unwrap() >= 0.9, "{:?} {unnoticed:#?}", report.own_score);
}

/// A test file in pieces: `Ok` a directive with its statement, that may fail, `Err` what stands between them.
fn pieces(text: &str) -> Vec<Result<String, String>> {
    let mut pieces: Vec<Result<String, String>> = vec![Err(String::new())];
    for line in text.lines() {
        if line.starts_with("-- confiture: assert") || line.starts_with("-- confiture: catch") {
            pieces.push(Ok(String::new()));
        }
        let (Ok(piece) | Err(piece)) = pieces.last_mut().unwrap();
        piece.push_str(line);
        piece.push('\n');
        if line.ends_with(';') {
            pieces.push(Err(String::new()));
        }
    }
    pieces
}

/// The test with those assertions alone whose place `keep` takes.
fn with(name: &str, pieces: &[Result<String, String>], keep: impl Fn(usize) -> bool) -> Arc<UserTest> {
    let mut text = String::new();
    let mut place = 0;
    for piece in pieces {
        match piece {
            Ok(assertion) => {
                if keep(place) {
                    text.push_str(assertion);
                }
                place += 1;
            }
            Err(between) => text.push_str(between),
        }
    }
    Arc::new(UserTest::parse(name, format!("{name}.sql").as_ref(), text))
}

fn own_kills(report: &MutationReport) -> BTreeSet<&str> {
    report.mutants.iter().filter(|mutant| mutant.own_kill).map(|mutant| mutant.id.as_str()).collect()
}

#[test]
fn without_an_assertion_go_the_mutants_that_it_alone_killed() {
    let text = std::fs::read_to_string(shop("confiture/tests/stock_2027.sql")).unwrap();
    let pieces = pieces(&text);
    let assertions = pieces.iter().filter(|piece| piece.is_ok()).count();
    assert_eq!(assertions, 4);
    let judged = |tests: Vec<Arc<UserTest>>, matrix: bool| {
        mutate(|source, options| {
            let at = source.loaded.migrations.iter().position(|migration| migration.version == "0013");
            options.judged = Some(at.into_iter().collect());
            options.last = at;
            options.tests.retain(|test| test.name() != "stock_2027");
            options.tests.extend(tests);
            options.matrix = matrix;
        })
    };
    // Each assertion as a test of its own, and everybody asked about every mutant.
    let alone = (0..assertions).map(|place| with(&place.to_string(), &pieces, |other| other == place));
    let matrix = judged(alone.collect(), true);
    let tests = matrix.tests.iter().filter(|test| test.own);
    let own: BTreeSet<&str> = tests.map(|test| test.name.as_str()).collect();
    for (place, is_needed) in [(2, true), (0, false)] {
        let name = place.to_string();
        let only_by_it = |killed_by: &[String]| {
            let mut killers = killed_by.iter().filter(|killer| own.contains(killer.as_str())).peekable();
            killers.peek().is_some() && killers.all(|killer| *killer == name)
        };
        let lost = matrix.mutants.iter().filter(|mutant| only_by_it(&mutant.killed_by));
        let lost: BTreeSet<&str> = lost.map(|mutant| mutant.id.as_str()).collect();
        assert_eq!(!lost.is_empty(), is_needed, "{place}: {lost:?}");
        let without = judged(vec![with("without", &pieces, |other| other != place)], false);
        let kept: BTreeSet<&str> = own_kills(&matrix).difference(&lost).copied().collect();
        assert_eq!(own_kills(&without), kept);
        let share = |report: &MutationReport| report.own_score.unwrap();
        let effective = matrix.totals.effective() as f64;
        assert!((share(&matrix) - share(&without) - lost.len() as f64 / effective).abs() < 1e-9);
    }
}
