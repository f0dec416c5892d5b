//! Ids of mutants: stable, and easy to write in a shell and in TOML.

use std::collections::BTreeMap;

use confiture_core::migration::Direction;

/// Hands out ids of one migration's mutants.
///
/// An id is `operator/migration/object/occurrence`, with `down/` before the object where the rollback is
/// broken. The occurrence counts, from 1, the mutants the operator makes of that object in that script, so
/// other objects, other scripts and line numbers do not change an id.
#[derive(Default)]
pub(super) struct Ids(BTreeMap<String, usize>);

impl Ids {
    pub(super) fn next(
        &mut self,
        operator: &str,
        migration: &str,
        direction: Direction,
        object: &str,
    ) -> String {
        let down = if direction == Direction::Down { "down/" } else { "" };
        let stem = format!("{operator}/{}/{down}{}", plain(migration), plain(object));
        let count = self.0.entry(stem.clone()).or_default();
        *count += 1;
        format!("{stem}/{count}")
    }
}

/// `text` without what a shell, TOML or the id itself would read otherwise: `users(a, b)` is `users.a,b`.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' | ',' | '-' | '+' | '@' => out.push(character),
            '(' => out.push('.'),
            ')' | '"' => {}
            ' ' if out.ends_with(',') => {}
            _ if character.is_alphanumeric() => out.push(character),
            _ => out.push('-'),
        }
    }
    if out.is_empty() { "-".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_the_mutants_of_an_object() {
        let mut ids = Ids::default();
        let mut next = |direction, object| ids.next("pk-drop", "0001_users", direction, object);
        assert_eq!(next(Direction::Up, "users.id"), "pk-drop/0001_users/users.id/1");
        assert_eq!(next(Direction::Up, "orders(a, \"b c\")"), "pk-drop/0001_users/orders.a,b-c/1");
        assert_eq!(next(Direction::Up, "users.id"), "pk-drop/0001_users/users.id/2");
        assert_eq!(next(Direction::Down, "users.id"), "pk-drop/0001_users/down/users.id/1");
        assert_eq!(next(Direction::Down, "$`'/"), "pk-drop/0001_users/down/----/1");
        assert_eq!(next(Direction::Up, ""), "pk-drop/0001_users/-/1");
    }
}
