//! Names that stay while what is behind them changes.

use crate::{chain, goes, is_kept_back};

const USERS: (&str, &str, &str) =
    ("users", "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL);", "");

#[test]
fn rename_with_a_compatibility_view() {
    let old = "SELECT id, name FROM users WHERE id = $1;\nINSERT INTO users VALUES (0, 'a');\nUPDATE users SET name = 'b' WHERE id = 0;";
    let new = "SELECT id, name FROM accounts WHERE id = $1;\nINSERT INTO accounts VALUES (0, 'a');";
    let test = "-- confiture: migrate to 0001\nINSERT INTO users VALUES (1, 'a');\n-- confiture: migrate to 0002\n\
                INSERT INTO users VALUES (2, 'b');\n-- confiture: assert\nSELECT count(*) = 2 FROM accounts;";
    let rename = "ALTER TABLE users RENAME TO accounts;\nCREATE VIEW users AS SELECT * FROM accounts;";
    let undo = "DROP VIEW users;\nALTER TABLE accounts RENAME TO users;";
    let expand = ("rename", rename, undo);
    goes(&chain(&[USERS, expand]).query("old.sql", old).query("new.sql", new).test("rows", test));
    let contract = ("contract", "DROP VIEW users;", "CREATE VIEW users AS SELECT * FROM accounts;");
    let retired = chain(&[USERS, expand, contract]);
    goes(&retired.query("new.sql", new));
    let too_early = chain(&[USERS, expand, contract]).query("old.sql", old);
    is_kept_back(&too_early, &["0003 query-breaks", "gate breaking-change failed"]);
    let hard = chain(&[
        USERS,
        ("rename", "ALTER TABLE users RENAME TO accounts;", "ALTER TABLE accounts RENAME TO users;"),
    ]);
    is_kept_back(&hard.query("old.sql", old), &["0002 rename-table", "0002 query-breaks"]);
}

#[test]
fn blue_green_view() {
    let base = (
        "blue",
        "CREATE TABLE blue (id bigint PRIMARY KEY, name text NOT NULL);\nCREATE VIEW items AS SELECT id, name FROM blue;",
        "",
    );
    let green = (
        "green",
        "CREATE TABLE green (id bigint PRIMARY KEY, first text NOT NULL, last text NOT NULL);\n\
         INSERT INTO green SELECT id, split_part(name, ' ', 1), split_part(name, ' ', 2) FROM blue;",
        "DROP TABLE green;",
    );
    let switch = (
        "switch",
        "CREATE OR REPLACE VIEW items AS SELECT id, first || ' ' || last AS name FROM green;",
        "CREATE OR REPLACE VIEW items AS SELECT id, name FROM blue;",
    );
    let reads = "SELECT id, name FROM items WHERE id = $1;";
    let test = "-- confiture: migrate to 0001\nINSERT INTO blue VALUES (1, 'Ada Lovelace');\n-- confiture: migrate to 0003\n\
                -- confiture: assert\nSELECT name = 'Ada Lovelace' FROM items WHERE id = 1;\n\
                -- confiture: rollback to 0002\n-- confiture: assert\nSELECT name = 'Ada Lovelace' FROM items WHERE id = 1;";
    goes(&chain(&[base, green, switch]).query("reads.sql", reads).test("same", test));
    let other = (
        "switch",
        "DROP VIEW items;\nCREATE VIEW items AS SELECT id, first FROM green;",
        "DROP VIEW items;\nCREATE VIEW items AS SELECT id, name FROM blue;",
    );
    is_kept_back(
        &chain(&[base, green, other]).query("reads.sql", reads),
        &["0003 query-breaks", "gate breaking-change failed"],
    );
    let empty = (
        "green",
        "CREATE TABLE green (id bigint PRIMARY KEY, first text NOT NULL, last text NOT NULL);",
        "DROP TABLE green;",
    );
    let unfilled = chain(&[base, empty, switch]).query("reads.sql", reads).test("same", test);
    is_kept_back(&unfilled, &["- test-assertion-fails", "gate data-integrity failed"]);
}
