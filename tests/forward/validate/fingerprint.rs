//! Fingerprints: equal for equal rows, and for nothing else.

use confiture_core::catalog::Catalog;
use confiture_core::db::Session;
use confiture_fixtures::{DataFingerprint, DataValidator, RowFingerprints, TableData};

use super::on_database;

async fn taken(session: &Session) -> DataFingerprint {
    let catalog = Catalog::read(session).await.expect("a catalog");
    DataFingerprint::capture(session, &TableData::of(&catalog)).await.expect("a fingerprint")
}

/// What `sql` changes about the rows of a table `t` made by `before`.
fn changes(before: &str, sql: &str) -> String {
    on_database(async |session| {
        session.execute(before).await.expect("rows");
        let earlier = taken(session).await;
        session.execute(sql).await.unwrap_or_else(|failure| panic!("{failure} in {sql}"));
        let later = taken(session).await;
        let json = serde_json::to_string(&later).expect("JSON");
        assert_eq!(serde_json::from_str::<DataFingerprint>(&json).expect("a fingerprint"), later);
        let changes = later.differences_from(&earlier);
        let line = |d: &confiture_fixtures::DataDifference| {
            format!(
                "{}{}: {:?}",
                d.table.name(),
                d.column.as_ref().map(|c| format!(".{c}")).unwrap_or_default(),
                d.change
            )
        };
        changes.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

const KEYED: &str = "CREATE TABLE t (id int PRIMARY KEY, v text, n float8); INSERT INTO t SELECT i, 'v' || i, i / 3.0 FROM generate_series(1, 40) i";
const KEYLESS: &str =
    "CREATE TABLE t (a text, b text); INSERT INTO t VALUES ('1', 'x'), ('2', 'y'), (NULL, NULL)";

#[test]
fn order_and_place_of_rows_do_not_count() {
    assert_eq!(changes(KEYED, "UPDATE t SET v = v; UPDATE t SET id = id WHERE id > 20"), "");
    assert_eq!(
        changes(
            KEYED,
            "CREATE TABLE u AS TABLE t; DELETE FROM t; INSERT INTO t SELECT * FROM u ORDER BY v DESC; DROP TABLE u"
        ),
        ""
    );
    assert_eq!(changes(KEYED, "ALTER TABLE t ALTER id TYPE bigint"), "");
    assert_eq!(changes(KEYLESS, "UPDATE t SET a = a; ALTER TABLE t SET (fillfactor = 50)"), "");
}

#[test]
fn every_change_of_rows_is_seen() {
    assert_eq!(
        changes(KEYED, "DELETE FROM t WHERE id = 3"),
        "t: Rows { before: 40, after: 39 }\nt.id: Present { before: 40, after: 39 }\nt.n: Present { before: 40, after: 39 }\nt.v: Present { before: 40, after: 39 }"
    );
    assert_eq!(
        changes(KEYED, "UPDATE t SET v = NULL WHERE id = 3"),
        "t.v: Present { before: 40, after: 39 }"
    );
    assert_eq!(changes(KEYED, "UPDATE t SET v = upper(v) WHERE id = 3"), "t.v: Values");
    assert_eq!(changes(KEYED, "UPDATE t SET v = 'v' || (41 - id)"), "t: Moved");
    assert_eq!(
        changes(KEYLESS, "UPDATE t SET b = CASE b WHEN 'x' THEN 'y' WHEN 'y' THEN 'x' END"),
        "t: Moved"
    );
    assert_eq!(changes(KEYED, "UPDATE t SET n = n + 1e-12 WHERE id = 3"), "t.n: Values");
    assert_eq!(changes(KEYED, "ALTER TABLE t DROP v"), "t.v: Gone");
    assert_eq!(
        changes(KEYED, "ALTER TABLE t ADD w int DEFAULT 3; CREATE TABLE u (id int)"),
        "t.w: New\nu: New"
    );
    assert_eq!(changes(KEYED, "DROP TABLE t"), "t: Gone");
    // Two equal rows for two other equal rows: what an exclusive or would not see.
    let twice = "CREATE TABLE t (a text); INSERT INTO t VALUES ('1'), ('1')";
    assert_eq!(changes(twice, "UPDATE t SET a = '2'"), "t.a: Values");
}

#[test]
fn types_without_equality_and_types_of_users_count_by_their_text() {
    let odd = "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TYPE pair AS (x int, y text); CREATE DOMAIN dom AS int[];
        CREATE FUNCTION to_text(pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'select ''always''';
        CREATE CAST (pair AS text) WITH FUNCTION to_text(pair);
        CREATE TABLE t (id int PRIMARY KEY, j json, x xml, p point, m mood, c pair, d dom, r int4range, b bytea, z timestamptz, i interval, e mood[]);
        INSERT INTO t VALUES (1, '{\"a\": 1}', '<a/>', '(1,2)', 'a', '(1,q)', '{1}', '[1,2]', '\\x00', now(), '1 day', '{a}'),
            (2, NULL, NULL, NULL, NULL, ROW(NULL, NULL), NULL, NULL, NULL, NULL, NULL, NULL)";
    for (column, value) in [
        ("j", "'{\"a\":1}'"),
        ("x", "'<b/>'"),
        ("p", "'(1,3)'"),
        ("m", "'b'"),
        ("c", "'(1,r)'"),
        ("d", "'{2}'"),
        ("r", "'[1,3]'"),
        ("b", "'\\x01'"),
        ("z", "now() + '1 microsecond'"),
        ("i", "'2 days'"),
        ("e", "'{b}'"),
    ] {
        let sql = format!("UPDATE t SET {column} = {value} WHERE id = 1");
        assert_eq!(changes(odd, &sql), format!("t.{column}: Values"));
    }
    assert_eq!(changes(odd, "UPDATE t SET c = NULL WHERE id = 2"), "t.c: Present { before: 2, after: 1 }");
    assert_eq!(changes(odd, "UPDATE t SET id = id"), "");
}

#[test]
fn the_settings_of_a_session_do_not_count_and_stay() {
    let sql = "CREATE TABLE t (f float8, z timestamptz, i interval, b bytea, m money, d date);
        INSERT INTO t VALUES (0.1 + 0.2, '2024-05-06 07:08:09+00', '1 day 2 hours', '\\x0fff', 12.5, '2024-05-06')";
    on_database(async |session| {
        session.execute(sql).await.expect("rows");
        let expected = taken(session).await;
        for begin in ["", "BEGIN"] {
            session.execute(begin).await.expect("begun");
            let set =
                "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German, DMY'; SET IntervalStyle = 'iso_8601';
                SET extra_float_digits = -5; SET bytea_output = 'escape'; SET search_path = 'nowhere'";
            session.execute(set).await.expect("settings");
            assert_eq!(taken(session).await, expected);
            let shown = session
                .query_simple("SELECT current_setting('TimeZone'), current_setting('search_path')")
                .await
                .expect("settings");
            assert_eq!(shown.rows[0], [Some("Asia/Tokyo".to_owned()), Some("nowhere".to_owned())]);
            session.execute(if begin.is_empty() { "" } else { "COMMIT" }).await.expect("ended");
        }
    });
}

#[test]
fn rows_that_differ_are_named_by_their_key() {
    on_database(async |session| {
        session.execute("CREATE TABLE t (a int, b text, v text, w int, PRIMARY KEY (b, a)); INSERT INTO t SELECT i, 'k', 'v', i FROM generate_series(1, 9) i").await.expect("rows");
        let data = |catalog: &Catalog| TableData::of(catalog).remove(0);
        let catalog = Catalog::read(session).await.expect("a catalog");
        let before =
            RowFingerprints::capture(session, &data(&catalog), 100).await.expect("read").expect("few rows");
        assert!(RowFingerprints::capture(session, &data(&catalog), 8).await.expect("read").is_none());
        assert!(RowFingerprints::capture(session, &data(&catalog), 9).await.expect("read").is_some());
        session.execute("DELETE FROM t WHERE a = 2; INSERT INTO t VALUES (20, 'k', 'new', 0); UPDATE t SET v = 'z', w = 0 WHERE a = 5; UPDATE t SET w = 1 WHERE a = 7").await.expect("changed");
        let after =
            RowFingerprints::capture(session, &data(&catalog), 100).await.expect("read").expect("few rows");
        let differences = after.differences_from(&before);
        let names =
            |keys: &[confiture_fixtures::RowKey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&differences.lost), ["b = k, a = 2"]);
        assert_eq!(names(&differences.added), ["b = k, a = 20"]);
        let changed: Vec<String> = differences
            .changed
            .iter()
            .map(|(key, columns)| format!("{key}: {}", columns.join(", ")))
            .collect();
        assert_eq!(changed, ["b = k, a = 5: v, w", "b = k, a = 7: w"]);
    });
}

/// What is lost after `sql`, a line each; `rows` is how many rows of a table are taken down one by one.
fn lost(before: &str, sql: &str, rows: usize) -> String {
    on_database(async |session| {
        session.execute(before).await.expect("rows");
        let validator = DataValidator::new(session).with_row_limit(rows).with_limit(2);
        let state = validator.state().await.expect("a state");
        session.execute(sql).await.expect("changed");
        let report = validator.no_loss(&state).await.expect("compared");
        let text = report.to_string();
        text.lines().take(text.lines().count() - 1).collect::<Vec<_>>().join("\n")
    })
}

#[test]
fn losses_are_told_from_additions() {
    let added =
        "INSERT INTO t VALUES (99, 'new', 1); ALTER TABLE t ADD w int DEFAULT 7; CREATE TABLE u (id int)";
    assert_eq!(lost(KEYED, added, 100), "");
    assert_eq!(
        lost(KEYED, &format!("{added}; UPDATE t SET v = 'z' WHERE id < 4; DELETE FROM t WHERE id = 9"), 100),
        "1 row of table public.t lost: id = 9\ncolumn public.t.v has another value in 3 rows: id = 1; id = 2; …"
    );
    assert_eq!(lost(KEYED, "ALTER TABLE t DROP v", 100), "column public.t.v is gone with 40 values");
    assert_eq!(lost(KEYED, "DROP TABLE t", 100), "table public.t is gone with 40 rows");
    assert_eq!(
        lost(KEYLESS, "DELETE FROM t WHERE a = '1'; INSERT INTO t VALUES ('8', '8')", 100),
        "1 row of table public.t lost"
    );
    // Too large to be taken down row by row.
    assert!(lost(KEYED, "DELETE FROM t WHERE id < 4", 10).starts_with("3 rows of table public.t lost"));
    assert_eq!(lost(KEYED, "UPDATE t SET v = 'z' WHERE id = 1", 10), "column public.t.v has other values");
    assert!(lost(KEYED, added, 10).contains("was not examined: it has more rows than before"));
}

#[test]
fn columns_can_be_left_out() {
    on_database(async |session| {
        session.execute(KEYED).await.expect("rows");
        let catalog = Catalog::read(session).await.expect("a catalog");
        let without = |name: &'static str| TableData::of(&catalog).remove(0).retain(|column| column != name);
        let take = async |data: TableData| DataFingerprint::capture(session, &[data]).await.expect("taken");
        let (before, keyless) = (take(without("v")).await, take(without("id")).await);
        assert!(without("id").key.is_empty() && without("v").key == ["id"]);
        session.execute("UPDATE t SET v = 'other'").await.expect("changed");
        assert_eq!(take(without("v")).await.differences_from(&before), []);
        assert_eq!(take(without("id")).await.differences_from(&keyless).len(), 1);
    });
}
