//! Names and texts inside the statements this module writes itself (`CREATE DATABASE` takes no `$1`).

use crate::sql::Quoted;
pub(crate) use crate::sql::quote_literal as literal;

/// A name as SQL writes it.
pub(crate) fn identifier(name: &str) -> String {
    Quoted::ident(name).as_str().to_owned()
}

/// Longest identifier in bytes (`NAMEDATALEN` − 1).
pub(crate) const LONGEST_NAME: usize = 63;

/// At most `bytes` of `text`, never half a character.
pub(crate) fn prefix(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
