//! Pieces of migration file names.

use std::cmp::Ordering;

use super::{Dir, DirFile};
use crate::migration::Direction;

/// A number of any length, compared by value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Number(String);

impl Number {
    /// The value of `digits`; leading zeros do not count.
    pub(super) fn new(digits: &str) -> Self {
        Self(digits.trim_start_matches('0').to_owned())
    }

    /// Whether it fits a signed integer of 64 bits.
    pub(super) fn fits_i64(&self) -> bool {
        self.0.is_empty() || self.0.parse::<i64>().is_ok()
    }

    /// Whether it fits an unsigned integer of 64 bits.
    pub(super) fn fits_u64(&self) -> bool {
        self.0.is_empty() || self.0.parse::<u64>().is_ok()
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The name of an SQL file without `.sql`; `None` for other files and for `*.verify.sql`.
pub(super) fn sql_stem(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".sql").or_else(|| name.strip_suffix(".SQL"))?;
    (!stem.ends_with(".verify") && !stem.is_empty() && !stem.starts_with('.')).then_some(stem)
}

/// `0007` and `_users` of `0007_users`; `None` without digits in front.
pub(super) fn leading_digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// `0007` and `users` of `0007_users`, with one of `separators` between; the name may be empty.
pub(super) fn number_and_name<'a>(stem: &'a str, separators: &[char]) -> Option<(&'a str, &'a str)> {
    let (digits, rest) = leading_digits(stem)?;
    if rest.is_empty() {
        return Some((digits, ""));
    }
    Some((digits, rest.strip_prefix(separators)?))
}

/// The stem without `.up` or `.down`, and which it was.
pub(super) fn split_direction(stem: &str) -> (&str, Option<Direction>) {
    if let Some(rest) = stem.strip_suffix(".up") {
        return (rest, Some(Direction::Up));
    }
    match stem.strip_suffix(".down") {
        Some(rest) => (rest, Some(Direction::Down)),
        None => (stem, None),
    }
}

/// SQL files of the directory itself whose stem (without direction) satisfies `fits`, and how many of
/// them are named `.up.sql` or `.down.sql`.
pub(super) fn count_names(dir: &Dir, fits: impl Fn(&str) -> bool) -> Names {
    let mut names = Names::default();
    for file in dir.here() {
        let Some(stem) = sql_stem(file.name()) else { continue };
        names.sql += 1;
        let (stem, direction) = split_direction(stem);
        if fits(stem) {
            names.fitting += 1;
            names.directed += usize::from(direction.is_some());
            names.ups += usize::from(direction == Some(Direction::Up));
        }
    }
    names
}

/// What [`count_names`] counted.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Names {
    /// SQL files.
    pub(super) sql: usize,
    /// Those whose name fits.
    pub(super) fitting: usize,
    /// Those of them named `.up.sql` or `.down.sql`.
    pub(super) directed: usize,
    /// Those of them named `.up.sql`.
    pub(super) ups: usize,
}

/// `1 file`, `2 files`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `1 directory`, `2 directories`.
pub(super) fn directories(count: usize) -> String {
    if count == 1 { "1 directory".to_owned() } else { format!("{count} directories") }
}

/// Whether a text starts with digits.
pub(super) fn is_numbered(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// SQL files of the directory itself, `*.verify.sql` left out.
pub(super) fn sql_files(dir: &Dir) -> impl Iterator<Item = &DirFile> {
    dir.here().filter(|file| sql_stem(file.name()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value_whatever_their_length() {
        assert!(Number::new("9") < Number::new("10"));
        assert!(Number::new("0010") > Number::new("9"));
        assert_eq!(Number::new("007"), Number::new("7"));
        assert!(Number::new("99999999999999999999999") > Number::new("1"));
        assert!(!Number::new("99999999999999999999").fits_i64());
    }

    #[test]
    fn names_are_cut_at_their_parts() {
        assert_eq!(number_and_name("0007_users", &['_']), Some(("0007", "users")));
        assert_eq!(number_and_name("0007", &['_']), Some(("0007", "")));
        assert_eq!(number_and_name("users", &['_']), None);
        assert_eq!(split_direction("1_a.up"), ("1_a", Some(Direction::Up)));
        assert_eq!(sql_stem("1_a.verify.sql"), None);
    }
}
