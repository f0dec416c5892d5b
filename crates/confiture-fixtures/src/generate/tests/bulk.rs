//! Big loads: faster, and nothing is otherwise than after a load row by row.

use confiture_core::catalog::Catalog;
use confiture_core::db::{ServerKind, Session};

use super::{block_on, server};
use crate::{DataFingerprint, RowCounts, RowGenerator, TableData};

/// What is the same after every way of loading, and the names of indexes that were built again.
#[derive(Debug, PartialEq)]
struct Seen {
    filled: String,
    rows: DataFingerprint,
    entries: String,
    rebuilt: Vec<String>,
}

async fn column(session: &Session, query: &str) -> Vec<String> {
    let rows = session.query_simple(query).await.unwrap_or_else(|error| panic!("{error}")).rows;
    rows.into_iter().map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" ")).collect()
}

/// Entries of indexes and constraints, but for where they are stored.
const ENTRIES: &str = "SELECT x FROM (SELECT to_jsonb(i)::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
      WHERE c.relnamespace = 'public'::regnamespace \
    UNION ALL SELECT to_jsonb(k)::text FROM pg_constraint k WHERE k.connamespace = 'public'::regnamespace \
    UNION ALL SELECT (to_jsonb(c) - '{relfilenode,relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[])::text \
      FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace \
    UNION ALL SELECT to_jsonb(t)::text FROM pg_trigger t) AS e (x) ORDER BY x";
const FILES: &str = "SELECT relname, relfilenode FROM pg_class \
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'i' ORDER BY relname";

fn load(script: &str, kind: ServerKind) -> Seen {
    let server = server();
    block_on(async {
        let database = server.create_database("bulk").await.expect("a database");
        let session = database.session().await.expect("a session");
        for statement in confiture_core::sql::split(script) {
            session.execute(statement.text(script)).await.unwrap_or_else(|error| panic!("{error}"));
        }
        let catalog = Catalog::read(&session).await.expect("a catalog");
        let (entries, files) = (column(&session, ENTRIES).await, column(&session, FILES).await);
        let generator = RowGenerator::new(&session, &catalog).rows(RowCounts::uniform(5000)).seed(1);
        let filled = generator.server(kind).fill_all().await.expect("rows");
        assert_eq!(column(&session, ENTRIES).await, entries, "no entry of a catalog is another");
        let again = Catalog::read(&session).await.expect("a catalog");
        assert_eq!(catalog, again);
        let setting = column(&session, "SHOW session_replication_role").await;
        assert_eq!(setting, ["origin"]);
        let rebuilt = column(&session, FILES).await.into_iter().filter(|file| !files.contains(file));
        let rebuilt = rebuilt.map(|file| file.split(' ').next().unwrap_or_default().to_owned()).collect();
        let rows = DataFingerprint::capture(&session, &TableData::of(&catalog)).await.expect("a fingerprint");
        let counts = filled.tables.iter().map(|table| {
            let refused = table.refused.first().map(|refusal| format!(" {refusal}")).unwrap_or_default();
            format!("{} {}{refused}", table.table.name(), table.inserted)
        });
        let filled = counts.collect::<Vec<_>>().join(", ");
        session.close().await;
        database.close().await.expect("dropped");
        // OIDs differ from database to database.
        Seen { filled, rows, entries: entries.len().to_string(), rebuilt }
    })
}

#[test]
fn indexes_and_foreign_keys_are_made_behind_many_rows_and_are_as_they_were() {
    let script = "CREATE TABLE kind (id int PRIMARY KEY, label text UNIQUE DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind int NOT NULL REFERENCES kind,
          parent bigint REFERENCES item DEFERRABLE INITIALLY DEFERRED, code text NOT NULL, span int4range NOT NULL,
          EXCLUDE USING gist (span WITH &&));
        CREATE INDEX item_code ON item (lower(code)) WHERE id > 10;
        ALTER TABLE item CLUSTER ON item_pkey;
        COMMENT ON INDEX item_code IS 'for search';
        ALTER INDEX item_code ALTER COLUMN 1 SET STATISTICS 500;
        CREATE TABLE part (id int, kind int REFERENCES kind, PRIMARY KEY (id)) PARTITION BY HASH (id);
        CREATE TABLE part_0 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE part_1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1);";
    let (bulk, plain) = (load(script, ServerKind::Private), load(script, ServerKind::Given));
    let rebuilt = [
        "item_code",
        "item_pkey",
        "item_span_excl",
        "kind_label_key",
        "kind_pkey",
        "part_0_pkey",
        "part_1_pkey",
    ];
    assert_eq!(bulk.rebuilt, rebuilt);
    assert!(plain.rebuilt.is_empty(), "{:?}", plain.rebuilt);
    assert_eq!(bulk.filled, "kind 5000, item 5000, part 5000");
    assert_eq!(Seen { rebuilt: Vec::new(), ..bulk }, plain);
}

#[test]
fn rows_that_only_the_index_tells_apart_are_refused_as_ever() {
    let script =
        "CREATE FUNCTION half(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN n / 2; END';
        CREATE TABLE t (n int NOT NULL PRIMARY KEY, note text); CREATE UNIQUE INDEX t_half ON t (half(n));
        CREATE INDEX t_note ON t (note);";
    let (bulk, plain) = (load(script, ServerKind::Private), load(script, ServerKind::Given));
    assert!(bulk.filled.contains("t_half") && bulk.rebuilt.is_empty(), "{bulk:?}");
    assert_eq!(bulk, plain);
}

#[test]
fn triggers_and_functions_that_may_look_into_the_table_keep_its_indexes() {
    let script = "CREATE FUNCTION known(n int) RETURNS boolean LANGUAGE plpgsql AS
          'BEGIN RETURN n IS NOT NULL; END';
        CREATE TABLE checked (n int NOT NULL PRIMARY KEY CHECK (known(n)));
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TABLE watched (n int PRIMARY KEY);
        CREATE TRIGGER note AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION note();
        CREATE TABLE plain (n int PRIMARY KEY);";
    assert_eq!(load(script, ServerKind::Private).rebuilt, ["plain_pkey"]);
}
