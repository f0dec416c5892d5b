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
    use confiture_core::plugin::{MutationCategory, Registry};

    use super::SEEDS;

    #[test]
    fn twenty_seven_seeds_name_an_operator_each() {
        let groups = [("S", 10), ("D", 8), ("R", 5), ("P", 4)];
        let ids = groups.iter().flat_map(|(group, count)| (1..=*count).map(move |n| format!("{group}{n}")));
        assert!(ids.eq(SEEDS.iter().map(|(seed, _)| *seed)));
        // The tests of the registry show that the example of every operator is a valid mutant on a server.
        let registry = Registry::linked().unwrap();
        for (seed, id) in SEEDS {
            let operator = registry.operators().find(|operator| operator.meta().plugin.id == *id);
            let meta = operator.unwrap_or_else(|| panic!("no operator makes {seed}, {id}")).meta();
            assert!(meta.example.is_some_and(|example| example.mutant != example.up), "{seed}");
            let category = MutationCategory::as_str(meta.category);
            let group = match &seed[..1] {
                "S" => "schema",
                "D" => "data",
                "R" => "rollback",
                // An index that is not made is a mistake of the schema, and plans tell it.
                _ if *id == "index-skip" => "schema",
                _ => "performance",
            };
            assert_eq!(category, group, "{seed}");
        }
    }
}
