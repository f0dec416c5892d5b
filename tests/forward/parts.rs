//! A long chain judged in two parts, on two servers, says what one server says.

use confiture_core::db::{Env, ServerOptions};
use confiture_core::plugin::Registry;
use confiture_core::report::RunReport;
use confiture_fixtures::{Beside, Event, LONG, TestOptions, TestRun, TestSource, Tested};
use confiture_tests::{Scenario, block_on, root, server};
use serde_json::Value;

/// A second server like the one the tests share.
fn beside(at_once: bool) -> Option<Beside> {
    let version = std::env::var("CONFITURE_PG").ok().and_then(|major| major.parse().ok());
    let env = std::env::vars_os().collect::<Env>();
    Some(Beside { server: ServerOptions { version, env, ..ServerOptions::default() }, at_once })
}

/// Runs the main job; also the order in which migrations were judged.
fn run(source: &TestSource, options: TestOptions) -> (Tested, Vec<usize>) {
    let registry = Registry::linked().expect("plugins");
    let mut judged = Vec::new();
    let mut event = |event: Event<'_>| {
        if let Event::Judged { index, .. } = event {
            judged.push(index);
        }
    };
    let server = server();
    let run = TestRun { server: &server, registry: &registry, source, options };
    let tested = block_on(run.run(&mut event)).unwrap_or_else(|error| panic!("{error}"));
    (tested, judged)
}

/// A report without what is measured in it.
fn timeless(report: &RunReport) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| name != "duration_ms");
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(report).expect("JSON");
    strip(&mut value);
    value
}

/// Judges `source` on one server and on two; returns the report, which is the same.
fn the_same(source: &TestSource, options: &TestOptions, at_once: bool) -> RunReport {
    let (one, order) = run(source, TestOptions { beside: None, ..options.clone() });
    assert_eq!(one.parts, 1);
    let (two, order_of_two) = run(source, TestOptions { beside: beside(at_once), ..options.clone() });
    assert_eq!(two.parts, 2);
    assert_eq!(order_of_two, order);
    same_lines(&timeless(&two.report), &timeless(&one.report));
    one.report
}

/// Compares line by line, so that a failure shows where.
fn same_lines(left: &Value, right: &Value) {
    let lines = |value: &Value| serde_json::to_string_pretty(value).expect("JSON");
    let (left, right) = (lines(left), lines(right));
    let differing: Vec<_> = left.lines().zip(right.lines()).filter(|(a, b)| a != b).take(8).collect();
    assert!(left == right, "{differing:#?}");
}

/// `count` migrations that make, fill and widen tables; `changed` replaces some, by index.
fn chain(count: usize, changed: &[(usize, &str)]) -> Scenario {
    let mut scenario = Scenario::new(&[]).with_rows();
    scenario.options.long = 20;
    for at in 0..count {
        let table = format!("t{:03}", at - at % 3);
        let (up, down) = match at % 3 {
            0 => (
                format!("CREATE TABLE {table} (id serial PRIMARY KEY, name text);\n"),
                format!("DROP TABLE {table};\n"),
            ),
            1 => (
                format!("INSERT INTO {table} (name) VALUES ('a'), ('b');\n"),
                format!("DELETE FROM {table};\n"),
            ),
            _ => (
                format!("ALTER TABLE {table} ADD COLUMN c int NOT NULL DEFAULT 7;\n"),
                format!("ALTER TABLE {table} DROP COLUMN c;\n"),
            ),
        };
        let up = changed.iter().find(|(index, _)| *index == at).map_or(up, |(_, sql)| format!("{sql}\n"));
        scenario.write(&format!("{at:04}_step.up.sql"), up.as_bytes());
        scenario.write(&format!("{at:04}_step.down.sql"), down.as_bytes());
    }
    scenario
}

#[test]
fn the_examples_are_judged_alike_in_two_parts() {
    for example in ["shop", "broken"] {
        let dir = root().join("examples").join(example).join("migrations");
        let registry = Registry::linked().expect("plugins");
        let (layout, detection, loaded) =
            confiture_core::migration::layout::load(&registry, &dir, None, &Default::default())
                .expect("a chain");
        let source =
            TestSource { dir: dir.display().to_string(), layout: layout.to_owned(), detection, loaded };
        let options = TestOptions { long: 2, ..TestOptions::default() };
        let report = the_same(&source, &options, true);
        assert_eq!(report.migrations.len(), source.loaded.migrations.len());
    }
}

#[test]
fn failures_in_either_part_are_judged_alike() {
    for broken in [4, 55] {
        let scenario = chain(60, &[(broken, "SELECT nothing;")]).query("late.sql", "SELECT c FROM t057;");
        let scenario = scenario.query("never.sql", "SELECT nothing FROM t000;");
        let report = the_same(&scenario.load().expect("a chain"), &scenario.options, true);
        let failed = report.migrations.iter().position(|migration| migration.failed());
        assert!(failed.is_some_and(|at| at <= broken), "{failed:?}");
        let breaks = |code: &str| report.findings.iter().filter(|finding| finding.code == code).count();
        assert_eq!(breaks("query-never-works"), 1);
    }
}

#[test]
fn a_selection_is_judged_alike_one_part_after_the_other() {
    let mut scenario = chain(60, &[(4, "SELECT nothing;")]);
    scenario.options.judged = Some((10..50).filter(|at| at % 7 != 0).collect());
    scenario.options.last = Some(55);
    the_same(&scenario.load().expect("a chain"), &scenario.options, false);
}

#[test]
fn chains_that_come_out_otherwise_elsewhere_are_judged_on_one_server() {
    // What the catalog shows differs in every database.
    let random = "DO $$ BEGIN EXECUTE format('COMMENT ON TABLE t003 IS %L', gen_random_uuid()); END $$;";
    // After the turn it matters to no other migration.
    for (at, parts) in [(4, 1), (29, 2)] {
        let mut scenario = chain(30, &[(at, random)]);
        scenario.options.beside = beside(true);
        let (tested, order) = run(&scenario.load().expect("a chain"), scenario.options.clone());
        assert_eq!((tested.parts, order), (parts, (0..30).collect()));
    }
}

#[test]
fn rows_that_differ_from_run_to_run_need_no_second_chance() {
    // Only rows are random: the catalog, and with it the verdict, is the same.
    let random = "INSERT INTO t003 (name) SELECT random()::text || now() FROM generate_series(1, 3);";
    let scenario = chain(30, &[(4, random)]);
    the_same(&scenario.load().expect("a chain"), &scenario.options, true);
}

#[test]
fn without_a_second_server_one_is_enough() {
    let scenario = chain(30, &[]);
    let source = scenario.load().expect("a chain");
    let nowhere = ServerOptions { pg_bin: Some("/nonexistent".into()), ..ServerOptions::default() };
    let beside = Some(Beside { server: nowhere, at_once: true });
    let (two, order) = run(&source, TestOptions { beside, ..scenario.options.clone() });
    assert_eq!((two.parts, order), (1, (0..30).collect()));
}

#[test]
fn short_chains_and_user_tests_take_one_server() {
    let mut scenario = chain(21, &[]);
    scenario.options.beside = beside(true);
    let parts =
        |scenario: &Scenario| run(&scenario.load().expect("a chain"), scenario.options.clone()).0.parts;
    assert_eq!(parts(&scenario), 2);
    scenario.options.long = LONG;
    assert_eq!(parts(&scenario), 1);
    scenario.options.long = 20;
    assert_eq!(parts(&scenario.test("one", "SELECT true;")), 1);
}
