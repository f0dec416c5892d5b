//! Names and texts inside the statements this module writes itself (`CREATE DATABASE` takes no `$1`).

/// `"name"`, whatever is in it.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `'text'`, read the same whatever `standard_conforming_strings` says.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// Longest identifier in bytes (`NAMEDATALEN` − 1).
pub(crate) const LONGEST_NAME: usize = 63;

/// At most `bytes` of `text`, never half a character.
pub(crate) fn prefix(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
