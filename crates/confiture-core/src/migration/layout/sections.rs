//! Lines of a file with their byte ranges, for tools that cut files at marker lines.

use std::ops::Range;

use super::{Confidence, DirFile};

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// First byte.
    pub(super) start: usize,
    /// First byte of the next line.
    pub(super) end: usize,
    /// The line without its end (`\n`, `\r\n`) and without a byte order mark.
    pub(super) text: &'a str,
    /// From 1.
    pub(super) number: usize,
}

/// The lines of `text` in order.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    text.split_inclusive('\n').enumerate().map(move |(index, whole)| {
        let end = start + whole.len();
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line = if index == 0 { line.strip_prefix('\u{FEFF}').unwrap_or(line) } else { line };
        let found = Line { start, end, text: line, number: index + 1 };
        start = end;
        found
    })
}

/// What follows `--`, optional spaces and `word` in a comment line, when it is one.
///
/// `word` ends there or is followed by white space.
pub(super) fn comment_marker<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.strip_prefix("--")?.trim_start().strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim())
}

/// Where the text of a file starts: after a byte order mark.
pub(super) fn text_start(text: &str) -> usize {
    if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 }
}

/// The whole text without a byte order mark.
pub(super) fn whole(text: &str) -> Range<usize> {
    text_start(text)..text.len()
}

/// Whether a range of `text` holds anything but white space and `--` comment lines.
pub(super) fn has_sql(text: &str) -> bool {
    lines(text).any(|line| {
        let line = line.text.trim();
        !line.is_empty() && !line.starts_with("--")
    })
}

/// How sure `count` marked files of `all` make a tool whose every file is marked; `None` when they are few.
pub(super) fn marked(count: usize, all: usize) -> Option<Confidence> {
    match count {
        0 => None,
        _ if count * 2 >= all => Some(Confidence::Markers),
        _ if count * 4 >= all => Some(Confidence::Shape),
        _ => None,
    }
}

/// How many of `files` hold a line that satisfies `fits`, and the first of them.
pub(super) fn files_with_line<'d>(
    files: impl Iterator<Item = &'d DirFile>,
    fits: impl Fn(&str) -> bool,
) -> (usize, Option<&'d DirFile>) {
    let mut found = files.filter(|file| lines(file.text()).any(|line| fits(line.text)));
    let first = found.next();
    (first.map_or(0, |_| 1 + found.count()), first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_place_with_crlf_and_byte_order_mark() {
        let text = "\u{FEFF}-- +goose Up\r\nselect 1;\r\n-- x";
        let found: Vec<_> = lines(text).map(|line| (line.start, line.end, line.text)).collect();
        assert_eq!(found, [(0, 17, "-- +goose Up"), (17, 28, "select 1;"), (28, 32, "-- x")]);
    }

    #[test]
    fn markers_are_whole_words() {
        assert_eq!(comment_marker("-- +goose Up", "+goose Up"), Some(""));
        assert_eq!(
            comment_marker("-- migrate:up transaction:false", "migrate:up"),
            Some("transaction:false")
        );
        assert_eq!(comment_marker("-- migrate:upward", "migrate:up"), None);
    }
}
