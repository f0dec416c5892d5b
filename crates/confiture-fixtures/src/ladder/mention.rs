//! Which names a script mentions, also inside the bodies of functions and blocks.

use confiture_core::migration::Script;
use confiture_core::sql::{TokenKind, Tokens};

/// Whether a statement of `script` contains `name` as a word or quoted, in any case.
pub(crate) fn mentions(script: &Script, name: &str) -> bool {
    script.statements.iter().any(|statement| contains(&statement.sql, name))
}

pub(super) fn contains(sql: &str, name: &str) -> bool {
    Tokens::new(sql).any(|token| {
        let text = token.text(sql);
        if token.kind.is_string() {
            let body = text.trim_start_matches(|c: char| c != '\'' && c != '$');
            let inner = match token.kind {
                // Past the tag on both sides.
                TokenKind::DollarString => body.splitn(3, '$').nth(2).unwrap_or_default(),
                _ => body.trim_matches('\''),
            };
            return inner.len() < sql.len() && contains(inner, name);
        }
        text.trim_matches('"').replace("\"\"", "\"").eq_ignore_ascii_case(name)
    })
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn names_are_found_in_bodies_and_not_in_other_names() {
        assert!(contains("DELETE FROM Users", "users"));
        assert!(contains("DELETE FROM \"a\"\"b\"", "a\"b"));
        assert!(contains("DO $x$ BEGIN EXECUTE 'DELETE FROM users'; END $x$", "users"));
        assert!(!contains("DELETE FROM users_old -- users", "users"));
    }
}
