//! The migrations at a git reference.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use confiture_core::migration::layout::LoadOptions;
use confiture_core::plugin::Registry;
use confiture_fixtures::TestSource;

/// A directory of migrations as it was, in a place of its own that goes with it.
pub(super) struct Base {
    pub source: TestSource,
    _place: tempfile::TempDir,
}

impl Base {
    /// Checks out what `reference` holds of `dir`, and loads it as `head` was loaded.
    pub(super) async fn of(
        registry: &Registry,
        dir: &Path,
        reference: &str,
        head: &TestSource,
        options: &LoadOptions,
    ) -> anyhow::Result<Self> {
        let failed = || format!("failed to read the migrations at {reference} (--against-ref)");
        let place = tempfile::tempdir().with_context(failed)?;
        let here = if dir.is_dir() { dir } else { Path::new(".") };
        let top = git(here, &["rev-parse", "--absolute-git-dir"], None).await.with_context(failed)?;
        let prefix = git(here, &["rev-parse", "--show-prefix"], None).await.with_context(failed)?;
        let path = match prefix.trim() {
            "" => ".",
            prefix => prefix.trim_end_matches('/'),
        };
        let tree = format!("--work-tree={}", place.path().display());
        let of = format!("--git-dir={}", top.trim());
        let checkout = [of.as_str(), &tree, "checkout", "--quiet", reference, "--", path];
        // An index of its own: the user's stays as it is.
        let index = place.path().join(".confiture-index");
        git(place.path(), &checkout, Some(&index)).await.with_context(failed)?;
        let then: PathBuf = place.path().join(path);
        if !then.is_dir() {
            bail!("failed to read the migrations at {reference}: there is no {path} there");
        }
        let source = TestSource::load(registry, &then, Some(&head.layout), options).with_context(failed)?;
        Ok(Self { source, _place: place })
    }
}

async fn git(dir: &Path, args: &[&str], index: Option<&Path>) -> anyhow::Result<String> {
    let mut git = tokio::process::Command::new("git");
    git.current_dir(dir).args(args).stdin(Stdio::null());
    if let Some(index) = index {
        git.env("GIT_INDEX_FILE", index);
    }
    let output = git.output().await.context("failed to run git")?;
    if !output.status.success() {
        bail!("git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
