//! `confiture init`: the files a project starts with.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::print;
use crate::args::Ci;
use crate::exit::ExitStatus;
use crate::settings;

const CONFIG: &str = include_str!("init/confiture.toml");
const TEST: &str = include_str!("init/example.sql");
const GITHUB: &str = include_str!("init/github.yml");
const GITLAB: &str = include_str!("init/gitlab.yml");

/// Writes what is not there yet, and says what it wrote and what it left.
pub(super) fn run(dir: Option<PathBuf>, ci: Option<Ci>) -> anyhow::Result<ExitStatus> {
    let dir = match dir {
        Some(dir) => dir,
        None => settings::load(None, None)?.dir.unwrap_or_else(|| PathBuf::from("migrations")),
    };
    // Workflows run elsewhere.
    let here = std::env::current_dir().context("failed to find the working directory")?;
    let dir = dir.strip_prefix(&here).map(Path::to_path_buf).unwrap_or(dir);
    if dir.is_absolute() {
        bail!("{} lies elsewhere: run confiture init at the root of the repository", dir.display());
    }
    if !dir.is_dir() {
        bail!("there is no directory {}: name the one with the migrations", dir.display());
    }
    let name = dir.to_str().map(|name| name.trim_end_matches('/')).unwrap_or_default();
    let plain = |c: char| c.is_alphanumeric() || "/._- ".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        bail!("{} has characters that workflows would have to quote: write the files by hand", dir.display());
    }
    let beside = dir.parent().unwrap_or(Path::new(""));
    let mut files =
        vec![(PathBuf::from("confiture.toml"), CONFIG), (beside.join("confiture/tests/example.sql"), TEST)];
    let workflow = "migration-deployment-gates.yml";
    let next = match ci {
        None => "next: confiture test",
        Some(Ci::Github) => {
            files.push((Path::new(".github/workflows").join(workflow), GITHUB));
            "next: set the repository variables CONFITURE_REPOSITORY and CONFITURE_REVISION, then confiture test"
        }
        Some(Ci::Gitlab) => {
            files.push((Path::new(".gitlab").join(workflow), GITLAB));
            "next: include: .gitlab/migration-deployment-gates.yml in .gitlab-ci.yml, set the variables \
             CONFITURE_REPOSITORY and CONFITURE_REVISION, then confiture test"
        }
    };
    let mut said = String::new();
    for (path, text) in files {
        let word = if create(&path, &text.replace("@DIR@", name))? { "wrote" } else { "kept " };
        said.push_str(&format!(" {word} {}\n", path.display()));
    }
    print(&format!("{said} {next}\n"))
}

/// Writes a file that is not there; says whether it did.
fn create(path: &Path, text: &str) -> anyhow::Result<bool> {
    let context = || format!("failed to write {}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(context)?;
    }
    match std::fs::File::options().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).with_context(context).map(|()| true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(context),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_commented_setting_is_one() {
        let text = CONFIG.replace("@DIR@", "m");
        confiture_core::config::parse(&text).unwrap();
        let on: Vec<&str> = text.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line)).collect();
        let config = confiture_core::config::parse(&on.join("\n")).unwrap();
        assert_eq!(config.settings.rows, Some(20));
        assert!(config.settings.gate.optional.is_some());
    }
}
