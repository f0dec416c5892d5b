//! Suggested assertions as test files.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use confiture_core::report::MutationReport;

/// Writes every suggestion of `report` to a file of its own in `dir`, and returns the files it wrote.
///
/// `dir` is made where it is missing. A file that is there already is left as it is, and a suggestion that
/// stands for several mutants is written once.
///
/// # Errors
/// When the directory or a file cannot be written.
pub fn write_tests(dir: &Path, report: &MutationReport) -> io::Result<Vec<PathBuf>> {
    fs::create_dir_all(dir)?;
    let mut seen = BTreeSet::new();
    let mut written = Vec::new();
    for mutant in report.mutants.iter().filter(|mutant| mutant.status.unnoticed()) {
        let Some(suggestion) = &mutant.suggestion else { continue };
        if !seen.insert(suggestion.as_str()) {
            continue;
        }
        let path = dir.join(format!("{}.sql", mutant.id.replace('/', "__")));
        match fs::File::create_new(&path) {
            Ok(mut file) => {
                let text = suggestion.trim_end();
                // A description may quote several lines of SQL.
                let what = mutant.description.split_whitespace().collect::<Vec<_>>().join(" ");
                write!(file, "-- notices that {what}\n-- ({})\n{text}\n", mutant.id)?;
                written.push(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
