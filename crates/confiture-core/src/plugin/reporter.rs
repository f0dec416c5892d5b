//! The `Reporter` trait: one view of a finished run.

use std::fmt::Debug;
use std::io;

use super::PluginMeta;
use crate::report::RunReport;

/// How a report is to look.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ReportStyle {
    /// Whether escape sequences for colour may be written.
    pub colour: bool,
    /// Columns of the terminal; `None` when it is not one.
    pub width: Option<usize>,
    /// Only what failed.
    pub quiet: bool,
    /// More detail (findings of severity info with their source).
    pub verbose: bool,
}

impl ReportStyle {
    /// Plain text of any width.
    pub fn plain() -> Self {
        Self::default()
    }
}

/// One output format: a view of the complete report.
pub trait Reporter: Send + Sync + Debug {
    /// Id (the word given to `--format`), summary and documentation.
    fn meta(&self) -> &'static PluginMeta;

    /// Writes `report` to `out`.
    ///
    /// # Errors
    /// When `out` cannot be written.
    fn write(&self, report: &RunReport, style: &ReportStyle, out: &mut dyn io::Write) -> io::Result<()>;
}
