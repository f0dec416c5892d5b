//! Tools whose files say at their head, in their name or beside them that they run outside a transaction.

use insta::assert_snapshot;

use super::{INDEX, TABLE, under};

#[test]
fn plain_files_run_in_a_transaction_unless_marked() {
    let marked = format!("-- confiture: no-transaction\n{INDEX}");
    assert_snapshot!(under("plain", &[("1_t.sql", TABLE), ("2_i.sql", &marked)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("plain", &[("1_t.sql", TABLE), ("2_i.sql", INDEX)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up! atomic+ down- re-up-
      high up-fails up 2_i.sql:1:1 25001
    ");
}

#[test]
fn sqlx_wants_the_marker_at_the_first_byte() {
    let marked = format!("-- no-transaction\n{INDEX}");
    let late = format!("\n-- no-transaction\n{INDEX}");
    assert_snapshot!(under("sqlx", &[("1_t.sql", TABLE), ("2_i.sql", &marked)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("sqlx", &[("1_t.sql", TABLE), ("2_i.sql", &late)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up! atomic+ down- re-up-
      high up-fails up 2_i.sql:3:1 25001
    ");
}

#[test]
fn an_unwrapped_sqlx_file_is_still_one_message() {
    let two = format!("-- no-transaction\nSET lock_timeout = '1s';\n{INDEX}");
    assert_snapshot!(under("sqlx", &[("1_t.sql", TABLE), ("2_i.sql", &two)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up! atomic+ down- re-up-
      high up-fails up 2_i.sql:3:1 25001
    ");
}

#[test]
fn diesel_reads_metadata_toml_beside_the_script() {
    let table = [("2024-01-01-000000_t/up.sql", TABLE), ("2024-01-01-000000_t/down.sql", "DROP TABLE t;")];
    let index = [
        ("2024-01-02-000000_i/up.sql", INDEX),
        ("2024-01-02-000000_i/down.sql", "DROP INDEX CONCURRENTLY t_id;"),
        ("2024-01-02-000000_i/metadata.toml", "run_in_transaction = false\n"),
    ];
    assert_snapshot!(under("diesel", &[&table[..], &index[..]].concat()), @r"
    2024-01-01-000000_t: order+ up+ atomic+ down+ re-up+
    2024-01-02-000000_i: order+ up+ atomic+ down+ re-up+
    ");
    assert_snapshot!(under("diesel", &[&table[..], &index[..2]].concat()), @r"
    2024-01-01-000000_t: order+ up+ atomic+ down+ re-up+
    2024-01-02-000000_i: order+ up! atomic+ down? re-up?
      high up-fails up up.sql:1:1 25001
    ");
}

#[test]
fn diesel_sorts_versions_without_their_dashes() {
    let files = [
        ("2024-01-02-000000_column/up.sql", "ALTER TABLE t ADD COLUMN name text;"),
        ("20240101000000_t/up.sql", TABLE),
    ];
    assert_snapshot!(under("diesel", &files), @r"
    20240101000000_t: order+ up+ atomic+ down- re-up-
    2024-01-02-000000_column: order+ up+ atomic+ down- re-up-
    ");
    let backwards = [("2024-01-01-000000_column/up.sql", files[0].1), ("20240102000000_t/up.sql", TABLE)];
    assert_snapshot!(under("diesel", &backwards), @r"
    2024-01-01-000000_column: order+ up! atomic+ down- re-up-
      high up-fails up up.sql:1:1 42P01
    20240102000000_t: order+ up+ atomic+ down- re-up-
    ");
}

#[test]
fn atlas_files_choose_their_transaction_mode() {
    let marked = format!("-- atlas:txmode none\n\n{INDEX}");
    assert_snapshot!(under("atlas", &[("1_t.sql", TABLE), ("2_i.sql", &marked)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up+ atomic+ down- re-up-
    ");
    let file = format!("-- atlas:txmode file\n\n{INDEX}");
    assert_snapshot!(under("atlas", &[("1_t.sql", TABLE), ("2_i.sql", &file)]), @r"
    1_t: order+ up+ atomic+ down- re-up-
    2_i: order+ up! atomic+ down- re-up-
      high up-fails up 2_i.sql:3:1 25001
    ");
}

#[test]
fn postgres_migrations_knows_a_comment_that_disables_the_transaction() {
    let marked = format!("-- postgres-migrations disable-transaction\n{INDEX}");
    assert_snapshot!(under("postgres-migrations", &[("1-t.sql", TABLE), ("2-i.sql", &marked)]), @r"
    1-t: order+ up+ atomic+ down- re-up-
    2-i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("postgres-migrations", &[("1-t.sql", TABLE), ("2-i.sql", INDEX)]), @r"
    1-t: order+ up+ atomic+ down- re-up-
    2-i: order+ up! atomic+ down- re-up-
      high up-fails up 2-i.sql:1:1 25001
    ");
}

#[test]
fn popx_file_names_carry_autocommit() {
    let table = [("20240101000000_t.up.sql", TABLE), ("20240101000000_t.down.sql", "DROP TABLE t;")];
    let down = "DROP INDEX t_id;";
    let named = [("20240102000000_i.autocommit.up.sql", INDEX), ("20240102000000_i.down.sql", down)];
    assert_snapshot!(under("popx", &[table, named].concat()), @r"
    20240101000000_t: order+ up+ atomic+ down+ re-up+
    20240102000000_i: order+ up+ atomic+ down+ re-up+
    ");
    let unnamed = [("20240102000000_i.up.sql", INDEX), ("20240102000000_i.down.sql", down)];
    assert_snapshot!(under("popx", &[table, unnamed].concat()), @r"
    20240101000000_t: order+ up+ atomic+ down+ re-up+
    20240102000000_i: order+ up! atomic+ down? re-up?
      high up-fails up 20240102000000_i.up.sql:1:1 25001
    ");
}

#[test]
fn numbered_directories_take_the_plain_marker() {
    let marked = format!("-- confiture: no-transaction\n{INDEX}");
    assert_snapshot!(under("numbered", &[("1/up.sql", TABLE), ("10/up.sql", "DROP TABLE t;"), ("2/up.sql", &marked)]), @r"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up+ atomic+ down- re-up-
    10: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("numbered", &[("1/up.sql", TABLE), ("2/up.sql", INDEX)]), @r"
    1: order+ up+ atomic+ down- re-up-
    2: order+ up! atomic+ down- re-up-
      high up-fails up up.sql:1:1 25001
    ");
}
