//! From a file to a step: templates filled in, cut into statements, psql commands judged.

use std::collections::BTreeMap;
use std::ops::Range;

use super::template::{self, Expanded, Template};
use super::{DirFile, sections};
use crate::migration::{Script, ScriptStatement, StatementKind, Step, TransactionMode};
use crate::sql;

/// How a tool turns the text of a file into what it sends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe<'a> {
    /// How the statements are run.
    pub(super) transaction: TransactionMode,
    /// Which templates are filled in.
    pub(super) template: Template,
    /// Their values.
    pub(super) vars: &'a BTreeMap<String, String>,
    /// Whether psql runs the file.
    pub(super) psql: bool,
}

impl<'a> Recipe<'a> {
    /// Sends the text as it is.
    pub(super) fn new(transaction: TransactionMode, vars: &'a BTreeMap<String, String>) -> Self {
        Self { transaction, template: Template::None, vars, psql: false }
    }

    /// With these templates.
    pub(super) fn template(self, template: Template) -> Self {
        Self { template, ..self }
    }

    /// With this way to run.
    pub(super) fn transaction(self, transaction: TransactionMode) -> Self {
        Self { transaction, ..self }
    }

    /// The whole of `file`; absent without a file.
    pub(super) fn file(&self, file: Option<&DirFile>) -> Step {
        match file {
            Some(file) => self.parts(file, |text| vec![sections::whole(text)]),
            None => Step::Absent,
        }
    }

    /// The parts of `file` that `cut` picks, one after the other; a statement ends with its part.
    pub(super) fn parts(&self, file: &DirFile, cut: impl FnOnce(&str) -> Vec<Range<usize>>) -> Step {
        self.groups(file, |text| cut(text).into_iter().map(|part| vec![part]).collect())
    }

    /// Groups of parts: the parts of a group are joined before they are cut into statements.
    pub(super) fn groups(&self, file: &DirFile, cut: impl FnOnce(&str) -> Vec<Vec<Range<usize>>>) -> Step {
        let not_runnable = |reason: String| Step::NotRunnable { file: file.path.clone(), reason };
        let source = match file.source() {
            Ok(source) => source.clone(),
            Err(reason) => return not_runnable(reason.to_owned()),
        };
        let groups = cut(&source.text);
        let mut statements = Vec::new();
        for group in &groups {
            if let Err(reason) = self.statements(&source.text, group, &mut statements) {
                return not_runnable(reason);
            }
        }
        let mut ranges = groups.iter().flatten();
        let first = ranges.next().cloned().unwrap_or(source.text.len()..source.text.len());
        let (start, end) = (first.start, ranges.next_back().map_or(first.end, |last| last.end));
        Step::Sql(Script { source, span: start..end, statements, transaction: self.transaction })
    }

    fn statements(
        &self,
        text: &str,
        group: &[Range<usize>],
        statements: &mut Vec<ScriptStatement>,
    ) -> Result<(), String> {
        let mut filled = Expanded::default();
        for range in group {
            let Some(part) = text.get(range.clone()) else { continue };
            let template = self.template.after(text.get(..range.start).unwrap_or_default());
            let part = template::expand(part, range.start, template, self.vars);
            filled.append(part.map_err(|why| why.reason(text))?);
        }
        for statement in sql::split(&filled.text) {
            let place = |at: usize| template::line_of(text, filled.file_offset(at));
            if let Some(name) = statement.meta_name(&filled.text) {
                if self.psql && is_harmless(name) {
                    continue;
                }
                return Err(format!("psql meta command \\{name} at line {}", place(statement.span.start)));
            }
            if let Some(meta) = statement.meta {
                let name = meta.text(&filled.text).split_whitespace().next().unwrap_or("\\");
                return Err(format!("psql meta command {name} at line {}", place(meta.start)));
            }
            let span = filled.file_offset(statement.span.start)..filled.file_offset(statement.span.end);
            let kind = match statement.kind {
                sql::StatementKind::Copy { data } => {
                    let data = data.map_or(statement.full.end..statement.full.end, |data| data.range());
                    StatementKind::Copy { data: filled.file_offset(data.start)..filled.file_offset(data.end) }
                }
                sql::StatementKind::Sql | sql::StatementKind::Meta => StatementKind::Sql,
            };
            let moved = match filled.changed {
                true => filled.moved(statement.span.start, statement.span.end),
                false => Vec::new(),
            };
            statements.push(ScriptStatement { sql: statement.text(&filled.text).into(), span, kind, moved });
        }
        Ok(())
    }
}

/// psql commands that change nothing in the database nor in what is sent to it.
fn is_harmless(name: &str) -> bool {
    matches!(
        name,
        "set"
            | "unset"
            | "echo"
            | "qecho"
            | "warn"
            | "pset"
            | "timing"
            | "x"
            | "t"
            | "a"
            | "f"
            | "H"
            | "C"
            | "T"
            | "conninfo"
            | "errverbose"
            | "restrict"
            | "unrestrict"
    )
}
