//! What the tools with one directory per migration share.

use super::{Dir, DirFile};

/// Sub-directories that hold the file `name`, in the order of their names.
pub(super) fn holding<'d>(dir: &'d Dir, name: &str) -> Vec<&'d str> {
    dir.subdirs().into_iter().filter(|sub| dir.file(&format!("{sub}/{name}")).is_some()).collect()
}

/// The file `name` of the sub-directory `sub`.
pub(super) fn within<'d>(dir: &'d Dir, sub: &str, name: &str) -> Option<&'d DirFile> {
    dir.file(&format!("{sub}/{name}"))
}

/// Sub-directories named `<digits>_…` or `<digits>-…` that hold `up.sql`.
pub(super) fn numbered_with_up(dir: &Dir) -> Vec<&str> {
    let named =
        |sub: &&str| super::naming::leading_digits(sub).is_some_and(|(_, rest)| rest.starts_with(['_', '-']));
    holding(dir, "up.sql").into_iter().filter(named).collect()
}
