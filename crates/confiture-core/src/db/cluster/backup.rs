//! Copies of a running server's data directory.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use super::Cluster;
use super::directory;
use super::spawn::RunAs;
use crate::db::error::{DbError, io_at};
use crate::db::session::Session;

/// What a backup leaves out (manual, 26.3.4.3): files of the running server, and the log, which is
/// complete only at the end.
const LEFT_OUT: [&str; 4] = ["postmaster.pid", "postmaster.opts", "pg_wal", "pg_replslot"];

impl Cluster {
    /// Copies the data directory to `to`, which must not exist, while the server goes on, and returns
    /// the command that starts a server there. Sessions are not disturbed.
    ///
    /// This is the low-level backup of the manual (26.3.3), with the log in the copy.
    ///
    /// # Errors
    /// [`DbError::Io`] when the copy cannot be written; [`DbError::Refused`].
    pub async fn backup(&self, to: &Path) -> Result<String, DbError> {
        let session = Session::open(&self.endpoint).await?;
        let refused = |failure| DbError::Refused { step: "back up the private server".to_owned(), failure };
        let version = session.query("SELECT current_setting('server_version_num')::int4", &[]).await;
        let version = version.map_err(refused)?.first().map_or(0, |row| row.get::<_, i32>(0));
        // Renamed in 15 (release notes of 15, E.19.2.10).
        let (start, stop) = if version >= 150_000 {
            ("SELECT pg_backup_start('confiture', true)", "SELECT labelfile FROM pg_backup_stop(false)")
        } else {
            (
                "SELECT pg_start_backup('confiture', true, false)",
                "SELECT labelfile FROM pg_stop_backup(false, false)",
            )
        };
        session.query(start, &[]).await.map_err(refused)?;
        let (data, run_as) = (self.directory.data(), self.run_as.clone());
        let target = to.to_owned();
        let mut copied = copying(move || {
            make(&target, &run_as)?;
            copy_live(&data, &target, &LEFT_OUT, &run_as)?;
            for empty in ["pg_wal", "pg_wal/archive_status", "pg_replslot"] {
                make(&target.join(empty), &run_as)?;
            }
            Ok(())
        })
        .await;
        let label = session.query(stop, &[]).await.map_err(refused)?;
        let label = label.first().map(|row| row.get::<_, String>(0)).unwrap_or_default();
        session.close().await;
        if copied.is_ok() {
            let (data, target, run_as) = (self.directory.data(), to.to_owned(), self.run_as.clone());
            copied = copying(move || {
                copy_live(&data.join("pg_wal"), &target.join("pg_wal"), &["archive_status"], &run_as)?;
                directory::write(&target.join("backup_label"), &label, &run_as)
            })
            .await;
        }
        copied.map(|()| self.start_command(to))
    }
}

async fn copying(work: impl FnOnce() -> Result<(), DbError> + Send + 'static) -> Result<(), DbError> {
    let copied = tokio::task::spawn_blocking(work).await;
    copied.unwrap_or_else(|error| {
        Err(DbError::Cluster {
            step: "copy a data directory".to_owned(),
            reason: error.to_string(),
            log_tail: String::new(),
        })
    })
}

fn make(path: &Path, run_as: &RunAs) -> Result<(), DbError> {
    DirBuilder::new().mode(0o700).create(path).map_err(io_at("create", path))?;
    directory::give(path, run_as)
}

/// Copies what is in `from` but `left_out`; a file that goes meanwhile is the log's business.
fn copy_live(from: &Path, to: &Path, left_out: &[&str], run_as: &RunAs) -> Result<(), DbError> {
    for entry in std::fs::read_dir(from).map_err(io_at("read", from))? {
        let entry = entry.map_err(io_at("read", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name().to_str().is_some_and(|name| left_out.contains(&name)) {
            continue;
        }
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            make(&target, run_as)?;
            if source.is_dir() {
                copy_live(&source, &target, &[], run_as)?;
            }
        } else if kind.is_file() {
            match std::fs::copy(&source, &target) {
                Ok(_) => directory::give(&target, run_as)?,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(io_at("copy to", &target)(error)),
            }
        }
    }
    Ok(())
}
