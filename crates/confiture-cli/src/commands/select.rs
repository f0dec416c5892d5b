//! Which migrations are judged, and by what: `--only`, `--from`, `--to`, `--changed-since`, tests, queries.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use confiture_core::config::Settings;
use confiture_core::migration::Step;
use confiture_core::migration::layout::Loaded;
use confiture_core::plugin::Registry;
use confiture_fixtures::sqltest::{self, TestFiles, UserTest};
use confiture_fixtures::{QueryFile, SeedFiles, TestOptions, TestSource, find_version};

use super::chain;
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
        judged: None,
        last: None,
        skipped_checks: settings.skip.iter().cloned().collect(),
        snapshot: Some(settings::snapshot(settings)),
        ..TestOptions::default()
    };
    select(args, loaded, &mut options)?;
    if let Some(reference) = &args.changed_since {
        let base = Base::read(&dir, reference).await?;
        let changed = |step: &Step| step_file(step).is_some_and(|file| base.changed(file));
        let known = |step: &Step| step_file(step).is_some_and(|file| base.known(file));
        let touched: BTreeSet<usize> = (0..loaded.migrations.len())
            .filter(|&at| changed(&loaded.migrations[at].up) || changed(&loaded.migrations[at].down))
            .collect();
        options.judged = Some(match options.judged.take() {
            Some(judged) => judged.intersection(&touched).copied().collect(),
            None => touched,
        });
        options.released =
            Some(loaded.migrations.iter().filter(|m| known(&m.up)).map(|m| m.id.clone()).collect());
    }
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

/// Applies `--only`, `--from` and `--to`.
fn select(args: &JudgeArgs, loaded: &Loaded, options: &mut TestOptions) -> anyhow::Result<()> {
    let version = |version: &str| find_version(loaded, version).context("failed to select migrations");
    let first = args.from.as_deref().map(version).transpose()?.unwrap_or(0);
    options.last = args.to.as_deref().map(version).transpose()?;
    if let Some(last) = options.last
        && last < first
    {
        let versions = [args.from.as_deref().unwrap_or_default(), args.to.as_deref().unwrap_or_default()];
        bail!("--from {} comes after --to {}: no migration lies between", versions[0], versions[1]);
    }
    let mut globs = globset::GlobSetBuilder::new();
    for pattern in &args.only {
        globs.add(globset::Glob::new(pattern).with_context(|| format!("failed to read --only {pattern}"))?);
    }
    let globs = globs.build().context("failed to read --only")?;
    if args.only.is_empty() && args.from.is_none() {
        return Ok(());
    }
    let end = options.last.map_or(loaded.migrations.len(), |last| last + 1);
    let chosen = loaded.migrations[..end].iter().enumerate().skip(first);
    let chosen =
        chosen.filter(|(_, m)| args.only.is_empty() || globs.is_match(&m.id) || globs.is_match(&m.version));
    options.judged = Some(chosen.map(|(at, _)| at).collect());
    if options.judged.as_ref().is_some_and(BTreeSet::is_empty) {
        let within = &loaded.migrations[first..end];
        let ids: Vec<&str> = within.iter().take(3).map(|m| m.id.as_str()).collect();
        let more = if within.len() > ids.len() { ", …" } else { "" };
        let (count, s) = (within.len(), if within.len() == 1 { "" } else { "s" });
        let patterns = args.only.join(" --only ");
        bail!("--only {patterns} matches none of {count} migration{s} ({}{more})", ids.join(", "));
    }
    Ok(())
}

fn step_file(step: &Step) -> Option<&Path> {
    match step {
        Step::Sql(script) => Some(&script.source.path),
        Step::NotRunnable { file, .. } => Some(file),
        Step::Absent => None,
    }
}

/// What a git reference holds of a directory.
struct Base {
    known: BTreeSet<String>,
    changed: BTreeSet<String>,
}

impl Base {
    /// Asks git for the files under `dir` at `reference` and for those that differ now.
    async fn read(dir: &Path, reference: &str) -> anyhow::Result<Self> {
        let dir = if dir.is_dir() { dir } else { Path::new(".") };
        let known = git(dir, &["ls-tree", "-r", "--name-only", "-z", reference, "."]).await?;
        let changed = git(dir, &["diff", "--name-only", "--relative", "-z", reference, "--", "."]).await?;
        let new = git(dir, &["ls-files", "--others", "--exclude-standard", "-z", "."]).await?;
        let paths = |text: &str| -> BTreeSet<String> {
            let files = text.split('\0').filter(|file| !file.is_empty());
            files.map(|file| dir.join(file).display().to_string()).collect()
        };
        Ok(Self { known: paths(&known), changed: &paths(&changed) | &paths(&new) })
    }

    fn known(&self, file: &Path) -> bool {
        self.known.contains(&file.display().to_string())
    }

    fn changed(&self, file: &Path) -> bool {
        self.changed.contains(&file.display().to_string())
    }
}

async fn git(dir: &Path, args: &[&str]) -> anyhow::Result<String> {
    let output = tokio::process::Command::new("git")
        .current_dir(dir)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .await
        .context("failed to run git, which --changed-since needs")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("failed to run git {}, which --changed-since needs: {}", args.join(" "), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
