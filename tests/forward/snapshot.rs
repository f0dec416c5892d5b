//! `SchemaSnapshotter`: what changed between two moments.

use confiture_fixtures::SchemaSnapshotter;
use insta::assert_snapshot;

use super::on_database;

/// What `sql` changes in a database made by `before`, a line each.
fn changes(before: &str, sql: &str) -> String {
    on_database(async |session| {
        session.execute(before).await.expect("the state before");
        let earlier = SchemaSnapshotter::capture(session).await.expect("a snapshot");
        session.execute(sql).await.expect("the change");
        let later = SchemaSnapshotter::capture(session).await.expect("a snapshot");
        assert_eq!(later.changes_since(&later), []);
        let changes = later.changes_since(&earlier);
        changes.iter().map(|change| format!("{change}\n")).collect()
    })
}

const BEFORE: &str =
    "CREATE TABLE t (id int PRIMARY KEY, name text DEFAULT 'x'); CREATE VIEW v AS SELECT id FROM t";

#[test]
fn a_snapshot_sees_objects_come_and_go() {
    assert_snapshot!(changes(BEFORE, "CREATE TABLE u (id int); DROP VIEW v"), @r"
    table public.u was added
    view public.v was removed
    ");
    assert_snapshot!(changes(BEFORE, "CREATE TABLE u (id int); DROP TABLE u"), @"");
}

#[test]
fn a_snapshot_sees_properties_change() {
    assert_snapshot!(changes(BEFORE, "ALTER TABLE t ALTER name DROP DEFAULT, ALTER name SET NOT NULL"), @r"
    default of column public.t.name is none, was 'x'::text
    not null of column public.t.name is true, was false
    ");
    assert_snapshot!(changes(BEFORE, "ALTER TABLE t ALTER name SET DEFAULT 'x'"), @"");
}

#[test]
fn a_snapshot_does_not_see_rows() {
    assert_snapshot!(changes(BEFORE, "INSERT INTO t VALUES (1); ANALYZE t"), @"");
    assert_snapshot!(changes(BEFORE, "INSERT INTO t VALUES (1); CREATE INDEX t_name ON t (name)"), @"index public.t_name was added");
}
