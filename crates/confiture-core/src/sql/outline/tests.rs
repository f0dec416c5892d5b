use proptest::prelude::*;

use super::*;

#[test]
fn x() {}

proptest! {
    #[test]
    fn nothing_makes_it_panic(sql in crate::sql::soup::script()) {
        outline(&sql);
    }
}
