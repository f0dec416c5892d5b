//! Access control lists as differences from what PostgreSQL grants by itself.

use std::collections::BTreeMap;

use super::id::{Kind, ObjectId};
use super::object::Privilege;

/// Privilege letters of `aclitem` (manual, section 5.7 "Privileges").
const LETTERS: &[(char, &str)] = &[
    ('r', "SELECT"),
    ('a', "INSERT"),
    ('w', "UPDATE"),
    ('d', "DELETE"),
    ('D', "TRUNCATE"),
    ('x', "REFERENCES"),
    ('t', "TRIGGER"),
    ('m', "MAINTAIN"),
    ('X', "EXECUTE"),
    ('U', "USAGE"),
    ('C', "CREATE"),
    ('c', "CONNECT"),
    ('T', "TEMPORARY"),
];

/// All privileges of a kind of object, and those PUBLIC holds by default.
///
/// PostgreSQL 17 added MAINTAIN to tables; `ALL` hides the difference.
fn letters_of(kind: Kind, version: u32) -> (&'static str, &'static str) {
    match kind {
        Kind::Sequence => ("rwU", ""),
        Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView => {
            if version >= 170_000 {
                ("arwdDxtm", "")
            } else {
                ("arwdDxt", "")
            }
        }
        Kind::Column => ("arwx", ""),
        Kind::Database => ("CTc", "Tc"),
        Kind::Schema => ("UC", ""),
        Kind::Function | Kind::Procedure | Kind::Aggregate => ("X", "X"),
        Kind::Language | Kind::Enum | Kind::Domain | Kind::Composite | Kind::Range | Kind::BaseType => {
            ("U", "U")
        }
        _ => ("U", ""),
    }
}

/// One entry of an ACL: `grantee=letters/grantor`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    grantee: String,
    letters: Vec<(char, bool)>,
    grantor: String,
}

/// Reads one identifier as `aclitemout` writes it (quoted where needed), from the start of `text`.
fn name(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(['=', '/']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut out = String::new();
    let mut rest = quoted;
    while let Some(at) = rest.find('"') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                out.push('"');
                rest = more;
            }
            None => break,
        }
    }
    (out, rest)
}

fn item(text: &str) -> Option<Item> {
    let (grantee, rest) = name(text);
    let rest = rest.strip_prefix('=')?;
    let (privileges, grantor) = rest.split_once('/')?;
    let mut letters = Vec::new();
    let mut chars = privileges.chars().peekable();
    while let Some(letter) = chars.next() {
        letters.push((letter, chars.next_if_eq(&'*').is_some()));
    }
    Some(Item { grantee, letters, grantor: name(grantor).0 })
}

/// Who holds which letter: with grant option?, granted by whom (`None`: the owner).
type Held = BTreeMap<(String, char), (bool, Option<String>)>;

fn held(acl: &str, owner: &str) -> Held {
    let mut out = Held::new();
    for item in acl.split('\u{1}').filter_map(item) {
        for (letter, grantable) in item.letters {
            // The owner can always grant; an explicit option of its own says nothing.
            let grantable = grantable && item.grantee != owner;
            let grantor = (item.grantor != owner).then(|| item.grantor.clone());
            let entry = out.entry((item.grantee.clone(), letter)).or_insert((grantable, grantor.clone()));
            entry.0 |= grantable;
            if grantor.is_none() {
                entry.1 = None;
            }
        }
    }
    out
}

/// What an object of this kind grants without being told.
fn default_of(all: &str, public: &str, owner: &str) -> Held {
    let mut out = Held::new();
    for letter in all.chars() {
        out.insert((owner.to_owned(), letter), (false, None));
    }
    for letter in public.chars() {
        out.insert((String::new(), letter), (false, None));
    }
    out
}

/// The differences of `acl` from the default, as `(grantee, privilege, value)`.
fn differences(acl: &Held, default: &Held, all: &str) -> Vec<(String, String, Privilege)> {
    let mut changed: BTreeMap<(String, Privilege), Vec<char>> = BTreeMap::new();
    for (key @ (grantee, letter), (grantable, grantor)) in acl {
        if default.get(key) != Some(&(*grantable, grantor.clone())) {
            let value = Privilege { revoked: false, grantable: *grantable, grantor: grantor.clone() };
            changed.entry((grantee.clone(), value)).or_default().push(*letter);
        }
    }
    for key @ (grantee, letter) in default.keys() {
        if !acl.contains_key(key) {
            let value = Privilege { revoked: true, ..Privilege::default() };
            changed.entry((grantee.clone(), value)).or_default().push(*letter);
        }
    }
    let mut out = Vec::new();
    for ((grantee, value), letters) in changed {
        if all.len() > 1 && letters.len() == all.len() {
            out.push((grantee, "ALL".to_owned(), value));
            continue;
        }
        for letter in letters {
            let word = LETTERS
                .iter()
                .find(|(l, _)| *l == letter)
                .map_or_else(|| letter.to_string(), |(_, w)| (*w).to_owned());
            out.push((grantee.clone(), word, value.clone()));
        }
    }
    out
}

/// The privileges on `target` that differ from the default.
///
/// `acl` holds aclitems separated by U+0001, `None` for a NULL ACL, which is the default.
pub(super) fn privileges(
    target: &ObjectId,
    owner: &str,
    acl: Option<&str>,
    version: u32,
) -> Vec<(ObjectId, Privilege)> {
    let (all, mut public) = letters_of(target.kind(), version);
    let is_public = target.kind() == Kind::Schema && target.name() == "public";
    if acl.is_none() && !is_public {
        return Vec::new();
    }
    if is_public {
        // initdb's grants on the schema; CREATE for everybody ended with version 15 (release notes).
        public = if version >= 150_000 { "U" } else { "UC" };
    }
    let default = match target.kind() {
        Kind::Column => Held::new(),
        _ => default_of(all, public, owner),
    };
    let found = match acl {
        Some(acl) => held(acl, owner),
        None => default_of(all, "", owner),
    };
    differences(&found, &default, all)
        .into_iter()
        .map(|(grantee, privilege, value)| (target.privilege(&grantee, &privilege), value))
        .collect()
}

/// What `ALTER DEFAULT PRIVILEGES` changed, from one row of `pg_default_acl`.
///
/// Rows without a schema replace the built-in default; rows with one add to it (manual, chapter
/// "System Catalogs", `pg_default_acl`).
pub(super) fn default_privileges(
    role: &str,
    schema: Option<&str>,
    object_type: &str,
    acl: &str,
    version: u32,
) -> Vec<(ObjectId, Privilege)> {
    let (kind, objects) = match object_type {
        "r" => (Kind::Table, "tables"),
        "S" => (Kind::Sequence, "sequences"),
        "f" => (Kind::Function, "functions"),
        "T" => (Kind::BaseType, "types"),
        "n" => (Kind::Schema, "schemas"),
        _ => (Kind::Subscription, "large objects"),
    };
    let (all, public) = if object_type == "L" { ("rw", "") } else { letters_of(kind, version) };
    let default = if schema.is_some() { Held::new() } else { default_of(all, public, role) };
    differences(&held(acl, role), &default, all)
        .into_iter()
        .map(|(grantee, privilege, value)| {
            let path = [role, schema.unwrap_or_default(), objects, &grantee, &privilege];
            (ObjectId::new(Kind::DefaultPrivilege, path), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(acl: Option<&str>, kind: Kind, version: u32) -> String {
        let target = ObjectId::new(kind, ["s", "o"]);
        privileges(&target, "o w", acl, version)
            .iter()
            .map(|(id, p)| {
                format!(
                    "{}{} {}{}",
                    if p.revoked { "-" } else { "+" },
                    id.path().rev().nth(1).unwrap(),
                    id.name(),
                    if p.grantable { "*" } else { "" }
                )
            })
            .collect::<Vec<_>>()
            .join(", ")
    }

    #[test]
    fn an_explicit_default_is_the_default() {
        assert_eq!(show(Some("\"o w\"=arwdDxt/\"o w\""), Kind::Table, 150_000), "");
        assert_eq!(show(None, Kind::Table, 150_000), "");
        assert_eq!(show(Some("=X/\"o w\"\u{1}\"o w\"=X/\"o w\""), Kind::Function, 150_000), "");
    }

    #[test]
    fn grants_and_revokes_are_told_apart() {
        assert_eq!(
            show(Some("\"o w\"=X/\"o w\"\u{1}\"a\"\"b\"=X*/\"o w\""), Kind::Function, 150_000),
            "- EXECUTE, +a\"b EXECUTE*"
        );
    }

    #[test]
    fn every_privilege_is_all_on_every_major() {
        let old = show(Some("\"o w\"=arwdDxt/\"o w\"\u{1}u=arwdDxt/\"o w\""), Kind::Table, 160_000);
        let new = show(Some("\"o w\"=arwdDxtm/\"o w\"\u{1}u=arwdDxtm/\"o w\""), Kind::Table, 170_000);
        assert_eq!(old, "+u ALL");
        assert_eq!(old, new);
    }
}
