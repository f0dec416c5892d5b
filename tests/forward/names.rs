//! Names with quotes, blanks, letters beyond ASCII, and more bytes than a name may have.

use confiture_tests::check;
use insta::assert_snapshot;

use super::under;

#[test]
fn objects_with_awkward_names_are_named_in_full() {
    let files = |second: &str| {
        let rows = format!(
            "CREATE TABLE \"Ünï \"\"q\"\" x\" (\"a b\" int);\nINSERT INTO \"Ünï \"\"q\"\" x\" VALUES (1), ({second});\n"
        );
        let index = "-- confiture: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY \"my 'index'\" ON \"Ünï \"\"q\"\" x\" (\"a b\");\n";
        check(&[("1_t.sql", &rows), ("2_i.sql", index)])
    };
    assert_snapshot!(files("2"), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(files("1"), @r#"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up! atomic! down- re-up-
      high up-fails up 2_i.sql:2:1 23505
      high failed-up-leaves-object up 2_i.sql:2:1
      high invalid-index-left up 2_i.sql:2:1 index public."my 'index'"
    "#);
}

#[test]
fn names_are_cut_at_63_bytes() {
    let table = |name: &str| format!("CREATE TABLE {name} (id int);");
    let column = |name: &str| format!("ALTER TABLE {name} ADD COLUMN a int;");
    let long = |letters: usize, end: &str| format!("{}{end}", "n".repeat(letters));
    let (first, second) = (long(63, "_first"), long(63, "_second"));
    assert_snapshot!(check(&[("1_t.sql", &table(&first)), ("2_c.sql", &column(&second))]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_c: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(check(&[("1_t.sql", &table(&first)), ("2_t.sql", &table(&second))]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_t: order+ up! atomic+ down- re-up-
      high up-fails up 2_t.sql:1:1 42P07
    ");
}

#[test]
fn a_long_name_of_a_failed_migration_still_excuses_what_needs_it() {
    let name = "n".repeat(70);
    let files = |kind: &str| {
        check(&[
            ("1_t.sql", &format!("CREATE TABLE {name} (id {kind});")),
            ("2_c.sql", &format!("ALTER TABLE {name} ADD COLUMN a int;")),
        ])
    };
    assert_snapshot!(files("int"), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_c: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(files("itn"), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:1:89 42704
    2_c: order+ up? atomic+ down- re-up-
    ");
}

#[test]
fn a_quoted_name_of_a_failed_migration_excuses_what_needs_it() {
    let files = |kind: &str| {
        check(&[
            ("1_t.sql", &format!("CREATE TABLE \"Line Items\" (id {kind});")),
            ("2_c.sql", "ALTER TABLE \"Line Items\" ADD COLUMN a int;"),
            ("3_c.sql", "ALTER TABLE public.\"Line Items\" ADD COLUMN b int;"),
            ("4_q.sql", "ALTER TABLE \"Line \"\"Items\"\"\" ADD COLUMN b int;"),
        ])
    };
    assert_snapshot!(files("int"), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_c: order+ up+ atomic+ down- re-up-
    3_c: order+ up+ atomic+ down- re-up-
    4_q: order+ up! atomic+ down- re-up-
      high up-fails up 4_q.sql:1:1 42P01
    ");
    assert_snapshot!(files("itn"), @r"
    1_t: order+ up! atomic+ down- re-up-
      high up-fails up 1_t.sql:1:31 42704
    2_c: order+ up? atomic+ down- re-up-
    3_c: order+ up? atomic+ down- re-up-
    4_q: order+ up! atomic+ down- re-up-
      high up-fails up 4_q.sql:1:1 42P01
    ");
}

#[test]
fn files_may_have_awkward_names() {
    let second = |kind: &str| format!("CREATE TABLE u (id {kind});");
    let files = |kind: &str| {
        under(
            "plain",
            &[("1_it's \"ça\" $VERSION.sql", "CREATE TABLE t (id int);"), ("2_日本 語.sql", &second(kind))],
        )
    };
    assert_snapshot!(files("int"), @r#"
    1_it's "ça" $VERSION: order+ up+ atomic+ down- re-up-
    2_日本 語: order+ up+ atomic+ down- re-up-
    "#);
    assert_snapshot!(files("itn"), @r#"
    1_it's "ça" $VERSION: order+ up+ atomic+ down- re-up-
    2_日本 語: order+ up! atomic+ down- re-up-
      high up-fails up 2_日本 語.sql:1:20 42704
    "#);
}
