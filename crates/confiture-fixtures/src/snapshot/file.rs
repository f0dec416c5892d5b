//! Snapshots in files.

use std::path::{Path, PathBuf};

use confiture_core::catalog::{Catalog, Difference};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SchemaSnapshotter;
use crate::error::FixtureError;

/// What a file of ours says it is.
const FORMAT: &str = "confiture-schema";
/// Raised when files of an earlier confiture can no longer be read as they are.
const FORMAT_VERSION: u64 = 1;

/// `schema.json`: a head, then the objects by kind and name, one property a line.
#[derive(Serialize, Deserialize)]
struct File<C> {
    format: String,
    format_version: u64,
    objects: C,
}

impl SchemaSnapshotter {
    /// The text of `schema.json`: sorted, without OIDs, one property a line, ending in a line feed.
    ///
    /// # Errors
    /// [`FixtureError::Snapshot`] when a value cannot be written as JSON.
    pub fn to_json(&self) -> Result<String, FixtureError> {
        let file =
            File { format: FORMAT.to_owned(), format_version: FORMAT_VERSION, objects: self.catalog() };
        let text = serde_json::to_string_pretty(&file);
        let text = text.map_err(|error| wrong(Path::new(Self::JSON), error.to_string()))?;
        Ok(text + "\n")
    }

    /// Writes `schema.json` and `schema.sql` into `dir`, which is created where it is missing.
    ///
    /// # Errors
    /// [`FixtureError::Io`], and [`FixtureError::Snapshot`] when `dir` is a file. A file that cannot be written
    /// completely is left as it was.
    pub fn save(&self, dir: &Path) -> Result<(), FixtureError> {
        if dir.is_file() {
            let reason =
                "it is a file, where the snapshot's directory has to be; move it, or name another directory";
            return Err(wrong(dir, reason.to_owned()));
        }
        std::fs::create_dir_all(dir).map_err(|source| FixtureError::Io { path: dir.to_owned(), source })?;
        write(&dir.join(Self::SQL), &self.create_script().to_string())?;
        write(&dir.join(Self::JSON), &self.to_json()?)
    }

    /// Reads a snapshot: a `schema.json`, or the directory that holds one.
    ///
    /// # Errors
    /// [`FixtureError::Io`] when it cannot be read, [`FixtureError::Snapshot`] when it is no snapshot, or one
    /// of another format version.
    pub fn load(path: &Path) -> Result<Self, FixtureError> {
        let path = file_of(path);
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|source| FixtureError::Io { path: path.clone(), source })?;
        Self::parse(&path, &text)
    }

    /// The snapshot in `dir`, or the `.json` file of that name; `None` when there is none.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn committed(dir: &Path) -> Result<Option<Self>, FixtureError> {
        let file = file_of(dir);
        // A program or a note that happens to be called like the directory is no snapshot.
        let foreign = file == dir && dir.extension().is_none_or(|extension| extension != "json");
        if file.exists() && !foreign { Self::load(dir).map(Some) } else { Ok(None) }
    }

    /// Makes this the committed snapshot in `dir` and returns what it changes there; `None` when there was
    /// none that could be read.
    ///
    /// # Errors
    /// Those of [`save`](Self::save).
    pub fn accept(&self, dir: &Path) -> Result<Option<Vec<Difference>>, FixtureError> {
        // What cannot be read is what accepting repairs.
        let before = Self::committed(dir).ok().flatten();
        self.save(dir)?;
        Ok(before.map(|before| self.changes_since(&before)))
    }

    fn parse(path: &Path, text: &str) -> Result<Self, FixtureError> {
        let rewrite = "restore it from version control, or write it anew: confiture snapshot --accept";
        let value: Value = serde_json::from_str(text)
            .map_err(|error| wrong(path, format!("it is not JSON: {error}; {rewrite}")))?;
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(wrong(
                path,
                format!("it is not a schema snapshot: \"format\": \"{FORMAT}\" is missing; {rewrite}"),
            ));
        }
        match value.get("format_version").and_then(Value::as_u64) {
            Some(FORMAT_VERSION) => {}
            Some(newer) if newer > FORMAT_VERSION => {
                let advice = "use the confiture that wrote it, or a newer one";
                return Err(wrong(
                    path,
                    format!("its format version {newer} is newer than {FORMAT_VERSION}: {advice}"),
                ));
            }
            Some(older) => {
                return Err(wrong(path, format!("its format version {older} is no longer read: {rewrite}")));
            }
            None => return Err(wrong(path, format!("it has no format version: {rewrite}"))),
        }
        // From the text: errors keep their line.
        let file: File<Catalog> = serde_json::from_str(text)
            .map_err(|error| wrong(path, format!("an object in it cannot be read: {error}; {rewrite}")))?;
        Ok(Self { catalog: file.objects })
    }
}

fn file_of(path: &Path) -> PathBuf {
    let is_file = path.is_file() || path.extension().is_some_and(|extension| extension == "json");
    if is_file { path.to_owned() } else { path.join(SchemaSnapshotter::JSON) }
}

fn wrong(path: &Path, reason: String) -> FixtureError {
    FixtureError::Snapshot { path: path.to_owned(), reason }
}

/// Writes beside the file and moves it into place.
fn write(path: &Path, text: &str) -> Result<(), FixtureError> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let done = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    done.map_err(|source| {
        drop(std::fs::remove_file(&beside));
        FixtureError::Io { path: path.to_owned(), source }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        SchemaSnapshotter::parse(Path::new("schema.json"), text).unwrap_err().to_string()
    }

    #[test]
    fn foreign_and_old_files_say_what_they_are() {
        assert!(error("CREATE TABLE").contains("schema.json: it is not JSON: expected value at line 1"));
        assert!(error("[]").contains("it is not a schema snapshot"));
        assert!(error("{").contains("restore it from version control, or write it anew"));
        assert!(error(r#"{"format": "other"}"#).contains("it is not a schema snapshot"));
        assert!(error(r#"{"format": "confiture-schema"}"#).contains("no format version"));
        let version =
            |n: u32| format!(r#"{{"format": "confiture-schema", "format_version": {n}, "objects": []}}"#);
        assert!(error(&version(0)).contains(
            "format version 0 is no longer read: restore it from version control, or write it anew: \
                 confiture snapshot --accept"
        ));
        assert!(error(&version(2)).contains("format version 2 is newer than 1"));
        assert!(SchemaSnapshotter::parse(Path::new("schema.json"), &version(1)).is_ok());
        let broken = version(1).replace("[]", r#"[{"kind": "table", "path": ["a", "b"], "is": "view"}]"#);
        assert!(error(&broken).contains("an object in it cannot be read"));
    }

    #[test]
    fn a_snapshot_lies_beside_the_migrations() {
        let dir = |text: &str| SchemaSnapshotter::default_dir(Path::new(text)).display().to_string();
        assert_eq!(dir("migrations"), "confiture");
        assert_eq!(dir("db/migrations/"), "db/confiture");
        assert_eq!(dir("."), "./../confiture");
    }
}
