//! What `test` and `mutate` judge by: migrations, rows, tests, queries.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use confiture_core::config::Settings;
use confiture_core::plugin::Registry;
use confiture_fixtures::sqltest::{self, TestFiles, UserTest};
use confiture_fixtures::{QueryFile, SeedFiles, TestOptions, TestSource};

use super::chain;
use super::select::Selection;
use crate::args::JudgeArgs;
use crate::settings;

/// The user's own tests, as far as `--run` selects them.
pub(super) fn tests(
    args: &JudgeArgs,
    settings: &Settings,
    source: &TestSource,
) -> anyhow::Result<Vec<Arc<UserTest>>> {
    let limit = Duration::from_secs(settings.test_timeout.unwrap_or(TEST_TIMEOUT));
    let files = TestFiles {
        paths: settings.tests.clone(),
        layout: source.layout.clone(),
        commands: settings.test_command.iter().map(|line| (line.clone(), limit)).collect(),
    };
    let tests = sqltest::load(&files, &source.loaded).context("failed to read the tests")?;
    let chosen = |test: &UserTest| args.run.as_ref().is_none_or(|pattern| pattern.is_match(test.name()));
    Ok(tests.into_iter().filter(chosen).map(Arc::new).collect())
}

/// Most seconds a command of the user's may take when nobody says.
const TEST_TIMEOUT: u64 = 600;

/// Reads the migrations and works out what is to be judged.
pub(super) async fn prepare(
    args: &JudgeArgs,
    settings: &Settings,
    registry: &Registry,
) -> anyhow::Result<(TestSource, TestOptions)> {
    let dir = settings.dir.clone().unwrap_or_default();
    let source = chain::load(settings, registry)?;
    let mut ladder = chain::ladder(settings)?;
    let seeds = super::seeds(settings.seeds.as_deref(), &source.loaded)?;
    (ladder.rows, ladder.seeds) = rows(settings, ladder.rows, seeds);
    ladder.seed = settings.seed.unwrap_or(ladder.seed);
    let watched =
        if settings.skip.iter().any(|id| id == "queries") { &[] } else { settings.queries.as_slice() };
    let queries = QueryFile::load(watched).context("failed to read the queries")?;
    ladder.queries = queries.into_iter().map(Arc::new).collect();
    let tests = tests(args, settings, &source)?;
    let loaded = &source.loaded;
    let mut options = TestOptions {
        ladder,
        tests,
        skipped_checks: settings.skip.iter().cloned().collect(),
        snapshot: Some(settings::snapshot(settings)),
        ..TestOptions::default()
    };
    let selection = Selection {
        only: &args.selection.only,
        from: args.selection.from.as_deref(),
        to: args.selection.to.as_deref(),
        changed_since: args.selection.changed_since.as_deref(),
    };
    let selected = selection.of(&dir, loaded).await?;
    options.judged = selected.judged;
    options.last = selected.last;
    options.released = selected.released;
    Ok((source, options))
}

/// Rows a table gets, and the user's own; none where no check asks for them.
fn rows(settings: &Settings, default: u64, seeds: SeedFiles) -> (u64, SeedFiles) {
    let skipped = |id: &str| settings.skip.iter().any(|skipped| skipped == id);
    match skipped("up-data") && skipped("data") {
        true => (0, SeedFiles::default()),
        false => (settings.rows.unwrap_or(default), seeds),
    }
}
