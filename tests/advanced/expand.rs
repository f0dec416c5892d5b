//! What is there grows first and shrinks when nobody needs it: columns, values, rights.

use crate::{chain, goes, is_kept_back};

const USERS: (&str, &str, &str) = (
    "users",
    "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n\
     INSERT INTO users VALUES (1000001, NULL), (1000002, 'b@example.org');",
    "",
);

#[test]
fn not_null_in_steps() {
    let check = "-- confiture:ignore new-constraint-rejects-old-writer the application fills it since its last release\n\
                 ALTER TABLE users ADD CONSTRAINT email_present CHECK (email IS NOT NULL) NOT VALID;";
    let drop_check = "ALTER TABLE users DROP CONSTRAINT email_present;";
    let backfill = "UPDATE users SET email = 'none@example.org'\n\
                    WHERE id IN (SELECT id FROM users WHERE email IS NULL ORDER BY id LIMIT 1000);";
    let steps = |fill: &'static str| {
        chain(&[
            USERS,
            ("fill", fill, ""),
            ("check", check, drop_check),
            ("validate", "ALTER TABLE users VALIDATE CONSTRAINT email_present;", ""),
            (
                "not_null",
                "ALTER TABLE users ALTER COLUMN email SET NOT NULL;\nALTER TABLE users DROP CONSTRAINT email_present;",
                "ALTER TABLE users ALTER COLUMN email DROP NOT NULL;\n\
                 ALTER TABLE users ADD CONSTRAINT email_present CHECK (email IS NOT NULL);",
            ),
        ])
        .query("writes.sql", "INSERT INTO users VALUES (0, 'a@example.org');")
        .test(
            "filled",
            "-- confiture: migrate to 0001\nINSERT INTO users VALUES (3, NULL);\n-- confiture: migrate to 0005\n\
             -- confiture: assert\nSELECT email = 'none@example.org' FROM users WHERE id = 3;\n\
             -- confiture: catch 23502\nINSERT INTO users VALUES (4, NULL);",
        )
    };
    goes(&steps(backfill));
    is_kept_back(&steps("SELECT 1;"), &["0004 up-fails", "gate schema failed"]);
    let at_once = chain(&[
        USERS,
        (
            "not_null",
            "ALTER TABLE users ALTER COLUMN email SET NOT NULL;",
            "ALTER TABLE users ALTER email DROP NOT NULL;",
        ),
    ]);
    is_kept_back(&at_once, &["0002 set-not-null-without-check", "gate locks failed"]);
}

#[test]
fn enum_evolution() {
    let base = (
        "jobs",
        "CREATE TYPE state AS ENUM ('new', 'done');\n\
         CREATE TABLE jobs (id bigint PRIMARY KEY, state state NOT NULL DEFAULT 'new');",
        "",
    );
    let default = "ALTER TABLE jobs ALTER COLUMN state SET DEFAULT 'queued';";
    let back = "ALTER TABLE jobs ALTER COLUMN state SET DEFAULT 'new';";
    let queries = "INSERT INTO jobs (id) VALUES (0);\nSELECT id FROM jobs WHERE state = 'done';";
    let add = "ALTER TYPE state ADD VALUE 'queued' BEFORE 'new';";
    let value = format!("-- confiture:ignore irreversible an enum keeps its values\n{add}");
    let steps = chain(&[base, ("value", &value, ""), ("default", default, back)]);
    goes(&steps.query("old.sql", queries).test(
        "default",
        "INSERT INTO jobs (id) VALUES (1);\n-- confiture: assert\nSELECT state = 'queued' AND state < 'new' FROM jobs WHERE id = 1;",
    ));
    is_kept_back(&chain(&[base, ("value", add, "")]), &["0002 irreversible", "gate schema failed"]);
    let both = format!("{value}\n{default}");
    let at_once = chain(&[base, ("value", &both, "")]);
    is_kept_back(&at_once, &["0002 enum-value-used-in-same-tx", "0002 up-fails", "gate schema failed"]);
    let renamed = chain(&[
        base,
        (
            "rename",
            "ALTER TYPE state RENAME VALUE 'done' TO 'finished';",
            "ALTER TYPE state RENAME VALUE 'finished' TO 'done';",
        ),
    ]);
    is_kept_back(&renamed.query("old.sql", queries), &["0002 enum-rename-value", "0002 query-breaks"]);
}

#[test]
fn type_change_with_dual_write() {
    let base = (
        "orders",
        "CREATE TABLE orders (id bigint PRIMARY KEY, total int NOT NULL);\n\
         INSERT INTO orders SELECT g + 1000000, g FROM generate_series(1, 50) g;",
        "",
    );
    let column = (
        "column",
        "ALTER TABLE orders ADD COLUMN total_big bigint;",
        "ALTER TABLE orders DROP COLUMN total_big;",
    );
    let trigger = (
        "dual_write",
        "CREATE FUNCTION orders_total() RETURNS trigger LANGUAGE plpgsql AS\n\
         'BEGIN NEW.total_big := NEW.total; RETURN NEW; END';\n\
         -- confiture:ignore create-trigger-lock the only statement that locks, and it waits two seconds at most\n\
         CREATE TRIGGER orders_total BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION orders_total();",
        "DROP TRIGGER orders_total ON orders;\nDROP FUNCTION orders_total();",
    );
    let backfill = (
        "backfill",
        "UPDATE orders SET total_big = total\nWHERE id IN (SELECT id FROM orders WHERE total_big IS NULL ORDER BY id LIMIT 1000);",
        "",
    );
    let test = "-- confiture: migrate to 0001\nINSERT INTO orders VALUES (1, 7);\n-- confiture: migrate to 0004\n\
                INSERT INTO orders (id, total) VALUES (2, 8);\n-- confiture: assert\n\
                SELECT count(*) FILTER (WHERE total_big IS DISTINCT FROM total) = 0 FROM orders;";
    let old = "INSERT INTO orders (id, total) VALUES (0, 1);\nSELECT total FROM orders WHERE id = $1;";
    goes(&chain(&[base, column, trigger, backfill]).query("old.sql", old).test("kept", test));
    let forgotten = ("backfill", "SELECT 1;", "");
    let unfilled = chain(&[base, column, trigger, forgotten]).query("old.sql", old).test("kept", test);
    is_kept_back(&unfilled, &["- test-assertion-fails", "gate data-integrity failed"]);
    let at_once = chain(&[
        base,
        (
            "type",
            "ALTER TABLE orders ALTER COLUMN total TYPE bigint;",
            "ALTER TABLE orders ALTER COLUMN total TYPE int;",
        ),
    ]);
    is_kept_back(&at_once, &["0002 alter-column-type-rewrite", "gate locks failed"]);
}

#[test]
fn row_security_roll_out() {
    let base = (
        "notes",
        "CREATE TABLE notes (id bigint PRIMARY KEY, owner text NOT NULL);\n\
         GRANT SELECT, INSERT ON notes TO advanced_reader;\n\
         INSERT INTO notes VALUES (1000001, 'advanced_reader'), (1000002, 'somebody');",
        "",
    );
    let setup = "-- confiture: catch 42710\nCREATE ROLE advanced_reader;";
    let policy = "CREATE POLICY notes_own ON notes USING (owner = current_user);";
    let enable = "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;";
    let reads = "SET ROLE advanced_reader;\nSELECT 1 / count(*) FROM notes WHERE id = 1000001;\nINSERT INTO notes VALUES (0, 'advanced_reader');";
    let undo = "ALTER TABLE notes DISABLE ROW LEVEL SECURITY;";
    let test = "SET ROLE advanced_reader;\n-- confiture: assert\nSELECT bool_and(owner = current_user) FROM notes;\n\
                -- confiture: catch 42501\nINSERT INTO notes VALUES (-1, 'somebody');";
    let steps =
        chain(&[base, ("policy", policy, "DROP POLICY notes_own ON notes;"), ("enable", enable, undo)]);
    goes(&steps.setup(setup).query("reads.sql", reads).test("own", test));
    let closed = chain(&[base, ("enable", enable, undo)]).setup(setup).query("reads.sql", reads);
    is_kept_back(&closed, &["0002 rls-without-policy", "0002 query-breaks", "gate breaking-change failed"]);
}

#[test]
fn tenant_column_roll_out() {
    let old =
        "INSERT INTO users (id, email) VALUES (0, 'a@example.org');\nSELECT id FROM users WHERE email = $1;";
    let column = |default: &str| format!("ALTER TABLE users ADD COLUMN tenant_id bigint NOT NULL{default};");
    let undo = "ALTER TABLE users DROP COLUMN tenant_id;";
    let index =
        "-- confiture: no-transaction\nCREATE INDEX CONCURRENTLY users_tenant ON users (tenant_id, email);";
    let with_default = column(" DEFAULT 1");
    let steps = chain(&[
        USERS,
        ("tenant", &with_default, undo),
        ("index", index, "-- confiture: no-transaction\nDROP INDEX CONCURRENTLY users_tenant;"),
    ]);
    goes(&steps.query("old.sql", old).test(
        "tenants",
        "-- confiture: migrate to 0001\nINSERT INTO users VALUES (1, 'x');\n-- confiture: migrate to 0003\n\
         -- confiture: assert\nSELECT tenant_id = 1 FROM users WHERE id = 1;\n\
         -- confiture: uses-index users_tenant\nSELECT id FROM users WHERE tenant_id = 1 AND email = 'x';",
    ));
    let without = column("");
    let required = chain(&[USERS, ("tenant", &without, undo)]).query("old.sql", old);
    is_kept_back(&required, &["0002 add-column-not-null-no-default", "gate schema failed"]);
    let early = chain(&[
        USERS,
        ("tenant", &with_default, undo),
        (
            "no_default",
            "ALTER TABLE users ALTER COLUMN tenant_id DROP DEFAULT;",
            "ALTER TABLE users ALTER COLUMN tenant_id SET DEFAULT 1;",
        ),
    ]);
    is_kept_back(
        &early.query("old.sql", old),
        &["0003 drop-default-of-required-column", "0003 query-breaks"],
    );
}
