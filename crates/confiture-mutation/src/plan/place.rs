//! Where in the user's file a mutant is, and what its lines become.

use confiture_core::Location;
use confiture_core::migration::Script;
use confiture_core::plugin::Mutant;
use confiture_core::sql::{EditError, apply};

/// The lines a mutant changes, from the first to the last.
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) original: String,
    pub(super) replacement: String,
}

impl Place {
    pub(super) fn of(script: &Script, mutant: &Mutant) -> Result<Self, EditError> {
        let text = &script.source.text;
        let mut edits = mutant.file_edits(script)?;
        let first = edits.iter().map(|edit| edit.span.start).min().unwrap_or(0).min(text.len());
        let last = edits.iter().map(|edit| edit.span.end).max().unwrap_or(first).min(text.len());
        let at = Location::new(&script.source.path, text, first..last);
        let start = text[..at.span.start].rfind('\n').map_or(0, |line_end| line_end + 1);
        // An edit that ends with a line end changes no character of the next line.
        let whole_line = at.span.end > start && text[..at.span.end].ends_with('\n');
        let rest = if whole_line { Some(0) } else { text[at.span.end..].find('\n') };
        let end = rest.map_or(text.len(), |rest| at.span.end + rest);
        for edit in &mut edits {
            edit.span.start -= start;
            edit.span.end -= start;
        }
        let original = &text[start..end];
        let replacement = apply(original, &edits)?;
        let without_end = |text: &str| text.trim_end_matches(['\r', '\n']).to_owned();
        Ok(Self {
            file: at.file.display().to_string(),
            line: at.line,
            column: at.column,
            original: without_end(original),
            replacement: without_end(&replacement),
        })
    }
}
