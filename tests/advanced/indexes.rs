//! Indexes and partitions, while the application goes on writing.

use crate::{chain, goes, is_kept_back};

const USERS: (&str, &str, &str) = (
    "users",
    "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);\n\
     CREATE INDEX users_email ON users (email);\n\
     INSERT INTO users SELECT g + 1000000, 'u' || g FROM generate_series(1, 50) g;",
    "",
);

const QUERY: &str = "SELECT name FROM users WHERE email = $1;\nINSERT INTO users VALUES (0, 'x', 'y');";

#[test]
fn index_swap() {
    let create = "-- confiture: no-transaction\nCREATE INDEX CONCURRENTLY users_email_name ON users (email) INCLUDE (name);";
    let drop = "-- confiture: no-transaction\nDROP INDEX CONCURRENTLY users_email;";
    let undo = "-- confiture: no-transaction\nDROP INDEX CONCURRENTLY users_email_name;";
    let redo = "-- confiture: no-transaction\nCREATE INDEX CONCURRENTLY users_email ON users (email);";
    let test = "-- confiture: uses-index users_email_name\nSELECT name FROM users WHERE email = 'u1';";
    let steps = chain(&[USERS, ("create", create, undo), ("drop", drop, redo)]);
    goes(&steps.query("old.sql", QUERY).test("served", test));
    let at_once = chain(&[
        USERS,
        (
            "swap",
            "DROP INDEX users_email;\nCREATE INDEX users_email_name ON users (email) INCLUDE (name);",
            "DROP INDEX users_email_name;\nCREATE INDEX users_email ON users (email);",
        ),
    ]);
    is_kept_back(
        &at_once.query("old.sql", QUERY),
        &["0002 drop-index-not-concurrent", "0002 index-not-concurrent", "gate locks failed"],
    );
    let forgotten = chain(&[USERS, ("drop", drop, redo)])
        .test("served", "-- confiture: uses-index users_email\nSELECT name FROM users WHERE email = 'u1';");
    is_kept_back(&forgotten, &["gate data-integrity failed"]);
}

#[test]
fn unique_index_is_tried_again_after_it_was_left_invalid() {
    let base = (
        "users",
        "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n\
         INSERT INTO users VALUES (1000001, 'twice'), (1000002, 'twice'), (1000003, 'once');",
        "",
    );
    let unique =
        "-- confiture: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);";
    let away = "-- confiture: no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS users_email;";
    let repair = "UPDATE users SET email = email || '-' || id\n\
                  WHERE id IN (SELECT id FROM users LIMIT 1000);";
    let steps = chain(&[base, ("repair", repair, ""), ("away", away, ""), ("unique", unique, away)]);
    goes(&steps.test(
        "unique",
        "-- confiture: catch 23505\nINSERT INTO users SELECT -1, email FROM users WHERE id = 1000003;\n\
         -- confiture: assert\nSELECT indisvalid FROM pg_index WHERE indexrelid = 'users_email'::regclass;",
    ));
    let over_duplicates = chain(&[base, ("unique", unique, away)]);
    is_kept_back(&over_duplicates, &["0002 up-fails", "0002 invalid-index-left", "gate schema failed"]);
    let hidden = "-- confiture: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (email);";
    let left = (
        "left",
        "-- confiture: no-transaction\nCREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n\
         INSERT INTO users VALUES (1000001, 'twice'), (1000002, 'twice');\n\
         CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);",
        "",
    );
    is_kept_back(&chain(&[left, ("again", hidden, "")]), &["0002 if-not-exists-hides-invalid-index"]);
}

#[test]
fn partition_roll_over() {
    let base = (
        "events",
        "CREATE TABLE events (id bigint NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);\n\
         CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n\
         CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');",
        "",
    );
    let bounds = "FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')";
    let attach = format!(
        "CREATE TABLE events_2027 (LIKE events, CONSTRAINT at_2027 CHECK (at >= '2027-01-01' AND at < '2028-01-01'));\n\
         ALTER TABLE events ATTACH PARTITION events_2027 {bounds};"
    );
    let detach =
        "-- confiture: no-transaction\nALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;";
    let reattach =
        "ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');";
    let old = "INSERT INTO events VALUES (1, '2026-06-01');\nSELECT id FROM events WHERE at = '2026-06-01';";
    let test = "-- confiture: migrate to 0001\n-- confiture: catch 23514\nINSERT INTO events VALUES (1, '2027-06-01');\n\
                INSERT INTO events VALUES (1, '2025-06-01');\n\
                -- confiture: migrate to 0002\n-- confiture: at-most SHARE UPDATE EXCLUSIVE on events\n\
                INSERT INTO events VALUES (2, '2027-06-01');\n-- confiture: migrate to 0003\n\
                -- confiture: assert\nSELECT count(*) = 1 FROM events_2025;";
    // What is detached CONCURRENTLY keeps its bounds as a CHECK, which a rollback has to drop.
    let whole = format!("{reattach}\nALTER TABLE events_2025 DROP CONSTRAINT events_2025_at_check;");
    let steps = chain(&[base, ("next", &attach, "DROP TABLE events_2027;"), ("detach", detach, &whole)]);
    goes(&steps.query("old.sql", old).test("years", test));
    let half = chain(&[base, ("detach", detach, reattach)]);
    is_kept_back(&half, &["0002 rollback-leaves-object", "gate rollback failed"]);
    let made = format!("CREATE TABLE events_2027 PARTITION OF events {bounds};");
    let careless = chain(&[
        base,
        ("next", &made, "DROP TABLE events_2027;"),
        ("detach", "ALTER TABLE events DETACH PARTITION events_2025;", reattach),
    ]);
    is_kept_back(
        &careless.query("old.sql", old),
        &["0002 create-partition-locks-parent", "0003 detach-partition-not-concurrent", "gate locks failed"],
    );
}
