//! Every operator's own example: the mutant it names comes out, PostgreSQL takes it, and what it says would
//! notice does notice.

use std::collections::BTreeSet;
use std::path::Path;

use confiture_core::db::{Env, Server, ServerOptions};
use confiture_core::migration::layout::{self, LoadOptions, Loaded};
use confiture_core::migration::{Direction, StatementKind, Step, TransactionMode};
use confiture_core::plugin::{Killer, Mutant, MutationContext, MutationExample, MutationOperator, Registry};
use confiture_core::report::CheckStatus;
use confiture_fixtures::sqltest::{self, Bench, UserTest};
use confiture_fixtures::{LadderOptions, TestOptions, TestRun, TestSource, run_script};

use crate::mutated;

/// The chain of an example, with another script in the operator's direction where one is given.
pub(super) fn chain(example: &MutationExample, direction: Direction, script: Option<&str>) -> TestSource {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, sql: &str| std::fs::write(dir.path().join(name), sql).unwrap();
    write("0001_before.up.sql", example.before);
    write("0001_before.down.sql", "");
    let (mut up, mut down) = (example.up, example.down);
    match (direction, script) {
        (_, None) => {}
        (Direction::Up, Some(script)) => up = script,
        (Direction::Down, Some(script)) => down = script,
    }
    write("0002_example.up.sql", up);
    write("0002_example.down.sql", down);
    let registry = Registry::linked().unwrap();
    let (layout, detection, mut loaded) =
        layout::load(&registry, dir.path(), Some("golang-migrate"), &LoadOptions::default()).unwrap();
    if example.down.is_empty() && direction == Direction::Up {
        loaded.migrations[1].down = Step::Absent;
    }
    loaded.migrations[0].down = Step::Absent;
    TestSource { dir: String::new(), layout: layout.to_owned(), detection, loaded }
}

fn mutants(operator: &dyn MutationOperator, source: &TestSource, direction: Direction) -> Vec<Mutant> {
    let mut out = Vec::new();
    if let Some(cx) = MutationContext::new(&source.loaded.migrations[1], direction) {
        operator.mutate(&cx, &mut out);
    }
    out
}

/// The script of the operator's direction with the mutant's edits made.
pub(super) fn text(source: &TestSource, direction: Direction, mutant: &Mutant) -> String {
    let script = source.loaded.migrations[1].step(direction).script().unwrap();
    confiture_core::sql::apply(&script.source.text, &mutant.file_edits(script).unwrap()).unwrap()
}

/// What an operator makes of one script: the text of each mutant, after the edits.
pub(super) fn check(id: &str, direction: Direction, script: &'static str) -> Vec<String> {
    let registry = Registry::linked().unwrap();
    let operator = registry.operators().find(|operator| operator.meta().plugin.id == id).unwrap();
    let example = MutationExample { up: script, down: script, ..operator.meta().example.unwrap() };
    let source = chain(&example, direction, None);
    let original = sent(&source, direction, None);
    let found = mutants(operator, &source, direction);
    for mutant in &found {
        assert_ne!(sent(&source, direction, Some(mutant)), original, "{id} changes nothing: {mutant:?}");
    }
    found.iter().map(|mutant| text(&source, direction, mutant)).collect()
}

/// The statements a script sends.
fn sent(source: &TestSource, direction: Direction, mutant: Option<&Mutant>) -> Vec<(String, StatementKind)> {
    let migration = &source.loaded.migrations[1];
    let changed = match mutant {
        Some(mutant) => mutated(migration, direction, mutant).unwrap(),
        None => migration.clone(),
    };
    let script = changed.step(direction).script().unwrap();
    script.statements.iter().map(|s| (s.sql.to_string(), s.kind.clone())).collect()
}

fn examples(registry: &Registry) -> Vec<(&dyn MutationOperator, MutationExample, Direction)> {
    let only = std::env::var("CONFITURE_OPERATOR").ok();
    let wanted = |id: &str| only.as_deref().is_none_or(|only| id.starts_with(only));
    let operators = registry.operators().filter(|operator| wanted(operator.meta().plugin.id));
    operators
        .map(|operator| {
            let meta = operator.meta();
            let example = meta.example.unwrap_or_else(|| panic!("{} has no example", meta.plugin.id));
            (operator, example, meta.direction.unwrap_or(Direction::Up))
        })
        .collect()
}

#[test]
fn every_operator_makes_the_mutant_of_its_example_and_spares_what_has_no_site() {
    let registry = Registry::linked().unwrap();
    for (operator, example, direction) in examples(&registry) {
        let id = operator.meta().plugin.id;
        let source = chain(&example, direction, None);
        let found = mutants(operator, &source, direction);
        let texts: Vec<String> = found.iter().map(|mutant| text(&source, direction, mutant)).collect();
        assert!(texts.iter().any(|text| text == example.mutant), "{id}: {texts:#?}");
        let original = sent(&source, direction, None);
        for mutant in &found {
            assert_ne!(sent(&source, direction, Some(mutant)), original, "{id} changes nothing: {mutant:?}");
        }
        let distinct: BTreeSet<&String> = texts.iter().collect();
        assert_eq!(distinct.len(), texts.len(), "{id} makes a mutant twice: {texts:#?}");
        let spared = chain(&example, direction, Some(example.spared));
        let found = mutants(operator, &spared, direction);
        assert!(found.is_empty(), "{id} finds a site in what it should spare: {found:#?}");
    }
}

/// A private server of the major that `CONFITURE_PG` says.
pub(super) async fn server() -> Server {
    let version = std::env::var("CONFITURE_PG").ok().and_then(|major| major.parse().ok());
    let env = std::env::vars_os().collect::<Env>();
    Server::open(&ServerOptions { version, env, ..ServerOptions::default() }).await.unwrap()
}

/// Runs what should notice; `None` when it passes.
async fn noticed(server: &Server, source: &TestSource, killer: Killer) -> Option<String> {
    let loaded = &source.loaded;
    match killer {
        Killer::Test(sql) => {
            let test = UserTest::parse("example", Path::new("example.sql"), sql.to_owned());
            let needs = test.needs(loaded).unwrap();
            let database = server.create_database("example").await.unwrap();
            let session = database.session().await.unwrap();
            for migration in &loaded.migrations[..needs.start.map_or(0, |at| at + 1)] {
                let script = migration.up.script().unwrap();
                let run = run_script(&session, script, Direction::Up).await;
                assert!(run.failure.is_none(), "{}: {:?}", migration.id, run.failure);
            }
            session.close().await;
            let bench = Bench { loaded, deadline: None, fail_fast: true };
            let outcome = sqltest::run(&test, &database, needs.start, &bench).await.unwrap();
            database.close().await.unwrap();
            assert_ne!(outcome.status, CheckStatus::Skipped, "{:?}", outcome.reason);
            outcome.findings.first().map(|finding| format!("{}: {:?}", finding.code, finding.message))
        }
        Killer::Check(id) => {
            let registry = Registry::linked().unwrap();
            let options = TestOptions { ladder: LadderOptions::default(), ..TestOptions::default() };
            let run = TestRun { server, registry: &registry, source, options };
            let report = Box::pin(run.run(&mut |_| {})).await.unwrap().report;
            let checks = &report.migrations[1].checks;
            let up = checks.iter().find(|check| check.id == "up").unwrap();
            assert_eq!(up.status, CheckStatus::Passed, "{:#?}", report.findings);
            let check = checks.iter().find(|check| check.id == id).unwrap();
            assert_ne!(check.status, CheckStatus::Skipped, "{:?}", check.reason);
            (check.status == CheckStatus::Failed).then(|| format!("{:?}", report.findings.first()))
        }
    }
}

#[tokio::test]
async fn postgresql_takes_the_mutant_of_every_example_and_its_killer_notices() {
    let registry = Registry::linked().unwrap();
    let server = server().await;
    let mut wrong = Vec::new();
    for (operator, example, direction) in examples(&registry) {
        let id = operator.meta().plugin.id;
        let source = chain(&example, direction, None);
        let found = mutants(operator, &source, direction);
        let Some(mutant) = found.iter().find(|mutant| text(&source, direction, mutant) == example.mutant)
        else {
            continue; // the test above says so
        };
        let mut changed = chain(&example, direction, None);
        changed.loaded.migrations[1] = mutated(&source.loaded.migrations[1], direction, mutant).unwrap();
        if let Err(refused) = accepted(&server, &changed.loaded, direction).await {
            wrong.push(format!("{id}: PostgreSQL refuses the mutant: {refused}"));
            continue;
        }
        if let Some(said) = noticed(&server, &source, example.killer).await {
            wrong.push(format!("{id}: the original fails: {said}"));
        }
        if noticed(&server, &changed, example.killer).await.is_none() {
            wrong.push(format!("{id}: nothing notices the mutant"));
        }
    }
    server.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs the chain, and the rollback of its last migration when that is what was changed.
async fn accepted(server: &Server, loaded: &Loaded, direction: Direction) -> Result<(), String> {
    let database = server.create_database("accepted").await.unwrap();
    let session = database.session().await.unwrap();
    let ups = loaded.migrations.iter().map(|m| (m, Direction::Up));
    let down = (direction == Direction::Down).then(|| (&loaded.migrations[1], Direction::Down));
    let mut result = Ok(());
    for (migration, direction) in ups.chain(down) {
        let run = run_script(&session, migration.step(direction).script().unwrap(), direction).await;
        if let Some(failed) = run.failure {
            result = Err(failed.failure.to_string());
            break;
        }
    }
    session.close().await;
    database.close().await.unwrap();
    result
}

/// What an operator makes of a script, and of which object: `object: script`.
pub(super) fn made(operator: &dyn MutationOperator, sql: &str, transaction: TransactionMode) -> Vec<String> {
    let direction = operator.meta().direction.unwrap_or(Direction::Up);
    let example = operator.meta().example.unwrap();
    let mut source = chain(&example, direction, Some(sql));
    let migration = &mut source.loaded.migrations[1];
    let step = match direction {
        Direction::Up => &mut migration.up,
        Direction::Down => &mut migration.down,
    };
    if let Step::Sql(script) = step {
        script.transaction = transaction;
    }
    let line = |mutant: &Mutant| format!("{}: {}", mutant.object, text(&source, direction, mutant));
    mutants(operator, &source, direction).iter().map(line).collect()
}
