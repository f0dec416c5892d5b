//! `confiture lint`: the rules, without a database; and repairs of what they find.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use confiture_core::config::Settings;
use confiture_core::migration::layout::LoadOptions;
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_core::report::RunReport;
use confiture_fixtures::TestSource;
use confiture_gates::{FixOptions, Fixes, LintOptions, lint};

use super::select::Selection;
use super::{chain, print};
use crate::args::LintArgs;
use crate::exit::ExitStatus;
use crate::report::{self, Output};
use crate::settings::suggestion;
use crate::{settings, terminal};

/// Lints, repairs where that is asked for, and writes the reports.
pub(super) async fn run(
    args: LintArgs,
    registry: &Registry,
    style: &ReportStyle,
) -> anyhow::Result<ExitStatus> {
    // A diff takes the place of the report.
    let format = if args.diff { String::new() } else { args.output.format.clone() };
    let out = Output::new(format, args.output.report.clone(), registry)?;
    let done = judged(&args, registry).await;
    report::deliver("lint", done, &out, registry, style, || {
        "nothing was read, which is not a pass: no migration was selected, or none is SQL".to_owned()
    })
}

async fn judged(args: &LintArgs, registry: &Registry) -> anyhow::Result<RunReport> {
    let (mut source, mut options, fix) = prepared(args, registry).await?;
    if !(args.fix || args.diff) {
        return Ok(lint(registry, &source, &options));
    }
    let fixes = Fixes::of(registry, &source, &fix).context("failed to try the repairs")?;
    if args.diff {
        print(&fixes.diff())?;
    } else {
        fixes.write().context("failed to repair")?;
    }
    for (word, notes) in [(if args.fix { "fixed" } else { "can fix" }, &fixes.made), ("left", &fixes.refused)]
    {
        for note in notes {
            terminal::line(&format!("{word} {}: {}: {}", note.place, note.code, note.text));
        }
    }
    for file in fixes.files.iter().filter(|file| args.fix && file.before.is_none()) {
        terminal::line(&format!("wrote {}", file.path.display()));
    }
    if args.fix {
        // The report is about the files as they are now; new ones come last.
        let known = source.loaded.migrations.len();
        source = TestSource::load(registry, Path::new(&source.dir), Some(&source.layout), &fix.load)
            .context("failed to load the migrations again")?;
        if let Some(judged) = &mut options.judged {
            judged.extend(known..source.loaded.migrations.len());
        }
    }
    Ok(lint(registry, &source, &options))
}

/// The migrations, what is linted, and what may be repaired.
async fn prepared(
    args: &LintArgs,
    registry: &Registry,
) -> anyhow::Result<(TestSource, LintOptions, FixOptions)> {
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
    if args.fix && args.selection.changed_since.is_none() && files.is_empty() && !args.released {
        bail!(
            "--fix changes files that production may have run: say what it has with --changed-since REF, name the \
             files, or allow all of them with --released"
        );
    }
    let source = chain::load(&settings, registry)?;
    let selection = Selection {
        only: &args.selection.only,
        from: args.selection.from.as_deref(),
        to: args.selection.to.as_deref(),
        changed_since: args.selection.changed_since.as_deref(),
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
    let load = LoadOptions { vars: settings.var };
    let mut options = LintOptions { judged, session: settings.set, ..LintOptions::default() };
    options.skipped = args.skip.iter().cloned().collect();
    if !settings.pg.is_empty() {
        options.majors = settings.pg;
    }
    let released = match args.released {
        true => BTreeSet::new(),
        false => selected.released.unwrap_or_default().into_iter().collect(),
    };
    let fix = FixOptions { lint: options.clone(), released, load };
    Ok((source, options, fix))
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
