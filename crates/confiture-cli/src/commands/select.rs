//! Which migrations are judged: `--only`, `--from`, `--to`, `--changed-since`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use confiture_core::migration::Step;
use confiture_core::migration::layout::Loaded;
use confiture_fixtures::find_version;

/// The flags.
pub(super) struct Selection<'a> {
    pub only: &'a [String],
    pub from: Option<&'a str>,
    pub to: Option<&'a str>,
    pub changed_since: Option<&'a str>,
}

/// What they mean for one directory.
#[derive(Default)]
pub(super) struct Selected {
    /// Indexes of the migrations to judge; `None` means all.
    pub judged: Option<BTreeSet<usize>>,
    /// The chain ends after this index.
    pub last: Option<usize>,
    /// Ids of the migrations the base reference already holds.
    pub released: Option<Vec<String>>,
}

impl Selection<'_> {
    /// Works out what the flags mean for the migrations of `dir`.
    pub(super) async fn of(&self, dir: &Path, loaded: &Loaded) -> anyhow::Result<Selected> {
        let mut selected = self.ranges(loaded)?;
        let Some(reference) = self.changed_since else { return Ok(selected) };
        let base = Base::read(dir, reference).await?;
        let changed = |step: &Step| step_file(step).is_some_and(|file| base.changed(file));
        let known = |step: &Step| step_file(step).is_some_and(|file| base.known(file));
        let touched: BTreeSet<usize> = (0..loaded.migrations.len())
            .filter(|&at| changed(&loaded.migrations[at].up) || changed(&loaded.migrations[at].down))
            .collect();
        selected.judged = Some(match selected.judged.take() {
            Some(judged) => judged.intersection(&touched).copied().collect(),
            None => touched,
        });
        selected.released =
            Some(loaded.migrations.iter().filter(|m| known(&m.up)).map(|m| m.id.clone()).collect());
        Ok(selected)
    }

    /// `--only`, `--from` and `--to`.
    fn ranges(&self, loaded: &Loaded) -> anyhow::Result<Selected> {
        let version = |version: &str| find_version(loaded, version).context("failed to select migrations");
        let first = self.from.map(version).transpose()?.unwrap_or(0);
        let last = self.to.map(version).transpose()?;
        if let Some(last) = last
            && last < first
        {
            let versions = [self.from.unwrap_or_default(), self.to.unwrap_or_default()];
            bail!("--from {} comes after --to {}: no migration lies between", versions[0], versions[1]);
        }
        let mut globs = globset::GlobSetBuilder::new();
        for pattern in self.only {
            globs.add(
                globset::Glob::new(pattern).with_context(|| format!("failed to read --only {pattern}"))?,
            );
        }
        let globs = globs.build().context("failed to read --only")?;
        if self.only.is_empty() && self.from.is_none() {
            return Ok(Selected { last, ..Selected::default() });
        }
        let end = last.map_or(loaded.migrations.len(), |last| last + 1);
        let chosen = loaded.migrations[..end].iter().enumerate().skip(first);
        let chosen = chosen
            .filter(|(_, m)| self.only.is_empty() || globs.is_match(&m.id) || globs.is_match(&m.version));
        let judged: BTreeSet<usize> = chosen.map(|(at, _)| at).collect();
        if judged.is_empty() {
            let within = &loaded.migrations[first..end];
            let ids: Vec<&str> = within.iter().take(3).map(|m| m.id.as_str()).collect();
            let more = if within.len() > ids.len() { ", …" } else { "" };
            let (count, s) = (within.len(), if within.len() == 1 { "" } else { "s" });
            let patterns = self.only.join(" --only ");
            bail!("--only {patterns} matches none of {count} migration{s} ({}{more})", ids.join(", "));
        }
        Ok(Selected { judged: Some(judged), last, released: None })
    }
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
