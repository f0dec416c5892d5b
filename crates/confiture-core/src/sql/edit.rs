//! Changes of a text by byte ranges.

use super::Span;

/// One change: the bytes of `span` become `replacement`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// What takes its place; empty for a removal.
    pub replacement: String,
}

/// Why edits cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// An edit reaches beyond the text, or ends before it starts.
    #[error("bytes {}..{} are not in a text of {len} bytes", span.start, span.end)]
    OutOfBounds {
        /// Where the edit would be.
        span: Span,
        /// Length of the text.
        len: usize,
    },
    /// An edit starts or ends inside a character.
    #[error("byte {at} is inside a character")]
    InsideCharacter {
        /// The offset.
        at: usize,
    },
    /// Two edits change the same bytes.
    #[error(
        "edits of bytes {}..{} and {}..{} overlap", first.start, first.end, second.start, second.end
    )]
    Overlap {
        /// The edit that starts first.
        first: Span,
        /// The other.
        second: Span,
    },
}

impl Edit {
    /// Puts `replacement` in the place of `span`.
    pub fn replace(span: Span, replacement: impl Into<String>) -> Self {
        Self { span, replacement: replacement.into() }
    }

    /// Puts `text` before byte `at`.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self { span: Span::empty(at), replacement: text.into() }
    }

    /// Takes `span` away and nothing else.
    pub fn remove(span: Span) -> Self {
        Self { span, replacement: String::new() }
    }

    /// Takes a clause away together with the spaces before it, where nothing then runs together.
    ///
    /// # Example
    /// ```
    /// use confiture_core::sql::{apply, Edit, Span};
    ///
    /// let sql = "a int NOT NULL, b int";
    /// assert_eq!(apply(sql, &[Edit::remove_clause(sql, Span::new(6, 14))]).unwrap(), "a int, b int");
    /// ```
    pub fn remove_clause(sql: &str, span: Span) -> Self {
        let before = sql.get(..span.start).unwrap_or_default();
        let after = sql.get(span.end..).unwrap_or_default();
        let spaces = before.len() - before.trim_end_matches([' ', '\t']).len();
        // A line end before the spaces may end a comment; something else after the clause needs them.
        let line_start = before.trim_end_matches([' ', '\t']).ends_with(['\n', '\r']);
        let separate = after.is_empty() || after.starts_with([' ', '\t', '\n', '\r', ',', ')', ';']);
        if line_start || !separate {
            return Self::remove(span);
        }
        Self::remove(Span::new(span.start - spaces, span.end))
    }

    /// Takes item `at` of a list away together with one separator and the comments between them.
    ///
    /// `items` are the spans of all items in order. The only item of a list leaves nothing behind. `None`
    /// when there is no such item.
    ///
    /// # Example
    /// ```
    /// use confiture_core::sql::{apply, Edit, Span};
    ///
    /// let items = [Span::new(1, 2), Span::new(4, 5)];
    /// assert_eq!(apply("(a, b)", &[Edit::remove_item(&items, 0).unwrap()]).unwrap(), "(b)");
    /// assert_eq!(apply("(a, b)", &[Edit::remove_item(&items, 1).unwrap()]).unwrap(), "(a)");
    /// ```
    pub fn remove_item(items: &[Span], at: usize) -> Option<Self> {
        let item = *items.get(at)?;
        let span = match (items.get(at + 1), at.checked_sub(1).and_then(|before| items.get(before))) {
            (Some(next), _) => Span::new(item.start, next.start),
            (None, Some(previous)) => Span::new(previous.end, item.end),
            (None, None) => item,
        };
        Some(Self::remove(span))
    }
}

/// `text` with every edit made; the order of `edits` matters only between insertions at one place.
///
/// # Errors
/// When an edit does not fit `text` or two of them overlap: [`EditError`].
///
/// # Example
/// ```
/// use confiture_core::sql::{apply, Edit, Span};
///
/// let edits = [Edit::replace(Span::new(7, 8), "2"), Edit::insert(8, ", 3")];
/// assert_eq!(apply("select 1", &edits).unwrap(), "select 2, 3");
/// ```
pub fn apply(text: &str, edits: &[Edit]) -> Result<String, EditError> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.span);
    let added: usize = sorted.iter().map(|edit| edit.replacement.len()).sum();
    let mut out = String::with_capacity(text.len() + added);
    let mut previous = Span::default();
    for edit in sorted {
        let span = edit.span;
        if span.start > span.end || span.end > text.len() {
            return Err(EditError::OutOfBounds { span, len: text.len() });
        }
        if let Some(at) = [span.start, span.end].into_iter().find(|&at| !text.is_char_boundary(at)) {
            return Err(EditError::InsideCharacter { at });
        }
        if span.start < previous.end {
            return Err(EditError::Overlap { first: previous, second: span });
        }
        out.push_str(&text[previous.end..span.start]);
        out.push_str(&edit.replacement);
        previous = span;
    }
    out.push_str(&text[previous.end..]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn edits_apply_in_the_order_of_the_text() {
        let edits = [Edit::remove(Span::new(4, 5)), Edit::insert(1, "x"), Edit::insert(1, "y")];
        assert_eq!(apply("abcde", &edits), Ok("axybcd".to_owned()));
        assert_eq!(apply("abc", &[]), Ok("abc".to_owned()));
    }

    #[test]
    fn edits_that_do_not_fit_are_refused() {
        let span = Span::new(1, 9);
        assert_eq!(apply("é", &[Edit::remove(span)]), Err(EditError::OutOfBounds { span, len: 2 }));
        assert_eq!(apply("é", &[Edit::insert(1, "")]), Err(EditError::InsideCharacter { at: 1 }));
        let (first, second) = (Span::new(0, 2), Span::new(1, 3));
        assert_eq!(
            apply("abc", &[Edit::remove(second), Edit::remove(first)]),
            Err(EditError::Overlap { first, second })
        );
    }

    #[test]
    fn removing_a_clause_never_joins_what_stood_around_it() {
        let check = |sql: &str| {
            let start = sql.find("NOT NULL").unwrap();
            apply(sql, &[Edit::remove_clause(sql, Span::new(start, start + 8))]).unwrap()
        };
        assert_eq!(check("a int NOT NULL DEFAULT 1"), "a int DEFAULT 1");
        assert_eq!(check("a int -- why\n  NOT NULL, b int"), "a int -- why\n  , b int");
        assert_eq!(check("a int NOT NULL/* c */UNIQUE"), "a int /* c */UNIQUE");
        assert_eq!(check("a int NOT NULL"), "a int");
    }

    #[test]
    fn removing_an_item_takes_one_separator() {
        let sql = "(a -- c\n, b /* d */, e)";
        let items = [Span::new(1, 2), Span::new(10, 11), Span::new(21, 22)];
        let check = |at| apply(sql, &[Edit::remove_item(&items, at).unwrap()]).unwrap();
        assert_eq!(check(0), "(b /* d */, e)");
        assert_eq!(check(1), "(a -- c\n, e)");
        assert_eq!(check(2), "(a -- c\n, b)");
        assert_eq!(Edit::remove_item(&items, 3), None);
        assert_eq!(Edit::remove_item(&items[..1], 0), Some(Edit::remove(items[0])));
    }

    proptest! {
        #[test]
        fn an_edit_and_its_inverse_restore_the_text(
            text in "\\PC{0,20}", start in 0_usize..30, len in 0_usize..10, new in "\\PC{0,5}"
        ) {
            let span = Span::new(start, start + len);
            if let Ok(changed) = apply(&text, &[Edit::replace(span, new.clone())]) {
                let back = Edit::replace(Span::new(start, start + new.len()), span.text(&text));
                prop_assert_eq!(apply(&changed, &[back]), Ok(text));
            }
        }
    }
}
