//! `confiture lint`: the rules, without a database.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use confiture_core::config::Settings;
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_core::report::RunReport;
use confiture_fixtures::TestSource;
use confiture_gates::{LintOptions, lint};

use super::chain;
use super::select::Selection;
use crate::args::LintArgs;
use crate::exit::ExitStatus;
use crate::report::{self, Output};
use crate::settings;
use crate::settings::suggestion;

/// Lints and writes the reports.
pub(super) async fn run(
    args: LintArgs,
    registry: &Registry,
    style: &ReportStyle,
) -> anyhow::Result<ExitStatus> {
    let out = Output::new(args.format.clone(), args.report.clone(), registry)?;
    let done = judged(&args, registry).await;
    report::deliver("lint", done, &out, registry, style, || {
        "nothing was read, which is not a pass: no migration was selected, or none is SQL".to_owned()
    })
}

async fn judged(args: &LintArgs, registry: &Registry) -> anyhow::Result<RunReport> {
    let rules: Vec<&str> = registry.rules().map(|rule| rule.meta().plugin.id).collect();
    for id in &args.skip {
        if !rules.contains(&id.as_str()) {
            bail!("no rule is called {id}{}", suggestion(id, &rules));
        }
    }
    let mut settings = configured(args)?;
    let files = match args.paths.as_slice() {
        [] => Vec::new(),
        [dir] if !dir.is_file() => {
            settings.dir = Some(dir.clone());
            Vec::new()
        }
        files => {
            settings.dir = Some(directory(files, settings.dir.as_deref())?);
            files.to_vec()
        }
    };
    let source = chain::load(&settings, registry)?;
    let selection = Selection {
        only: &args.only,
        from: args.from.as_deref(),
        to: args.to.as_deref(),
        changed_since: args.changed_since.as_deref(),
    };
    let selected = selection.of(settings.dir.as_deref().unwrap_or(Path::new(".")), &source.loaded).await?;
    let mut judged = selected.judged;
    if !files.is_empty() {
        let named = named(&files, &source)?;
        judged = Some(match judged {
            Some(judged) => judged.intersection(&named).copied().collect(),
            None => named,
        });
    }
    if let Some(last) = selected.last {
        let judged = judged.get_or_insert_with(|| (0..source.loaded.migrations.len()).collect());
        judged.retain(|at| *at <= last);
    }
    let mut options = LintOptions { judged, session: settings.set, ..LintOptions::default() };
    options.skipped = args.skip.iter().cloned().collect();
    if !settings.pg.is_empty() {
        options.majors = settings.pg;
    }
    Ok(lint(registry, &source, &options))
}

/// Flags over configuration.
fn configured(args: &LintArgs) -> anyhow::Result<Settings> {
    let flags = Settings {
        layout: args.layout.clone(),
        pg: args.pg.clone(),
        set: args.set.iter().cloned().collect(),
        var: args.var.iter().cloned().collect(),
        ..Settings::default()
    };
    let mut settings =
        flags.over(settings::load(args.profile.as_deref(), args.paths.first().map(PathBuf::as_path))?);
    settings.dir.get_or_insert_with(|| PathBuf::from("migrations"));
    Ok(settings)
}

/// The migrations directory of `files`: the configured one if they lie in it, else the one they share.
fn directory(files: &[PathBuf], configured: Option<&Path>) -> anyhow::Result<PathBuf> {
    let mut full = Vec::new();
    for file in files {
        if !file.is_file() {
            bail!("{} is no file: name one directory, or files", file.display());
        }
        full.push(absolute(file)?);
    }
    if let Some(dir) = configured
        && let Ok(whole) = absolute(dir)
        && full.iter().all(|file| file.starts_with(&whole))
    {
        return Ok(dir.to_owned());
    }
    let parent = |file: &Path| match file.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let dirs: BTreeSet<PathBuf> = files.iter().map(|file| parent(file)).collect();
    match dirs.iter().collect::<Vec<_>>().as_slice() {
        [dir] => Ok((*dir).clone()),
        _ => {
            bail!("the files lie in several directories: set `dir` in confiture.toml, or lint each by itself")
        }
    }
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::fs::canonicalize(path).with_context(|| format!("failed to read {}", path.display()))
}

/// The migrations whose scripts stand in `files`.
fn named(files: &[PathBuf], source: &TestSource) -> anyhow::Result<BTreeSet<usize>> {
    let mut named = BTreeSet::new();
    for file in files {
        let full = absolute(file)?;
        let is =
            |path: Option<&Path>| path.and_then(|path| absolute(path).ok()).is_some_and(|path| path == full);
        let found = source.loaded.migrations.iter().enumerate();
        let found: Vec<usize> =
            found.filter(|(_, m)| is(m.up.file()) || is(m.down.file())).map(|(at, _)| at).collect();
        if found.is_empty() {
            bail!("{} is no migration of {} ({} layout)", file.display(), source.dir, source.layout);
        }
        named.extend(found);
    }
    Ok(named)
}
