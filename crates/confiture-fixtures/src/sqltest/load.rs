//! Where tests are found.

use std::path::PathBuf;
use std::time::Duration;

use confiture_core::migration::layout::Loaded;

use super::test::UserTest;
use crate::error::FixtureError;
use crate::sql_file;

/// Where the tests of a project are.
#[derive(Debug, Clone, Default)]
pub struct TestFiles {
    /// Files, and directories whose `.sql` and `.pg` files are tests.
    pub paths: Vec<PathBuf>,
    /// Id of the migrations' layout: sqitch's verify scripts only have to run, others to be true.
    pub layout: String,
    /// Command lines, each with the time it may take.
    pub commands: Vec<(String, Duration)>,
}

/// Reads all tests: those of `files`, and the verify scripts that stand beside the migrations.
///
/// Sorted by name, each name once: two files of one name in different directories are called by their paths.
///
/// # Errors
/// [`FixtureError::Io`] for a path that is not there or is not UTF-8. What is wrong inside a file is a
/// [problem](UserTest::problems) of its test.
pub fn load(files: &TestFiles, loaded: &Loaded) -> Result<Vec<UserTest>, FixtureError> {
    let mut tests = Vec::new();
    let found = sql_file::files(&files.paths, &["sql", "pg"])?;
    for (name, path) in &found {
        let unique = found.iter().filter(|(other, _)| other == name).count() == 1;
        let name = if unique { name.clone() } else { path.display().to_string() };
        tests.push(UserTest::of(&name, sql_file::read(path)?));
    }
    for migration in &loaded.migrations {
        if let Some(path) = &migration.verify {
            tests.push(UserTest::verify(&migration.id, sql_file::read(path)?, files.layout != "sqitch"));
        }
    }
    for (line, limit) in &files.commands {
        tests.push(UserTest::command(line, *limit));
    }
    tests.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(tests)
}
