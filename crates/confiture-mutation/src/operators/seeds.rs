//! The mutations that the first design of the operators asked for, and what makes them.

/// Seed id and the id of the operator that makes it: `S` schema, `D` data, `R` rollback, `P` performance.
pub const SEEDS: &[(&str, &str)] = &[
    ("S1", "pk-drop"),
    ("S2", "not-null-drop"),
    ("S3", "unique-drop"),
    ("S4", "fk-drop"),
    ("S5", "index-skip"),
    ("S6", "type-narrow"),
    ("S7", "default-drop"),
    ("S8", "column-extra"),
    ("S9", "check-drop"),
    ("S10", "column-reorder"),
    ("D1", "update-skip"),
    ("D2", "update-value"),
    ("D3", "delete-skip"),
    ("D4", "insert-skip"),
    ("D5", "where-relop"),
    ("D6", "coalesce-drop"),
    ("D7", "where-partial"),
    ("D8", "cast-change"),
    ("R1", "down-drop-skip"),
    ("R2", "down-restore-skip"),
    ("R3", "down-column-skip"),
    ("R4", "down-constraint-wrong"),
    ("R5", "down-index-skip"),
    ("P1", "index-skip"),
    ("P2", "join-inefficient"),
    ("P3", "row-by-row"),
    ("P4", "full-scan"),
];

#[cfg(test)]
mod tests {
    use super::SEEDS;

    #[test]
    fn twenty_seven_seeds_name_an_operator_each() {
        let groups = [("S", 10), ("D", 8), ("R", 5), ("P", 4)];
        let ids = groups.iter().flat_map(|(group, count)| (1..=*count).map(move |n| format!("{group}{n}")));
        assert!(ids.eq(SEEDS.iter().map(|(seed, _)| *seed)));
        let kebab = |id: &str| {
            id.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        };
        assert!(SEEDS.iter().all(|(_, operator)| kebab(operator)), "{SEEDS:?}");
    }
}
