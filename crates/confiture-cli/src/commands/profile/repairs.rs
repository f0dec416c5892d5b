//! What the repairs of lint change, on the same rows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use confiture_core::config::Settings;
use confiture_core::db::Server;
use confiture_core::migration::Direction;
use confiture_core::migration::layout::LoadOptions;
use confiture_core::plugin::Registry;
use confiture_core::report::{PerformanceProfile, RunReport, StatementProfile, Tried};
use confiture_fixtures::TestSource;
use confiture_gates::{FixOptions, Fixes, LintOptions};
use confiture_perf::{MigrationPerformanceProfiler, ProfileOptions};

/// Profiles every migration that a recommendation is about in its repaired form, and adds the figures of both.
pub(super) async fn try_repairs(
    registry: &Registry,
    server: &Server,
    settings: &Settings,
    source: &TestSource,
    options: &ProfileOptions,
    report: &mut RunReport,
) -> anyhow::Result<()> {
    let Some(profile) = &mut report.profile else { return Ok(()) };
    let place = |id: &str| source.loaded.migrations.iter().position(|migration| migration.id == id);
    let about = |statement: &str| {
        let known = profile.statements.iter().find(|known| known.id == statement)?;
        (known.direction == Direction::Up).then(|| place(&known.migration)).flatten()
    };
    let wanted: BTreeSet<usize> =
        profile.recommendations.iter().filter_map(|advice| about(&advice.statement)).collect();
    for index in wanted {
        let tried = one(registry, server, settings, source, options, profile, index).await?;
        let id = &source.loaded.migrations[index].id;
        for advice in &mut profile.recommendations {
            if advice.statement.starts_with(&format!("{id}/up/")) {
                advice.tried.clone_from(&tried);
            }
        }
    }
    Ok(())
}

async fn one(
    registry: &Registry,
    server: &Server,
    settings: &Settings,
    source: &TestSource,
    options: &ProfileOptions,
    profile: &PerformanceProfile,
    index: usize,
) -> anyhow::Result<Option<Tried>> {
    let load = LoadOptions { vars: settings.var.clone() };
    let lint = LintOptions {
        judged: Some([index].into()),
        session: settings.set.clone(),
        majors: vec![server.version().major()],
        ..LintOptions::default()
    };
    let fixes =
        Fixes::of(registry, source, &FixOptions { lint, released: BTreeSet::new(), load: load.clone() });
    let fixes = fixes.context("failed to work out repairs")?;
    if fixes.files.is_empty() {
        return Ok(None);
    }
    let place = tempfile::tempdir().context("failed to make a directory for repairs")?;
    let dir = Path::new(&source.dir);
    copy(dir, place.path()).with_context(|| format!("failed to copy {}", dir.display()))?;
    for file in &fixes.files {
        let inner = file.path.strip_prefix(dir).unwrap_or(&file.path);
        let path = place.path().join(inner);
        let write = || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&path, &file.after)
        };
        write().with_context(|| format!("failed to write {}", path.display()))?;
    }
    let repaired = TestSource::load(registry, place.path(), Some(&source.layout), &load)
        .context("failed to load the repaired migrations")?;
    let before: BTreeSet<&str> = source.loaded.migrations.iter().map(|m| m.id.as_str()).collect();
    let own = &source.loaded.migrations[index].id;
    let judged: BTreeSet<usize> = (0..repaired.loaded.migrations.len())
        .filter(|at| {
            let id = &repaired.loaded.migrations[*at].id;
            id == own || !before.contains(id.as_str())
        })
        .collect();
    let last = judged.last().copied();
    let options = ProfileOptions { judged: Some(judged), last, twice: false, ..options.clone() };
    let profiler = MigrationPerformanceProfiler { server, registry, source: &repaired, options };
    let measured = Box::pin(profiler.run(&mut |_| {})).await.context("failed to profile the repairs")?;
    if !measured.failures.is_empty() {
        // A repair that generated rows stop tells nothing.
        return Ok(None);
    }
    let up = |profile: &PerformanceProfile, only: Option<&str>| {
        let of = |s: &&StatementProfile| {
            s.direction == Direction::Up && only.is_none_or(|only| s.migration == only)
        };
        figures(&profile.statements.iter().filter(of).collect::<Vec<_>>())
    };
    let (was, is) = (up(profile, Some(own)), up(&measured.profile, None));
    let pairs = was.into_iter().filter_map(|(name, was)| Some((name, (was, *is.get(name)?))));
    let figures = pairs.map(|(name, both)| (name.to_owned(), both)).collect();
    Ok(Some(Tried { figures, diff: fixes.diff() }))
}

/// What counts when a statement is replaced by others.
fn figures(statements: &[&StatementProfile]) -> BTreeMap<&'static str, f64> {
    let mut figures = BTreeMap::from([
        ("wall_ms", statements.iter().map(|s| s.wall_ms).sum()),
        ("rewrites", statements.iter().map(|s| s.rewrites.len() as f64).sum()),
    ]);
    let wal: Option<u64> = statements.iter().map(|s| s.wal.map(|wal| wal.bytes)).sum();
    figures.extend(wal.map(|bytes| ("wal_bytes", bytes as f64)));
    let held = |modes: &[&str]| {
        let locks = statements.iter().flat_map(|s| &s.locks).filter(|lock| lock.existing && !lock.index);
        locks.filter(|lock| modes.contains(&lock.mode.as_str())).map(|lock| lock.held_ms).fold(0.0, f64::max)
    };
    let writers = ["SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"];
    figures.insert("readers_wait_ms", held(&["ACCESS EXCLUSIVE"]));
    figures.insert("writers_wait_ms", held(&writers));
    figures
}

/// A directory with all that is in it; links are followed.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match std::fs::metadata(entry.path())?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => drop(std::fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}
