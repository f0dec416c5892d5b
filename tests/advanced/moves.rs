//! Rows that move, and keys and counters that follow them.

use crate::{chain, goes, is_kept_back};

#[test]
fn table_split_with_backfill() {
    let base = (
        "users",
        "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, city text);\n\
         INSERT INTO users SELECT g + 1000000, 'n', 'c' FROM generate_series(1, 50) g;",
        "",
    );
    let table = (
        "addresses",
        "CREATE TABLE addresses (user_id bigint PRIMARY KEY, city text);",
        "DROP TABLE addresses;",
    );
    let copy = (
        "copy",
        "CREATE FUNCTION copy_city() RETURNS trigger LANGUAGE plpgsql AS\n\
         'BEGIN INSERT INTO addresses VALUES (NEW.id, NEW.city)\n\
          ON CONFLICT (user_id) DO UPDATE SET city = EXCLUDED.city; RETURN NEW; END';\n\
         -- confiture:ignore create-trigger-lock the only statement that locks, and it waits two seconds at most\n\
         CREATE TRIGGER users_copy_city AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION copy_city();",
        "DROP TRIGGER users_copy_city ON users;\nDROP FUNCTION copy_city();",
    );
    let backfill = (
        "backfill",
        "INSERT INTO addresses SELECT id, city FROM users ON CONFLICT (user_id) DO NOTHING;",
        "",
    );
    let key = (
        "key",
        "ALTER TABLE addresses ADD CONSTRAINT addresses_user FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;",
        "ALTER TABLE addresses DROP CONSTRAINT addresses_user;",
    );
    let validate = ("validate", "ALTER TABLE addresses VALIDATE CONSTRAINT addresses_user;", "");
    let old = "INSERT INTO users VALUES (0, 'a', 'b');\nSELECT city FROM users WHERE id = $1;";
    let new = "SELECT a.city FROM users u LEFT JOIN addresses a ON a.user_id = u.id WHERE u.id = $1;";
    let test = "-- confiture: migrate to 0001\nINSERT INTO users VALUES (1, 'a', 'Ulm');\n-- confiture: migrate to 0003\n\
                INSERT INTO users VALUES (2, 'b', 'Bonn');\n-- confiture: migrate to 0004\n\
                UPDATE users SET city = 'Jena' WHERE id = 2;\n-- confiture: assert\n\
                SELECT count(*) = 2 AND bool_and(a.city = u.city) FROM users u JOIN addresses a ON a.user_id = u.id WHERE u.id < 3;";
    let steps = chain(&[base, table, copy, backfill]).query("old.sql", old).query("new.sql", new);
    goes(&steps.test("both", test));
    let orphans = (
        "orphans",
        "DELETE FROM addresses WHERE user_id IN (SELECT user_id FROM addresses a\n\
         WHERE NOT EXISTS (SELECT FROM users WHERE id = a.user_id) ORDER BY user_id LIMIT 1000);",
        "",
    );
    goes(&chain(&[base, table, backfill, key, orphans, validate]).query("new.sql", new));
    let bound = chain(&[base, table, backfill, key, validate]).query("new.sql", new);
    is_kept_back(&bound, &["0005 up-fails-with-rows", "gate data-integrity failed"]);
    let lossy = chain(&[
        base,
        table,
        ("drop", "ALTER TABLE users DROP COLUMN city;", "ALTER TABLE users ADD COLUMN city text;"),
    ]);
    is_kept_back(
        &lossy.query("old.sql", old),
        &["0003 drop-column", "0003 query-breaks", "0003 rollback-loses-data", "gate rollback failed"],
    );
    let unfilled = chain(&[base, table, copy, ("backfill", "SELECT 1;", "")]).test("both", test);
    is_kept_back(&unfilled, &["- test-assertion-fails", "gate data-integrity failed"]);
}

#[test]
fn foreign_key_re_pointing() {
    let base = (
        "orders",
        "CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE accounts (id bigint PRIMARY KEY);\n\
         CREATE TABLE orders (id bigint PRIMARY KEY, owner bigint NOT NULL CONSTRAINT orders_user REFERENCES users);\n\
         CREATE INDEX orders_owner ON orders (owner);\n\
         INSERT INTO users VALUES (1000001);\nINSERT INTO orders VALUES (1000001, 1000001);",
        "",
    );
    let fill = ("fill", "INSERT INTO accounts SELECT id FROM users ON CONFLICT DO NOTHING;", "");
    let add = (
        "add",
        "ALTER TABLE orders ADD CONSTRAINT orders_account FOREIGN KEY (owner) REFERENCES accounts (id) NOT VALID;",
        "ALTER TABLE orders DROP CONSTRAINT orders_account;",
    );
    let validate = ("validate", "ALTER TABLE orders VALIDATE CONSTRAINT orders_account;", "");
    let drop = (
        "drop",
        "ALTER TABLE orders DROP CONSTRAINT orders_user;",
        "ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (owner) REFERENCES users (id);",
    );
    let old = "SELECT o.id FROM orders o JOIN users u ON u.id = o.owner WHERE u.id = $1;";
    let test = "-- confiture: catch 23503\nINSERT INTO orders VALUES (-1, -1);\nINSERT INTO accounts VALUES (-1);\n\
                INSERT INTO orders VALUES (-1, -1);\n-- confiture: catch 23503\nDELETE FROM accounts WHERE id = -1;";
    goes(&chain(&[base, fill, add, validate, drop]).query("old.sql", old).test("key", test));
    let unfilled = chain(&[base, add, validate, drop]).query("old.sql", old);
    is_kept_back(&unfilled, &["0003 up-fails", "gate schema failed"]);
    let at_once = chain(&[
        base,
        fill,
        (
            "swap",
            "ALTER TABLE orders DROP CONSTRAINT orders_user,\n\
             ADD CONSTRAINT orders_account FOREIGN KEY (owner) REFERENCES accounts (id);",
            "",
        ),
    ]);
    is_kept_back(&at_once, &["0003 add-fk-not-valid-missing", "gate locks failed"]);
}

#[test]
fn counter_that_a_trigger_keeps() {
    let base = (
        "posts",
        "CREATE TABLE posts (id bigint PRIMARY KEY);\n\
         CREATE TABLE comments (id bigint PRIMARY KEY, post_id bigint NOT NULL REFERENCES posts);\n\
         CREATE INDEX comments_post ON comments (post_id);",
        "",
    );
    let column = (
        "column",
        "ALTER TABLE posts ADD COLUMN comment_count bigint NOT NULL DEFAULT 0;",
        "ALTER TABLE posts DROP COLUMN comment_count;",
    );
    let trigger = (
        "trigger",
        "CREATE FUNCTION count_comments() RETURNS trigger LANGUAGE plpgsql AS\n\
         'BEGIN UPDATE posts SET comment_count = comment_count + 1 WHERE id = NEW.post_id; RETURN NEW; END';\n\
         -- confiture:ignore create-trigger-lock the only statement that locks, and it waits two seconds at most\n\
         CREATE TRIGGER comments_count AFTER INSERT ON comments FOR EACH ROW EXECUTE FUNCTION count_comments();",
        "DROP TRIGGER comments_count ON comments;\nDROP FUNCTION count_comments();",
    );
    let backfill = (
        "backfill",
        "UPDATE posts SET comment_count = (SELECT count(*) FROM comments WHERE post_id = posts.id)\n\
         WHERE id IN (SELECT id FROM posts ORDER BY id LIMIT 1000);",
        "",
    );
    let test = "-- confiture: migrate to 0001\nINSERT INTO posts VALUES (1);\nINSERT INTO comments VALUES (1, 1), (2, 1);\n\
                -- confiture: migrate to 0004\nINSERT INTO comments VALUES (3, 1);\n\
                -- confiture: assert\nSELECT comment_count = 3 FROM posts WHERE id = 1;";
    let old = "SELECT count(*) FROM comments WHERE post_id = $1;\nINSERT INTO posts VALUES (0);\nINSERT INTO comments VALUES (0, 0);";
    goes(&chain(&[base, column, trigger, backfill]).query("old.sql", old).test("count", test));
    let unfilled = chain(&[base, column, trigger, ("backfill", "SELECT 1;", "")])
        .query("old.sql", old)
        .test("count", test);
    is_kept_back(&unfilled, &["- test-assertion-fails", "gate data-integrity failed"]);
    let strict = trigger.1.replace("NEW.post_id", "NEW.post");
    let broken = chain(&[base, column, ("trigger", &strict, trigger.2)]).query("old.sql", old);
    is_kept_back(&broken, &["0003 query-breaks", "gate breaking-change failed"]);
}
