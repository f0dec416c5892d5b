//! Flyway: script configuration, detection of what refuses a transaction, placeholders, repeatables.

use confiture_tests::{Scenario, summary};
use insta::assert_snapshot;

use super::{INDEX, TABLE, under};

#[test]
fn flyway_notices_what_refuses_a_transaction_and_refuses_a_mixture() {
    assert_snapshot!(under("flyway", &[("V1__t.sql", TABLE), ("V2__i.sql", INDEX)]), @r"
    V1__t: order+ up+ atomic+ down- re-up-
    V2__i: order+ up+ atomic+ down- re-up-
    ");
    let mixed = format!("ALTER TABLE t ADD COLUMN a int;\n{INDEX}");
    assert_snapshot!(under("flyway", &[("V1__t.sql", TABLE), ("V2__i.sql", &mixed)]), @r"
    V1__t: order+ up+ atomic+ down- re-up-
    V2__i: order+ up? atomic- down- re-up-
    ");
}

#[test]
fn flyway_script_configuration_decides_about_the_transaction() {
    let mixed = format!("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;\n{INDEX}");
    let files = |value| [("V1__t.sql", TABLE), ("V2__i.sql", mixed.as_str()), ("V2__i.sql.conf", value)];
    assert_snapshot!(under("flyway", &files("executeInTransaction=false\n")), @r"
    V1__t: order+ up+ atomic+ down- re-up-
    V2__i: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("flyway", &files("executeInTransaction=true\n")), @r"
    V1__t: order+ up+ atomic+ down- re-up-
    V2__i: order+ up! atomic+ down- re-up-
      high up-fails up V2__i.sql:2:1 25001
    ");
}

#[test]
fn flyway_placeholders_come_from_its_configuration_or_from_the_user() {
    let sql = "CREATE TABLE ${prefix}_t (id int);";
    let configured = [("V1__t.sql", sql), ("flyway.conf", "flyway.placeholders.prefix=app\n")];
    assert_snapshot!(under("flyway", &configured), @"V1__t: order+ up+ atomic+ down- re-up-");
    let mut given = Scenario::new(&configured[..1]).layout("flyway");
    let report = given.run();
    assert_snapshot!(summary(&report), @"V1__t: order+ up? atomic- down- re-up-");
    assert_eq!(
        super::reason(&report, "V1__t", "up"),
        "the template value prefix (line 1) has not been given: --var prefix=VALUE"
    );
    given.load.vars.insert("prefix".to_owned(), "app".to_owned());
    assert_snapshot!(given.check(), @"V1__t: order+ up+ atomic+ down- re-up-");
}

#[test]
fn flyway_repeatables_run_after_every_version() {
    let view = "CREATE OR REPLACE VIEW v AS SELECT name FROM t;";
    let column = "ALTER TABLE t ADD COLUMN name text;";
    assert_snapshot!(under("flyway", &[("R__v.sql", view), ("V1__t.sql", TABLE), ("V2__c.sql", column)]), @r"
    V1__t: order+ up+ atomic+ down- re-up-
    V2__c: order+ up+ atomic+ down- re-up-
    R__v: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("flyway", &[("R__v.sql", view), ("V1__t.sql", TABLE)]), @r"
    V1__t: order+ up+ atomic+ down- re-up-
    R__v: order+ up! atomic+ down- re-up-
      high up-fails up R__v.sql:1:36 42703
    ");
}

#[test]
fn flyway_versions_compare_part_by_part() {
    let column = "ALTER TABLE t ADD COLUMN name text;";
    assert_snapshot!(under("flyway", &[("V1_10__c.sql", column), ("V1_9__t.sql", TABLE)]), @r"
    V1_9__t: order+ up+ atomic+ down- re-up-
    V1_10__c: order+ up+ atomic+ down- re-up-
    ");
    assert_snapshot!(under("flyway", &[("V1_1__c.sql", column), ("V1_9__t.sql", TABLE)]), @r"
    V1_1__c: order+ up! atomic+ down- re-up-
      high up-fails up V1_1__c.sql:1:1 42P01
    V1_9__t: order+ up+ atomic+ down- re-up-
    ");
}
