//! Tools without a marker: a file is one message, or always wrapped, or left to its own BEGIN and COMMIT.

use insta::assert_snapshot;

use super::{INDEX, TABLE, under};

const TWO: &str = "ALTER TABLE t ADD COLUMN a int;\nCREATE INDEX CONCURRENTLY t_a ON t (a);\n";

#[test]
fn golang_migrate_runs_a_lone_statement_bare_and_several_in_one_transaction() {
    let table = [("1_t.up.sql", TABLE), ("1_t.down.sql", "DROP TABLE t;")];
    let alone = [("2_i.up.sql", INDEX), ("2_i.down.sql", "DROP INDEX CONCURRENTLY t_id;")];
    assert_snapshot!(under("golang-migrate", &[table, alone].concat()), @r"
    1_t: order+ up+ atomic+ down+ re-up+
    2_i: order+ up+ atomic+ down+ re-up+
    ");
    let together = [("2_i.up.sql", TWO), ("2_i.down.sql", "ALTER TABLE t DROP COLUMN a;")];
    assert_snapshot!(under("golang-migrate", &[table, together].concat()), @r"
    1_t: order+ up+ atomic+ down+ re-up+
    2_i: order+ up! atomic+ down? re-up?
      high up-fails up 2_i.up.sql:2:1 25001
    ");
}

#[test]
fn postgrator_sends_a_file_as_one_message() {
    assert_snapshot!(under("postgrator", &[("1.do.t.sql", TABLE), ("2.do.i.sql", INDEX)]), @r"
    1.t: order+ up+ atomic+ down- re-up-
    2.i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("postgrator", &[("1.do.t.sql", TABLE), ("2.do.i.sql", TWO)]), @r"
    1.t: order+ up+ atomic+ down- re-up-
    2.i: order+ up! atomic+ down- re-up-
      high up-fails up 2.do.i.sql:2:1 25001
    ");
}

#[test]
fn prisma_sends_a_file_as_one_message() {
    let table = ("20240101000000_t/migration.sql", TABLE);
    assert_snapshot!(under("prisma", &[table, ("20240102000000_i/migration.sql", INDEX)]), @r"
    20240101000000_t: order+ up+ atomic+ down- re-up-
    20240102000000_i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("prisma", &[table, ("20240102000000_i/migration.sql", TWO)]), @r"
    20240101000000_t: order+ up+ atomic+ down- re-up-
    20240102000000_i: order+ up! atomic+ down- re-up-
      high up-fails up migration.sql:2:1 25001
    ");
}

#[test]
fn drizzle_wraps_every_file() {
    let journal =
        ("meta/_journal.json", r#"{"entries":[{"idx":0,"tag":"0000_t"},{"idx":1,"tag":"0001_i"}]}"#);
    let broken = "ALTER TABLE t ADD COLUMN a int;--> statement-breakpoint\nCREATE INDEX t_a ON t (a);\n";
    assert_snapshot!(under("drizzle", &[journal, ("0000_t.sql", TABLE), ("0001_i.sql", broken)]), @r"
    0000_t: order+ up+ atomic+ down- re-up-
    0001_i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("drizzle", &[journal, ("0000_t.sql", TABLE), ("0001_i.sql", INDEX)]), @r"
    0000_t: order+ up+ atomic+ down- re-up-
    0001_i: order+ up! atomic+ down- re-up-
      high up-fails up 0001_i.sql:1:1 25001
    ");
}

#[test]
fn supabase_records_the_file_in_its_transaction() {
    let plain = "CREATE INDEX t_id ON t (id);";
    let file = |sql| [("20240101000000_t.sql", TABLE), ("20240102000000_i.sql", sql)];
    assert_snapshot!(under("supabase", &file(plain)), @r"
    20240101000000_t: order+ up+ atomic+ down- re-up-
    20240102000000_i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("supabase", &file(INDEX)), @r"
    20240101000000_t: order+ up+ atomic+ down- re-up-
    20240102000000_i: order+ up! atomic+ down- re-up-
      high up-fails up 20240102000000_i.sql:1:1 25001
    ");
}

#[test]
fn hasura_runs_a_file_in_one_transaction() {
    let table = [("1700000000000_t/up.sql", TABLE), ("1700000000000_t/down.sql", "DROP TABLE t;")];
    let index = |sql| [("1700000000001_i/up.sql", sql), ("1700000000001_i/down.sql", "DROP INDEX t_id;")];
    assert_snapshot!(under("hasura", &[table, index("CREATE INDEX t_id ON t (id);")].concat()), @r"
    1700000000000_t: order+ up+ atomic+ down+ re-up+
    1700000000001_i: order+ up+ atomic+ down+ re-up+
    ");
    assert_snapshot!(under("hasura", &[table, index(INDEX)].concat()), @r"
    1700000000000_t: order+ up+ atomic+ down+ re-up+
    1700000000001_i: order+ up! atomic+ down? re-up?
      high up-fails up up.sql:1:1 25001
    ");
}

#[test]
fn refinery_wraps_every_migration() {
    let plain = "CREATE INDEX t_id ON t (id);";
    assert_snapshot!(under("refinery", &[("V1__t.sql", TABLE), ("V2__i.sql", plain)]), @r"
    V1__t: order+ up+ atomic+ down- re-up-
    V2__i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("refinery", &[("V1__t.sql", TABLE), ("V2__i.sql", INDEX)]), @r"
    V1__t: order+ up+ atomic+ down- re-up-
    V2__i: order+ up! atomic+ down- re-up-
      high up-fails up V2__i.sql:1:1 25001
    ");
}

#[test]
fn sqitch_scripts_bring_their_own_transaction() {
    let plan = (
        "sqitch.plan",
        "%project=shop\n\nt 2024-01-01T00:00:00Z Ann <ann@example.org>\ni 2024-01-02T00:00:00Z Ann <ann@example.org>\n",
    );
    let table = format!("BEGIN;\n{TABLE}COMMIT;\n");
    let files = |index| {
        [
            plan,
            ("deploy/t.sql", table.as_str()),
            ("revert/t.sql", "BEGIN;\nDROP TABLE t;\nCOMMIT;\n"),
            ("deploy/i.sql", index),
            ("revert/i.sql", "DROP INDEX CONCURRENTLY t_id;\n"),
        ]
    };
    assert_snapshot!(under("sqitch", &files(INDEX)), @r"
    t: order+ up+ atomic+ down+ re-up+
    i: order+ up+ atomic+ down+ re-up+
    ");
    let wrapped = format!("BEGIN;\n{INDEX}COMMIT;\n");
    assert_snapshot!(under("sqitch", &files(&wrapped)), @r"
    t: order+ up+ atomic+ down+ re-up+
    i: order+ up! atomic+ down? re-up?
      high up-fails up i.sql:2:1 25001
    ");
}
