//! Names: plain ones, and those that need quotes, care or all 63 bytes.

use super::choices::Choices;

/// Longest identifier in bytes (`NAMEDATALEN` − 1).
const LONGEST: usize = 63;

const PLAIN: [&str; 12] = [
    "a",
    "users",
    "orders",
    "items",
    "events",
    "tags",
    "b2",
    "name",
    "state",
    "amount",
    "created_at",
    "note",
];
/// Reserved, or keywords that cannot be any name.
const RESERVED: [&str; 10] =
    ["select", "user", "order", "table", "group", "check", "default", "all", "between", "values"];
const AWKWARD: [&str; 14] = [
    "With Space",
    "UPPER",
    "camelCase",
    "quo\"te",
    "apo'strophe",
    "semi;colon",
    "back\\slash",
    "do.t",
    "per%cent",
    "dollar$1",
    "1st",
    "naïve",
    "数据",
    "--comment",
];

/// A name of at most 63 bytes.
pub(super) fn identifier(choices: &mut Choices<'_>) -> String {
    match choices.below(10) {
        0..=4 => choices.of(PLAIN).to_owned(),
        5 | 6 => choices.of(RESERVED).to_owned(),
        7 | 8 => choices.of(AWKWARD).to_owned(),
        _ => {
            let piece = choices.of(["long_", "Ünï", "x", "長い", "q\""]);
            let mut name = String::new();
            while name.len() + piece.len() <= LONGEST {
                name.push_str(piece);
            }
            name.push_str(&"z".repeat(LONGEST - name.len()));
            name
        }
    }
}

/// `name`, or the first of `name_2`, `name_3`, … that is not `taken`; at most 63 bytes.
pub(super) fn unique(name: String, taken: impl Fn(&str) -> bool) -> String {
    if !taken(&name) {
        return name;
    }
    let numbered = (2..).map(|number| {
        let suffix = format!("_{number}");
        let kept = name.floor_char_boundary(name.len().min(LONGEST - suffix.len()));
        format!("{}{suffix}", &name[..kept])
    });
    match numbered.into_iter().find(|name| !taken(name)) {
        Some(name) => name,
        None => unreachable!("there are more numbers than names"),
    }
}
