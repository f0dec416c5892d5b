use super::expression::{conjuncts, implies, not_null_column};

#[test]
fn conjunctions_are_their_parts() {
    let parts = |text| conjuncts(text).join(" | ");
    assert_eq!(parts("CHECK (((a > 0) AND (b IS NOT NULL)))"), "a > 0 | b IS NOT NULL");
    assert_eq!(parts("CHECK (((a > 0) OR (b IS NOT NULL)))"), "(a > 0) OR (b IS NOT NULL)");
    assert_eq!(parts("CHECK (((a > 0) AND ((b < 1) AND (c = 2))))"), "a > 0 | b < 1 | c = 2");
    assert_eq!(parts("CHECK ((a + b) > (c))"), "(a + b) > (c)");
}

#[test]
fn not_null_is_told_from_other_conditions() {
    assert_eq!(not_null_column("\"A b\" IS NOT NULL").as_deref(), Some("A b"));
    assert_eq!(not_null_column("a IS NULL"), None);
    assert_eq!(not_null_column("lower(a) IS NOT NULL"), None);
}

#[test]
fn a_narrower_bound_implies_a_wider_one() {
    assert!(implies("a > 5", "a > 0"));
    assert!(implies("a > 5", "a >= 5"));
    assert!(implies("a >= (5)::numeric", "a > '-1'::integer"));
    assert!(implies("a = 5", "a <= 5"));
    for (strong, weak) in [
        ("a > 0", "a > 5"),
        ("a >= 5", "a > 5"),
        ("b > 5", "a > 0"),
        ("a > c", "a > 0"),
        ("a > '5'::text", "a > '10'::text"),
        ("a > '10'::text", "a > '5'::text"),
        ("a > '9007199254740993'::bigint", "a >= '9007199254740994'::bigint"),
    ] {
        assert!(!implies(strong, weak), "{strong} does not imply {weak}");
    }
}
