//! `confiture lint --fix`: what it changes runs, up and down, and is clean; what it must not change it leaves.

use crate::process::{Ended, Project};

const BASE: &str = "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);\n";
const ORDERS: &str =
    "CREATE TABLE orders (id int PRIMARY KEY, user_id int);\nCREATE INDEX ON orders (user_id);\n";

/// A plain directory with two tables, and a second migration with its rollback.
fn project(up: &str, down: &str) -> Project {
    Project::new(&[
        ("m/0001_base.sql", &format!("{BASE}{ORDERS}")),
        ("m/0001_base.down.sql", "DROP TABLE orders, users;\n"),
        ("m/0002_next.sql", up),
        ("m/0002_next.down.sql", down),
    ])
}

fn text(project: &Project, name: &str) -> String {
    std::fs::read_to_string(project.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Asserts that standard error has all of `parts`.
fn says(ended: &Ended, parts: &[&str]) {
    for part in parts {
        assert!(ended.stderr.contains(part), "{part} is missing:\n{}", ended.stderr);
    }
}

/// Repairs the second migration, which is clean afterwards and runs up, down and up again.
fn fixed(project: &Project) -> Ended {
    let ended = project.run(&["lint", "m/0002_next.sql", "--fix"]).exits(0);
    project.run(&["lint", "m", "--from", "0002"]).exits(0);
    // Generated rows hold duplicates and orphans, which no repair of locks is about.
    project.test(&["--rows", "0"]).exits(0);
    ended
}

#[test]
fn index_is_built_concurrently_and_the_rest_of_the_file_stays() {
    let up = "-- Ärger: searched by e-mail\nSET lock_timeout = '2s';\ncreate /* why */ unique index users_email on users(email) ; -- end\n";
    let project = project(up, "DROP INDEX users_email;\n");
    says(&fixed(&project), &["fixed m/0002_next.sql:3: index-not-concurrent"]);
    assert_eq!(
        text(&project, "m/0002_next.sql"),
        "-- confiture: no-transaction\n-- Ärger: searched by e-mail\ncreate /* why */ unique index CONCURRENTLY \
         users_email on users(email) ; -- end\n"
    );
}

#[test]
fn index_is_dropped_concurrently() {
    let project = project("DROP INDEX orders_user_id_idx;\n", "CREATE INDEX ON orders (user_id);\n");
    fixed(&project);
    let expected = "-- confiture: no-transaction\nDROP INDEX CONCURRENTLY orders_user_id_idx;\n";
    assert_eq!(text(&project, "m/0002_next.sql"), expected);
}

#[test]
fn script_that_does_more_keeps_its_transaction() {
    let up = "SET lock_timeout = '2s';\nCREATE INDEX users_age ON users (age);\nUPDATE users SET age = 1 WHERE id = 1;\n";
    let project = project(up, "DROP INDEX users_age;\n");
    let ended = project.run(&["lint", "m/0002_next.sql", "--fix"]).exits(1);
    says(&ended, &["left m/0002_next.sql:2: index-not-concurrent", "line 3"]);
    assert_eq!(text(&project, "m/0002_next.sql"), up);
}

#[test]
fn what_concurrently_cannot_do_is_left() {
    for (up, why) in [
        ("DROP INDEX orders_user_id_idx, users_email;\n", "one index at a time"),
        ("DROP INDEX orders_user_id_idx CASCADE;\n", "not with CASCADE"),
        ("DO $$ BEGIN CREATE INDEX users_age ON users (age); END $$;\n", "stands in a body"),
        ("CREATE INDEX IF NOT EXISTS users_age ON users (age);\n", "if-not-exists-hides-invalid-index"),
    ] {
        let project = project(&format!("SET lock_timeout = '2s';\n{up}"), "SELECT 1;\n");
        let ended = project.run(&["lint", "m/0002_next.sql", "--fix"]).exits(1);
        says(&ended, &["left m/0002_next.sql:2", why]);
        assert!(text(&project, "m/0002_next.sql").ends_with(up));
    }
}

#[test]
fn foreign_key_is_validated_by_a_new_migration() {
    let up = "SET LOCAL lock_timeout = '2s';\nALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;\n";
    let project = project(up, "ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;\n");
    says(&fixed(&project), &["wrote m/0003_validate_orders_user_id_fkey.sql"]);
    assert_eq!(
        text(&project, "m/0002_next.sql"),
        "SET LOCAL lock_timeout = '2s';\nALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) \
         REFERENCES users ON DELETE CASCADE NOT VALID;\n"
    );
    assert_eq!(
        text(&project, "m/0003_validate_orders_user_id_fkey.sql"),
        "ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;\n"
    );
    assert!(text(&project, "m/0003_validate_orders_user_id_fkey.down.sql").contains("NOT VALID;"));
}

#[test]
fn checks_are_validated_each_by_a_new_migration_and_one_without_a_name_is_left() {
    let up = "SET LOCAL lock_timeout = '2s';\nALTER TABLE users ADD CONSTRAINT age_ok CHECK (age > 0), \
              ADD CONSTRAINT \"Mail\" CHECK (email LIKE '%@%');\n";
    let down = "ALTER TABLE users DROP CONSTRAINT age_ok, DROP CONSTRAINT \"Mail\";\n";
    let named = project(up, down);
    fixed(&named);
    let new = ["m/0003_validate_age_ok.sql", "m/0004_validate_Mail.sql", "m/0004_validate_Mail.down.sql"];
    new.iter().for_each(|name| assert!(!text(&named, name).is_empty()));

    let bare =
        project("SET LOCAL lock_timeout = '2s';\nALTER TABLE users ADD CHECK (age > 0);\n", "SELECT 1;\n");
    says(&bare.run(&["lint", "m/0002_next.sql", "--fix"]).exits(1), &["give it one"]);
}

#[test]
fn unique_constraint_gets_its_index_first() {
    let up = "SET lock_timeout = '2s';\nALTER TABLE users ADD UNIQUE (email, id) DEFERRABLE;\n";
    let project = project(up, "-- back\nALTER TABLE users DROP CONSTRAINT users_email_id_key;\n");
    fixed(&project);
    assert_eq!(
        text(&project, "m/0002_next.sql"),
        "-- confiture: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY users_email_id_key ON users (email, id);\n"
    );
    assert_eq!(text(&project, "m/0002_next.down.sql"), "-- back\nDROP INDEX users_email_id_key;\n");
    assert_eq!(
        text(&project, "m/0003_constrain_users_email_id_key.sql"),
        "SET LOCAL lock_timeout = '2s';\nALTER TABLE users ADD CONSTRAINT users_email_id_key UNIQUE USING INDEX \
         users_email_id_key DEFERRABLE;\n"
    );
}

#[test]
fn unique_constraint_whose_rollback_does_not_drop_it_by_itself_is_left() {
    let up = "SET lock_timeout = '2s';\nALTER TABLE users ADD UNIQUE (email);\n";
    let down = "ALTER TABLE users DROP CONSTRAINT users_email_key, ADD COLUMN x int;\n";
    let project = project(up, down);
    says(&project.run(&["lint", "m/0002_next.sql", "--fix"]).exits(1), &["left", "rollback"]);
    assert_eq!(text(&project, "m/0002_next.sql"), up);
}

#[test]
fn primary_key_gets_its_index_first_only_where_its_columns_are_not_null() {
    let base = "CREATE TABLE t (a int NOT NULL, b int);\n";
    for (column, code) in [("a", 0), ("b", 1)] {
        let up = format!("SET lock_timeout = '2s';\nALTER TABLE t ADD PRIMARY KEY ({column});\n");
        let project = project(&up, "ALTER TABLE t DROP CONSTRAINT t_pkey;\n");
        project.write("m/0001_base.sql", base);
        project.write("m/0001_base.down.sql", "DROP TABLE t;");
        let ended = project.run(&["lint", "m/0002_next.sql", "--fix"]).exits(code);
        if code == 0 {
            project.test(&["--rows", "0"]).exits(0);
        } else {
            says(&ended, &["pk-using-index-on-nullable"]);
            assert_eq!(text(&project, "m/0002_next.sql"), up);
        }
    }
}

#[test]
fn lock_timeout_ends_with_the_transaction_and_ignores_stay_with_their_statement() {
    let up = "-- a new column\n-- confiture:ignore drop-column nobody reads it any more\nALTER TABLE users DROP COLUMN age;\n";
    let project = project(up, "ALTER TABLE users ADD COLUMN age int;\n");
    project.run(&["lint", "m/0002_next.sql", "--fix"]).exits(0);
    assert_eq!(
        text(&project, "m/0002_next.sql"),
        "-- a new column\nSET LOCAL lock_timeout = '2s';\n-- confiture:ignore drop-column nobody reads it any \
         more\nALTER TABLE users DROP COLUMN age;\n"
    );
}

#[test]
fn diff_is_what_fix_would_do_and_changes_nothing() {
    let up = "ALTER TABLE users ADD COLUMN nick text;\n";
    let project = project(up, "ALTER TABLE users DROP COLUMN nick;\n");
    let ended = project.run(&["lint", "m", "--from", "0002", "--diff"]).exits(1);
    insta::assert_snapshot!(ended.stdout, @r"
    --- a/m/0002_next.sql
    +++ b/m/0002_next.sql
    @@ -1 +1,2 @@
    +SET LOCAL lock_timeout = '2s';
     ALTER TABLE users ADD COLUMN nick text;
    ");
    assert_eq!(text(&project, "m/0002_next.sql"), up);
}

#[test]
fn released_migrations_are_left_unless_asked() {
    let up = "ALTER TABLE users ADD COLUMN nick text;\n";
    let project = project(up, "ALTER TABLE users DROP COLUMN nick;\n");
    project.run(&["lint", "m", "--fix"]).exits(2).error(&["--changed-since", "--released"]);
    let git = |args: &[&str]| {
        let user = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let ran =
            std::process::Command::new("git").args(user).args(args).current_dir(project.path("")).output();
        assert!(ran.expect("git").status.success());
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "released"]);
    // Released, and changed since.
    let changed = format!("{up}-- a note\n");
    project.write("m/0002_next.sql", &changed);
    project.write("m/0003_new.sql", "ALTER TABLE users ADD COLUMN shoe int;\n");
    let ended = project.run(&["lint", "m", "--changed-since", "HEAD", "--fix"]).exits(1);
    says(&ended, &["left m/0002_next.sql:1", "fixed m/0003_new.sql:1"]);
    assert_eq!(text(&project, "m/0002_next.sql"), changed);
    assert!(text(&project, "m/0003_new.sql").starts_with("SET LOCAL"));
    project.run(&["lint", "m", "--changed-since", "HEAD", "--fix", "--released"]).exits(0);
    assert!(text(&project, "m/0002_next.sql").starts_with("SET LOCAL"));
}

#[test]
fn other_layouts_are_written_their_own_way() {
    let goose = |up: &str, down: &str| format!("-- +goose Up\n{up}\n-- +goose Down\n{down}\n");
    let project = Project::new(&[
        ("m/001_base.sql", &goose(&format!("{BASE}{ORDERS}"), "DROP TABLE orders, users;")),
        ("m/002_index.sql", &goose("CREATE INDEX users_age ON users (age);", "DROP INDEX users_age;")),
        (
            "m/003_check.sql",
            &goose(
                "ALTER TABLE users ADD CONSTRAINT age_ok CHECK (age > 0);",
                "ALTER TABLE users DROP CONSTRAINT age_ok;",
            ),
        ),
    ]);
    project.run(&["lint", "m/002_index.sql", "m/003_check.sql", "--fix"]).exits(0);
    project.test(&[]).exits(0);
    assert!(text(&project, "m/002_index.sql").contains("-- +goose NO TRANSACTION\n"));
    assert!(text(&project, "m/004_validate_age_ok.sql").contains("-- +goose Down\nALTER TABLE users DROP"));

    let dbmate = |up: &str, down: &str| format!("-- migrate:up\n{up}\n\n-- migrate:down\n{down}\n");
    let project = Project::new(&[
        ("m/20240101000000_base.sql", &dbmate(&format!("{BASE}{ORDERS}"), "DROP TABLE orders, users;")),
        ("m/20240101000001_index.sql", &dbmate("CREATE INDEX a ON users (age);", "DROP INDEX a;")),
    ]);
    project.run(&["lint", "m/20240101000001_index.sql", "--fix"]).exits(0);
    project.test(&[]).exits(0);
    assert!(text(&project, "m/20240101000001_index.sql").starts_with("-- migrate:up transaction:false\n"));
}

#[test]
fn layout_without_a_way_out_of_the_transaction_is_left() {
    let project = Project::new(&[
        ("supabase/config.toml", "project_id = 'x'\n"),
        ("supabase/migrations/20240101000000_base.sql", BASE),
        ("supabase/migrations/20240101000001_index.sql", "CREATE INDEX a ON users (age);\n"),
    ]);
    let file = "supabase/migrations/20240101000001_index.sql";
    let args = ["lint", file, "--fix", "--layout", "supabase", "--set", "lock_timeout=2s"];
    says(&project.run(&args).exits(1), &["left", "layout supabase"]);
    assert_eq!(text(&project, file), "CREATE INDEX a ON users (age);\n");
}
