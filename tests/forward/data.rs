//! Migrations on tables with rows.

use confiture_core::report::{CheckStatus, Finding, RunReport};
use confiture_fixtures::SeedFiles;
use confiture_tests::Scenario;

/// What is said of migration `2`, on what `1` made, with rows in its tables: the same whether values or only
/// hashes of them are compared.
fn told(base: &str, up: &str, down: Option<&str>) -> String {
    let mut files = vec![("1.sql", base), ("2.up.sql", up)];
    files.extend(down.map(|down| ("2.down.sql", down)));
    let mut scenario = Scenario::new(&files).layout("plain").with_rows();
    let by_values = scenario.run();
    scenario.options.ladder.compared_as_text = 0;
    let by_hashes = scenario.run();
    let facts = |report: &RunReport| -> Vec<String> {
        let findings = report.findings.iter();
        let keys = ["table", "column", "columns", "count", "rows", "tables", "sqlstate", "sequence"];
        let fact = |f: &Finding, key| f.evidence.get(key).map(ToString::to_string).unwrap_or_default();
        findings
            .map(|f| format!("{} {} {}", f.code, f.message, keys.map(|key| fact(f, key)).join(" ")))
            .collect()
    };
    assert_eq!(facts(&by_values), facts(&by_hashes));
    for (whole, hashed) in by_values.findings.iter().zip(&by_hashes.findings) {
        let key = hashed.evidence.get("key");
        assert!(key.is_none() || key == whole.evidence.get("key"), "{whole:?} {hashed:?}");
    }
    let told = outcome(&by_values);
    assert_eq!(told, outcome(&by_hashes));
    told
}

fn outcome(report: &RunReport) -> String {
    let checks = &report.migrations[1].checks;
    let failed = |id: &str| checks.iter().any(|check| check.id == id && check.status == CheckStatus::Failed);
    for check in checks.iter().filter(|check| ["up-data", "data"].contains(&check.id.as_str())) {
        let excused = failed("up") || check.id == "data" && failed("up-data");
        assert!(excused || check.status != CheckStatus::Skipped, "{check:?}");
    }
    let findings = report.findings.iter().filter(|f| f.migration.as_deref() == Some("2"));
    let lines: Vec<String> = findings
        .map(|finding| {
            let fact =
                ["sqlstate", "column", "table"].iter().find_map(|key| finding.evidence.get(*key)?.as_str());
            let check = finding.check.as_deref().unwrap_or_default();
            format!("{check} {} {} {}", finding.severity.as_str(), finding.code, fact.unwrap_or_default())
        })
        .collect();
    lines.join("\n")
}

const USERS: &str = "CREATE TABLE users (id int PRIMARY KEY, name text, born date)";

#[test]
fn a_column_without_a_value_for_rows_is_refused_and_one_with_a_default_is_not() {
    let bad = told(USERS, "ALTER TABLE users ADD email text NOT NULL", Some("ALTER TABLE users DROP email"));
    assert_eq!(bad, "up-data high up-fails-with-rows 23502");
    let good = "ALTER TABLE users ADD email text NOT NULL DEFAULT ''";
    assert_eq!(told(USERS, good, Some("ALTER TABLE users DROP email")), "");
}

#[test]
fn not_null_meets_nulls_and_a_backfill_makes_it_pass() {
    let down = Some("ALTER TABLE users ALTER name DROP NOT NULL");
    assert_eq!(
        told(USERS, "ALTER TABLE users ALTER name SET NOT NULL", down),
        "up-data medium up-fails-with-rows 23502"
    );
    let good = "UPDATE users SET name = '' WHERE name IS NULL; ALTER TABLE users ALTER name SET NOT NULL";
    // The values it puts in stay: the rollback does not make them NULL again.
    assert_eq!(told(USERS, good, down), "data info rollback-loses-data name");
    let strict = "CREATE TABLE users (id int PRIMARY KEY, name text CHECK (name IS NOT NULL))";
    assert_eq!(told(strict, "ALTER TABLE users ALTER name SET NOT NULL", down), "");
}

#[test]
fn a_unique_constraint_meets_duplicates() {
    let down = Some("ALTER TABLE users DROP CONSTRAINT users_born_key");
    let up = "ALTER TABLE users ADD CONSTRAINT users_born_key UNIQUE (born)";
    assert_eq!(told(USERS, up, down), "up-data medium up-fails-with-rows 23505");
    let unique = "CREATE TABLE users (id int PRIMARY KEY, born date UNIQUE)";
    let again = "ALTER TABLE users ADD CONSTRAINT users_born_key2 UNIQUE (born)";
    assert_eq!(told(unique, again, Some("ALTER TABLE users DROP CONSTRAINT users_born_key2")), "");
}

#[test]
fn a_check_meets_rows_that_break_it() {
    let base = "CREATE TABLE items (id int PRIMARY KEY, price int NOT NULL)";
    let down = Some("ALTER TABLE items DROP CONSTRAINT positive");
    let up = "ALTER TABLE items ADD CONSTRAINT positive CHECK (price BETWEEN 1 AND 3)";
    assert_eq!(told(base, up, down), "up-data medium up-fails-with-rows 23514");
    let later = "ALTER TABLE items ADD CONSTRAINT positive CHECK (price BETWEEN 1 AND 3) NOT VALID";
    assert_eq!(told(base, later, down), "");
}

#[test]
fn a_foreign_key_meets_orphans() {
    let base = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL)";
    let down = Some("ALTER TABLE b DROP CONSTRAINT b_a");
    let up = "ALTER TABLE b ADD CONSTRAINT b_a FOREIGN KEY (a_id) REFERENCES a (id)";
    assert_eq!(told(base, up, down), "up-data medium up-fails-with-rows 23503");
    let good = "ALTER TABLE b ADD CONSTRAINT b_a FOREIGN KEY (a_id) REFERENCES a (id) NOT VALID";
    assert_eq!(told(base, good, down), "");
}

#[test]
fn a_narrower_type_meets_values_that_do_not_fit() {
    let base = "CREATE TABLE t (id int PRIMARY KEY, code varchar(40) NOT NULL, n bigint NOT NULL)";
    let back = Some("ALTER TABLE t ALTER code TYPE varchar(40)");
    assert_eq!(
        told(base, "ALTER TABLE t ALTER code TYPE varchar(5)", back),
        "up-data medium up-fails-with-rows 22001"
    );
    assert_eq!(told(base, "ALTER TABLE t ALTER code TYPE varchar(50)", back), "");
    let back = Some("ALTER TABLE t ALTER n TYPE bigint");
    assert_eq!(
        told(base, "ALTER TABLE t ALTER n TYPE smallint", back),
        "up-data medium up-fails-with-rows 22003"
    );
}

#[test]
fn a_cast_that_cuts_values_is_told_with_and_without_a_rollback() {
    let base = "CREATE TABLE t (id int PRIMARY KEY, price numeric(10, 4) NOT NULL, at timestamp NOT NULL)";
    let up = "ALTER TABLE t ALTER price TYPE numeric(10, 1) USING trunc(price, 1)";
    let down = "ALTER TABLE t ALTER price TYPE numeric(10, 4)";
    assert_eq!(
        told(base, up, Some(down)),
        "data medium values-narrowed price\ndata medium rollback-loses-data price"
    );
    assert_eq!(told(base, "ALTER TABLE t ALTER at TYPE date", None), "data medium values-narrowed at");
    let wider = "ALTER TABLE t ALTER price TYPE numeric(12, 5)";
    assert_eq!(told(base, wider, Some(down)), "");
}

#[test]
fn a_column_that_comes_back_empty_has_lost_its_values() {
    let up = "ALTER TABLE users DROP name";
    // Beside that, it stands in another place.
    let down =
        "ALTER TABLE users ADD name text; ALTER TABLE users DROP born; ALTER TABLE users ADD born date";
    let bad = told(USERS, up, Some(down));
    assert!(bad.contains("data medium rollback-loses-data name"), "{bad}");
    let base = "CREATE TABLE users (id int PRIMARY KEY, name text)";
    let up = "CREATE TABLE names AS SELECT id, name FROM users; ALTER TABLE users DROP name";
    let good = "ALTER TABLE users ADD name text; UPDATE users u SET name = n.name FROM names n \
                WHERE n.id = u.id; DROP TABLE names";
    assert_eq!(told(base, up, Some(good)), "");
    let dropped = told(base, "ALTER TABLE users DROP name", None);
    assert_eq!(dropped, "data info data-dropped name");
}

#[test]
fn a_table_that_comes_back_empty_has_lost_its_rows() {
    let bad = told(USERS, "DROP TABLE users", Some(USERS));
    assert_eq!(bad, "data medium rollback-loses-data table public.users");
    let up = "ALTER TABLE users RENAME TO people";
    assert_eq!(told(USERS, up, Some("ALTER TABLE people RENAME TO users")), "");
}

#[test]
fn a_backfill_that_misses_rows_is_told_and_a_whole_one_is_not() {
    let base = "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL)";
    let down = Some("ALTER TABLE t DROP b");
    let up = "ALTER TABLE t ADD b int; UPDATE t SET b = a WHERE id % 2 = 0";
    assert_eq!(told(base, up, down), "data low backfill-incomplete b");
    assert_eq!(told(base, "ALTER TABLE t ADD b int; UPDATE t SET b = a", down), "");
}

#[test]
fn a_sequence_behind_its_column_is_told_with_the_statement_that_sets_it() {
    let base = "CREATE TABLE t (id int PRIMARY KEY, a int)";
    let up = "ALTER TABLE t ALTER id ADD GENERATED BY DEFAULT AS IDENTITY; UPDATE t SET a = 1";
    let down = Some("ALTER TABLE t ALTER id DROP IDENTITY");
    let bad = told(base, up, down);
    assert!(bad.contains("data high sequence-behind"), "{bad}");
    let set = "SELECT setval(pg_get_serial_sequence('t', 'id'), (SELECT max(id) FROM t))";
    let good = format!("ALTER TABLE t ALTER id ADD GENERATED BY DEFAULT AS IDENTITY; {set}");
    assert_eq!(told(base, &good, down), "");
}

#[test]
fn an_enum_label_cannot_go_while_rows_have_it() {
    let base = "CREATE TYPE state AS ENUM ('new', 'old', 'odd'); \
                CREATE TABLE t (id int PRIMARY KEY, state state NOT NULL)";
    let change = |map: &str| {
        format!(
            "ALTER TYPE state RENAME TO state_old; CREATE TYPE state AS ENUM ('new', 'old'); \
             ALTER TABLE t ALTER state TYPE state USING {map}; DROP TYPE state_old"
        )
    };
    assert_eq!(told(base, &change("state::text::state"), None), "up-data medium up-fails-with-rows 22P02");
    let good = change("CASE state WHEN 'odd' THEN 'old' ELSE state::text END::state");
    let mapped = told(base, &good, None);
    assert!(!mapped.contains("up-fails"), "{mapped}");
}

#[test]
fn rows_that_a_cascade_takes_along_are_told() {
    let base = "CREATE TABLE a (id int PRIMARY KEY); \
                CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a ON DELETE CASCADE)";
    assert_eq!(told(base, "DELETE FROM a", None), "data high rows-lost table public.b");
    assert_eq!(told(base, "DELETE FROM b; DELETE FROM a", None), "");
}

#[test]
fn rows_that_the_up_puts_in_have_to_go_with_the_down() {
    let up = "INSERT INTO users SELECT coalesce(max(id), 0) + 1, 'root' FROM users";
    assert_eq!(told(USERS, up, Some("")), "data low rollback-leaves-rows table public.users");
    assert_eq!(told(USERS, up, Some("DELETE FROM users WHERE name = 'root'")), "");
}

#[test]
fn a_rollback_that_rows_refuse_is_told() {
    let up = "ALTER TABLE users ALTER born TYPE text; UPDATE users SET born = 'unknown' WHERE born IS NULL";
    let bad = told(USERS, up, Some("ALTER TABLE users ALTER born TYPE date USING born::date"));
    assert_eq!(bad, "data high down-fails-with-rows 22007");
    let good = "ALTER TABLE users ALTER born TYPE date USING nullif(born, 'unknown')::date";
    assert_eq!(told(USERS, up, Some(good)), "");
}

#[test]
fn scripts_that_commit_midway_are_tried_with_rows_as_well() {
    let up = "CREATE UNIQUE INDEX CONCURRENTLY born ON users (born)";
    let scenario = |base: &str| {
        let files = [("0001_a.up.sql", base), ("0002_b.up.sql", up), ("0002_b.down.sql", "DROP INDEX born")];
        Scenario::new(&files).layout("golang-migrate").with_rows().run()
    };
    let codes = |base| {
        let report = scenario(base);
        report.findings.iter().filter(|f| f.check.as_deref() == Some("up-data")).count()
    };
    assert_eq!(codes(USERS), 1);
    assert_eq!(codes("CREATE TABLE users (id int PRIMARY KEY, born date UNIQUE)"), 0);
}

#[test]
fn migrations_that_make_roles_are_not_tried_with_rows_and_say_why() {
    let up = "CREATE ROLE confiture_rows_reader; DROP ROLE confiture_rows_reader";
    let report = Scenario::new(&[("1.sql", USERS), ("2.sql", up)]).layout("plain").with_rows().run();
    let check = report.migrations[1].checks.iter().find(|check| check.id == "up-data").expect("a check");
    assert_eq!(check.reason.as_deref(), Some("it may change what all databases of the server share"));
}

#[test]
fn renamed_columns_keep_their_values_also_when_names_are_exchanged() {
    assert_eq!(told(USERS, "ALTER TABLE users RENAME name TO nick", None), "");
    let base = "CREATE TABLE t (id int PRIMARY KEY, short varchar(150), long text)";
    let up = "ALTER TABLE t RENAME short TO summary; ALTER TABLE t RENAME long TO short";
    assert_eq!(told(base, up, None), "");
    let up = "ALTER TABLE t DROP short; ALTER TABLE t RENAME long TO short";
    assert_eq!(told(base, up, None), "data info data-dropped short");
}

#[test]
fn a_table_that_is_copied_under_its_name_is_not_dropped() {
    let up = |rows: &str| {
        format!(
            "ALTER TABLE users RENAME TO old; CREATE TABLE users (id int PRIMARY KEY, name text, born date); \
             INSERT INTO users SELECT * FROM old {rows}; DROP TABLE old"
        )
    };
    assert_eq!(told(USERS, &up(""), None), "");
    let part = told(USERS, &up("WHERE id > 5"), Some(""));
    assert!(part.contains("data medium rollback-loses-data table public.users"), "{part}");
}

#[test]
fn a_sequence_that_is_behind_is_told_once() {
    let files = [
        ("1.sql", "CREATE TABLE t (id int PRIMARY KEY, a int)"),
        ("2.sql", "ALTER TABLE t ALTER id ADD GENERATED BY DEFAULT AS IDENTITY"),
        ("3.sql", "UPDATE t SET a = 1"),
    ];
    let report = Scenario::new(&files).layout("plain").with_rows().run();
    let behind: Vec<_> = report.findings.iter().filter(|f| f.code == "sequence-behind").collect();
    let migrations: Vec<_> = behind.iter().filter_map(|f| f.migration.as_deref()).collect();
    assert_eq!(migrations, ["2"]);
}

#[test]
fn a_rollback_may_name_the_enum_value_that_the_up_added() {
    let base = "CREATE TYPE state AS ENUM ('new', 'old'); CREATE TABLE t (id int PRIMARY KEY, state state)";
    let up = "ALTER TYPE state ADD VALUE 'odd'";
    let told = told(base, up, Some("UPDATE t SET state = 'new' WHERE state = 'odd'"));
    assert!(!told.contains("down-fails-with-rows"), "{told}");
}

#[test]
fn the_time_that_a_trigger_notes_is_information_and_other_values_of_triggers_are_not() {
    let base = |what: &str| {
        format!(
            "CREATE TABLE t (id int PRIMARY KEY, a int, at timestamptz, n int NOT NULL); \
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN NEW.{what}; RETURN NEW; END'; \
             CREATE TRIGGER note BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note()"
        )
    };
    let up = "ALTER TABLE t ADD b int; UPDATE t SET b = 1";
    let down = Some("ALTER TABLE t DROP b");
    assert_eq!(told(&base("at := now()"), up, down), "data info values-changed at");
    assert_eq!(told(&base("n := -1"), up, down), "data low values-changed n");
}

#[test]
fn a_backfill_that_chooses_its_rows_by_a_property_is_whole() {
    let base = "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, state text NOT NULL CHECK (state IN ('x', 'y')))";
    let up = "ALTER TABLE t ADD b int; UPDATE t SET b = a WHERE state = 'x'";
    assert_eq!(told(base, up, Some("ALTER TABLE t DROP b")), "");
}

#[test]
fn rows_are_not_told_apart_by_a_key_that_was_made_anew() {
    let base = "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL)";
    let bad = told(base, "ALTER TABLE t DROP id", Some("ALTER TABLE t ADD id int"));
    let data: Vec<&str> = bad.lines().filter(|line| line.starts_with("data")).collect();
    assert_eq!(data, ["data medium rollback-loses-data id"]);
}

#[test]
fn rows_that_one_cascade_takes_along_are_one_finding() {
    let base = "CREATE TABLE a (id int PRIMARY KEY); \
                CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a ON DELETE CASCADE); \
                CREATE TABLE c (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a ON DELETE CASCADE)";
    // The rollback is blamed for what the up names only.
    assert_eq!(
        told(base, "DELETE FROM a", Some("")),
        "data high rows-lost table public.b\ndata medium rollback-loses-data table public.a"
    );
}

#[test]
fn a_cast_outside_of_a_transaction_is_tried_as_well() {
    let base = "CREATE TABLE t (id int PRIMARY KEY, price numeric(10, 4) NOT NULL)";
    let codes = |up: &str| {
        let files = [("0001_a.up.sql", base), ("0002_b.up.sql", up)];
        let report = Scenario::new(&files).layout("golang-migrate").with_rows().run();
        let data = report.migrations[1].checks.iter().find(|check| check.id == "data").expect("a check");
        assert_eq!(data.reason, None);
        report.findings.iter().filter(|f| f.code == "values-narrowed").count()
    };
    assert_eq!(codes("ALTER TABLE t ALTER price TYPE numeric(10, 1)"), 1);
    assert_eq!(codes("ALTER TABLE t ALTER price TYPE numeric(12, 5)"), 0);
}

#[test]
fn a_guard_of_the_migration_is_told_from_an_error_of_a_trigger() {
    let guard =
        "DO $$ BEGIN IF EXISTS (SELECT FROM users) THEN RAISE EXCEPTION 'repair first'; END IF; END $$";
    assert_eq!(told(USERS, guard, None), "up-data low up-fails-with-rows P0001");
    let base = "CREATE TABLE t (id int PRIMARY KEY, a int); \
                CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'; \
                CREATE TRIGGER no BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION no()";
    assert_eq!(told(base, "UPDATE t SET a = 1", None), "up-data medium up-fails-with-rows P0001");
}

#[test]
fn tables_that_inherit_keep_their_rows_apart() {
    let base = "CREATE TABLE p (id int PRIMARY KEY, a text); CREATE TABLE c (b int) INHERITS (p)";
    let up = "ALTER TABLE p ADD y int";
    assert_eq!(told(base, up, Some("ALTER TABLE p DROP y")), "");
    let lossy = told(base, "ALTER TABLE p DROP a", Some("ALTER TABLE p ADD a text"));
    assert!(lossy.contains("data medium rollback-loses-data"), "{lossy}");
}

#[test]
fn a_table_that_becomes_a_partition_loses_nothing() {
    let base = "CREATE TABLE whole (id int, at date NOT NULL) PARTITION BY RANGE (at); \
                CREATE TABLE old (id int, at date NOT NULL, CHECK (at >= '2000-01-01' AND at < '2100-01-01'))";
    let up = "ALTER TABLE whole ATTACH PARTITION old FOR VALUES FROM ('2000-01-01') TO ('2100-01-01')";
    assert_eq!(told(base, up, None), "");
    assert_eq!(told(base, "DROP TABLE old", None), "data info data-dropped table public.old");
}

#[test]
fn a_log_that_triggers_keep_is_not_left_behind_by_the_rollback() {
    let base = "CREATE TABLE t (id int PRIMARY KEY, a int); CREATE TABLE log (at timestamptz DEFAULT now());
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN INSERT INTO log DEFAULT VALUES; RETURN NULL; END $$;
        CREATE TRIGGER t_log AFTER UPDATE ON t FOR EACH STATEMENT EXECUTE FUNCTION note()";
    let up = "ALTER TABLE t ADD b int; UPDATE t SET b = 1";
    assert_eq!(told(base, up, Some("ALTER TABLE t DROP b")), "");
    let named = "INSERT INTO log DEFAULT VALUES";
    assert_eq!(told(base, named, Some("SELECT 1")), "data low rollback-leaves-rows table public.log");
}

#[test]
fn uncounted_writes_are_seen() {
    let up = "SET LOCAL track_counts = off; DELETE FROM users";
    assert_eq!(told(USERS, up, Some("SELECT 1")), "data medium rollback-loses-data table public.users");
    assert_eq!(told(USERS, "SET LOCAL track_counts = off", Some("SELECT 1")), "");
}

const ADMINS: &str = "CREATE TABLE users (id int PRIMARY KEY, name text)";
/// What only a row of the user's own breaks.
const NO_ADMIN: &str = "ALTER TABLE users ADD CONSTRAINT no_admin CHECK (name <> 'admin')";

/// The codes and lines of findings with these seed files, and how many rows a table gets.
fn seeded(migrations: &[(&str, &str)], seeds: &[(&str, &str)], rows: u64, judged: Option<usize>) -> String {
    let mut scenario = Scenario::new(migrations).layout("plain");
    scenario.options.ladder.rows = rows;
    scenario.options.judged = judged.map(|at| [at].into());
    let dir = tempfile::tempdir().expect("a directory");
    for (name, sql) in seeds {
        std::fs::write(dir.path().join(name), sql).expect("a seed file");
    }
    let loaded = scenario.load().expect("migrations").loaded;
    scenario.options.ladder.seeds = match SeedFiles::read(dir.path(), &loaded) {
        Ok(seeds) => seeds,
        Err(error) => return error.to_string().replace(&dir.path().display().to_string(), ""),
    };
    let report = scenario.run();
    let told = report.findings.iter().map(|finding| {
        let file = finding.file.as_deref().and_then(|file| file.rsplit('/').next()).unwrap_or_default();
        let at = finding.line.map(|line| format!(" {file}:{line}")).unwrap_or_default();
        format!("{} {}{at}", finding.severity.as_str(), finding.code)
    });
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn rows_of_the_users_own_meet_the_migrations_after_their_version() {
    let chain = [("1.sql", ADMINS), ("2.sql", NO_ADMIN)];
    let admin = [("1_admin.sql", "INSERT INTO users VALUES (1, 'admin')")];
    let fails = "medium up-fails-with-rows 2.sql:1";
    assert_eq!(seeded(&chain, &admin, 20, None), fails);
    assert_eq!(seeded(&chain, &admin, 0, None), fails, "without generated rows");
    assert_eq!(seeded(&chain, &admin, 20, Some(1)), fails, "where only the second is judged");
    assert_eq!(seeded(&chain, &[("1_bob.sql", "INSERT INTO users VALUES (1, 'bob')")], 20, None), "");
    assert_eq!(seeded(&chain, &[("2_bob.sql", "INSERT INTO users VALUES (1, 'bob')")], 20, None), "");
}

#[test]
fn generated_rows_make_way_for_those_of_the_user() {
    let chain = [("1.sql", ADMINS), ("2.sql", "ALTER TABLE users ADD born date"), ("3.sql", NO_ADMIN)];
    // 20 generated rows have these ids by then.
    let rows = "INSERT INTO users SELECT n, 'admin' FROM generate_series(1, 20) n";
    assert_eq!(seeded(&chain, &[("2.sql", rows)], 20, None), "medium up-fails-with-rows 3.sql:1");
    assert_eq!(seeded(&chain, &[("2.sql", &rows.replace("admin", "bob"))], 20, None), "");
}

#[test]
fn a_seed_file_that_does_not_fit_is_a_finding_at_its_line() {
    let chain = [("1.sql", ADMINS), ("2.sql", "ALTER TABLE users ADD born date")];
    let bad = "INSERT INTO users VALUES (1, 'a');\nINSERT INTO users VALUES (2, 'b', '2000-01-01');";
    assert_eq!(seeded(&chain, &[("1_bad.sql", bad)], 20, None), "high seed-fails 1_bad.sql:2");
    assert_eq!(seeded(&chain, &[("2_good.sql", bad)], 20, None), "");
    assert_eq!(
        seeded(&chain, &[("last.sql", "INSERT INTO nowhere DEFAULT VALUES")], 20, None),
        "high seed-fails last.sql:1"
    );
    assert_eq!(seeded(&chain, &[("last.sql", bad)], 20, None), "");
    let unknown = seeded(&chain, &[("7_late.sql", bad)], 20, None);
    assert!(unknown.starts_with("use seed file /7_late.sql: no migration has version 7"), "{unknown}");
    let broken = [("1.sql", ADMINS), ("2.sql", "ALTER TABLE users ADD born nothing")];
    let told = seeded(&broken, &[("last.sql", "UPDATE users SET born = now()")], 20, None);
    assert_eq!(told, "high up-fails 2.sql:1\ninfo seed-fails last.sql:1", "the migration is to blame");
}

#[test]
fn values_that_do_not_fit_the_old_type_hide_no_others_that_are_lost() {
    let base = "CREATE TABLE t (id int PRIMARY KEY, code int NOT NULL)";
    let up = |rest: &str| {
        format!("ALTER TABLE t ALTER code TYPE text USING CASE WHEN id % 2 = 0 THEN 'x' ELSE {rest} END")
    };
    assert_eq!(told(base, &up("code::text || '0'"), None), "data medium values-narrowed code");
    assert_eq!(told(base, &up("code::text"), None), "");
}
