//! What scripts mention, also inside the bodies of functions and blocks.

use confiture_core::migration::{Migration, Script, Step};
use confiture_core::sql::{ObjectKind, Token, TokenKind, Tokens, Verb, classify};

use crate::runner::ScriptTraits;

/// Whether a statement of `script` contains `name` as a word or quoted, in any case.
pub(crate) fn mentions(script: &Script, name: &str) -> bool {
    script.statements.iter().any(|statement| contains(&statement.sql, name))
}

/// Whether `sql` contains `name` as a word or quoted, in any case, also inside strings.
pub(crate) fn contains(sql: &str, name: &str) -> bool {
    Tokens::new(sql).any(|token| match token.kind.is_string() {
        true => inside(token, sql).is_some_and(|body| contains(body, name)),
        false => token.text(sql).trim_matches('"').replace("\"\"", "\"").eq_ignore_ascii_case(name),
    })
}

/// What a migration does to roles, which all databases of a server share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Roles {
    /// Nothing.
    Leave,
    /// What cannot be told: it calls code, or grants.
    MayChange,
    /// Changes them, or something else that is shared.
    Change,
}

impl Roles {
    pub(crate) fn of(migration: &Migration) -> Self {
        // SET changes its session only.
        let schema = [
            Verb::Create,
            Verb::Alter,
            Verb::Drop,
            Verb::Insert,
            Verb::Update,
            Verb::Delete,
            Verb::Comment,
            Verb::Set,
        ];
        let mut roles = Self::Leave;
        for script in [&migration.up, &migration.down].into_iter().filter_map(Step::script) {
            if ScriptTraits::of(script).cluster_wide {
                return Self::Change;
            }
            for statement in &script.statements {
                if changes_roles(&statement.sql) {
                    return Self::Change;
                }
                let class = classify(&statement.sql);
                let about_schema = class.control.is_some() || schema.contains(&class.verb);
                if !about_schema || class.object == Some(ObjectKind::Role) {
                    roles = Self::MayChange;
                }
            }
        }
        roles
    }
}

/// Whether `sql` creates, changes or drops roles or what they own, also inside strings.
fn changes_roles(sql: &str) -> bool {
    let tokens: Vec<Token> = Tokens::new(sql).filter(|token| !token.kind.is_trivia()).collect();
    let is = |at: usize, words: &[&str]| {
        tokens.get(at).is_some_and(|token| words.iter().any(|word| token.is_word(sql, word)))
    };
    (0..tokens.len()).any(|at| {
        let role = is(at, &["create", "alter", "drop"])
            && is(at + 1, &["role", "user", "group"])
            && !is(at + 2, &["mapping"]);
        let owned = is(at, &["reassign", "drop"]) && is(at + 1, &["owned"]);
        let string = tokens[at].kind.is_string();
        role || owned || string && inside(tokens[at], sql).is_some_and(changes_roles)
    })
}

/// The text between the quotes of a string; `None` where it would be the whole again.
fn inside(token: Token, sql: &str) -> Option<&str> {
    let text = token.text(sql);
    let body = text.trim_start_matches(|c: char| c != '\'' && c != '$');
    let inner = match token.kind {
        // Past the tag; the one at the end ends the string nowhere else.
        TokenKind::DollarString => body.splitn(3, '$').nth(2)?,
        _ => body.trim_matches('\''),
    };
    (inner.len() < sql.len()).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::{changes_roles, contains};

    #[test]
    fn roles_are_told_from_columns_of_that_name() {
        assert!(changes_roles("CREATE ROLE app"));
        assert!(changes_roles("DO $$ BEGIN CREATE USER app; END $$"));
        assert!(!changes_roles("CREATE TABLE users (role text, \"user\" text)"));
        assert!(!changes_roles("CREATE USER MAPPING FOR app SERVER s"));
    }

    #[test]
    fn names_are_found_in_bodies_and_not_in_other_names() {
        assert!(contains("DELETE FROM Users", "users"));
        assert!(contains("DELETE FROM \"a\"\"b\"", "a\"b"));
        assert!(contains("DO $x$ BEGIN EXECUTE 'DELETE FROM users'; END $x$", "users"));
        assert!(!contains("DELETE FROM users_old -- users", "users"));
    }
}
