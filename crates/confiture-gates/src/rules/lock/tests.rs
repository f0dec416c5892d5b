//! Look-alikes: what a rule about locks says of a statement, and of one that differs by a word.

use super::super::tests::check;

/// The rules that speak up.
fn codes(script: &str) -> Vec<String> {
    let found = check(script);
    found.into_iter().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
}

const TIMEOUT: &str = "SET lock_timeout = '2s';\n";

#[test]
fn types_that_keep_the_rows_are_told_from_those_that_convert_them() {
    let rewrites =
        |change: &str| !codes(&format!("{TIMEOUT}ALTER TABLE t ALTER COLUMN a {change};")).is_empty();
    for quiet in
        ["TYPE text", "SET DATA TYPE pg_catalog.text", "TYPE varchar USING a", "TYPE text USING a::text"]
    {
        assert!(!rewrites(quiet), "{quiet}");
    }
    for loud in ["TYPE varchar(20)", "TYPE bigint", "TYPE text USING lower(a)", "TYPE jsonb USING a::jsonb"] {
        assert!(rewrites(loud), "{loud}");
    }
    // The last type the script itself gave it.
    let after = |from: &str, to: &str| {
        codes(&format!(
            "{TIMEOUT}ALTER TABLE t ADD COLUMN a {from};\nALTER TABLE t ALTER COLUMN a TYPE {to};"
        ))
    };
    for (from, to) in [
        ("varchar(10)", "character varying(20)"),
        ("numeric(10,2)", "decimal(12, 2)"),
        ("timestamp(3)", "timestamp"),
        ("cidr", "inet"),
    ] {
        assert!(after(from, to).is_empty(), "{from} to {to}");
        assert_eq!(after(to, from), ["alter-column-type-rewrite"], "{to} to {from}");
    }
    assert!(!after("numeric(10,2)", "numeric(12,4)").is_empty() && !after("char(3)", "text").is_empty());
    let zone = "ALTER TABLE t ADD COLUMN a timestamp;\nALTER TABLE t ALTER COLUMN a TYPE timestamptz;";
    assert_eq!(codes(&format!("{TIMEOUT}{zone}")), ["alter-column-type-rewrite"]);
    assert!(codes(&format!("{TIMEOUT}SET TIME ZONE 'UTC';\n{zone}")).is_empty());
}

#[test]
fn spellings_of_one_hazard_are_one() {
    let autocommit = |script: &str| codes(&format!("-- confiture: no-transaction\n{TIMEOUT}{script}"));
    for (script, code) in [
        ("VACUUM (FULL, ANALYZE) s.t;", "cluster-or-vacuum-full"),
        ("VACUUM FULL VERBOSE \"T\";", "cluster-or-vacuum-full"),
        ("CLUSTER;", "cluster-or-vacuum-full"),
        ("REINDEX (VERBOSE) INDEX i;", "reindex-not-concurrent"),
        ("LOCK t IN SHARE ROW EXCLUSIVE MODE NOWAIT;", "explicit-lock-table"),
        ("ALTER TABLE ONLY s.\"T\" ADD CHECK (a > 0);", "add-check-not-valid-missing"),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a serial8;", "add-column-serial"),
        ("ALTER TABLE IF EXISTS t DETACH PARTITION p;", "detach-partition-not-concurrent"),
        ("DROP INDEX IF EXISTS s.i;", "drop-index-not-concurrent"),
    ] {
        assert_eq!(autocommit(script), [code], "{script}");
    }
    for script in [
        "VACUUM (FULL off) t;",
        "LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE;",
        "ALTER TABLE t DETACH PARTITION p FINALIZE;",
        "ALTER TABLE t ADD CHECK (a > 0) NOT VALID;",
        "ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b) VIRTUAL;",
        "CREATE TABLE n (id int); CREATE INDEX i ON n (id); DROP INDEX i; CLUSTER n; LOCK n;",
    ] {
        assert!(autocommit(script).is_empty(), "{script}: {:?}", autocommit(script));
    }
}

#[test]
fn work_counts_where_the_lock_is_held_and_not_behind_it() {
    let alter = "ALTER TABLE t ADD COLUMN a int;";
    let both = |dml: &str| codes(&format!("{TIMEOUT}{alter}\n{dml}"));
    assert_eq!(both("UPDATE t SET a = 1 WHERE a IS NULL;"), ["long-work-under-exclusive-lock"]);
    assert_eq!(both("INSERT INTO o SELECT id FROM p;"), ["long-work-under-exclusive-lock"]);
    // Who ends the transaction hears of that as well.
    let short_work = |dml: &str| {
        let mut found = both(dml);
        found.retain(|code| code != "transaction-control-in-migration");
        found
    };
    for short in [
        "UPDATE t SET a = 1 WHERE id BETWEEN 1 AND 9;",
        "INSERT INTO o VALUES (1);",
        "COMMIT;\nUPDATE t SET a = 1 WHERE a IS NULL;",
    ] {
        assert!(short_work(short).is_empty(), "{short}: {:?}", short_work(short));
    }
    let twice =
        "ALTER TABLE public.t ADD COLUMN b int;\nALTER TABLE t RENAME TO u;\nALTER TABLE u ADD COLUMN c int;";
    assert!(!both(twice).contains(&"multiple-exclusive-locks".to_owned()));
    assert!(both("ALTER TABLE o ADD COLUMN a int;").contains(&"multiple-exclusive-locks".to_owned()));
}
