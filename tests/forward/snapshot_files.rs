//! Snapshots in files, the check `schema`, and the law that schema.sql makes the snapshot again.

use confiture_core::db::Session;
use confiture_fixtures::{FixtureError, LadderOptions, SchemaSnapshotter};
use confiture_tests::{Scenario, block_on, root, server, summary};

use super::{on_database, reason};

/// What `schema.sql` of `wanted` makes on an empty database.
fn made_by(wanted: &SchemaSnapshotter) -> SchemaSnapshotter {
    on_database(async |session: &Session| {
        // As psql would run the file: the splitter is the one migrations go through.
        let text = wanted.create_script().to_string();
        for statement in confiture_core::sql::split(&text) {
            let sql = statement.text(&text);
            session.execute(sql).await.unwrap_or_else(|failure| panic!("{failure} in {sql}"));
        }
        SchemaSnapshotter::capture(session).await.expect("a snapshot")
    })
}

#[test]
fn schema_sql_of_the_shop_makes_the_shop_again() {
    let server = server();
    let registry = confiture_core::plugin::Registry::linked().expect("a registry");
    let dir = root().join("examples/shop/migrations");
    let options = Default::default();
    let (.., loaded) = confiture_core::migration::layout::load(&registry, &dir, None, &options)
        .expect("the shop's migrations");
    let shop = block_on(SchemaSnapshotter::of_chain(&server, &loaded, LadderOptions::default(), None))
        .expect("applied");
    assert!(shop.catalog().len() > 50);
    assert_eq!(made_by(&shop).changes_since(&shop), []);
    // A version of the chain is another schema.
    let half = block_on(SchemaSnapshotter::of_chain(&server, &loaded, LadderOptions::default(), Some(12)))
        .expect("applied");
    assert!(!shop.changes_since(&half).is_empty());
    assert_eq!(made_by(&half).changes_since(&half), []);
}

#[test]
fn a_list_over_varchar_is_the_same_once_the_server_has_read_its_own_text() {
    let snapshot = on_database(async |session| {
        let sql = "CREATE TABLE t (state varchar(9) CHECK (state IN ('new, old', 'it''s', 'c')));
                   CREATE INDEX t_state ON t (state) WHERE state IN ('a', 'b');
                   CREATE FUNCTION one() RETURNS SETOF t LANGUAGE sql AS 'select * from t';
                   CREATE VIEW two AS SELECT 1 AS n; CREATE FUNCTION two() RETURNS SETOF two LANGUAGE sql AS 'select 1'";
        session.execute(sql).await.expect("a table");
        SchemaSnapshotter::capture(session).await.expect("a snapshot")
    });
    assert_eq!(made_by(&snapshot).changes_since(&snapshot), []);
}

const FILES: &[(&str, &str)] = &[
    ("m/0001_a.sql", "CREATE TABLE a (id int PRIMARY KEY, name text DEFAULT 'x');"),
    ("m/0001_a.down.sql", "DROP TABLE a;"),
    ("m/0002_b.sql", "CREATE TABLE b (id int);"),
    ("m/0002_b.down.sql", "DROP TABLE b;"),
];

/// Runs the main job on `migrations` with the snapshot of `committed` beside them.
fn judged(committed: Option<&[(&str, &str)]>, migrations: &[(&str, &str)]) -> Scenario {
    let strip = |files: &[(&str, &str)]| -> Vec<(String, String)> {
        files.iter().map(|(n, t)| (n.trim_start_matches("m/").to_owned(), (*t).to_owned())).collect()
    };
    let scenario = |files: &[(&str, &str)]| {
        let files = strip(files);
        let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        Scenario::new(&files).layout("plain")
    };
    let mut judged = scenario(migrations);
    let place = tempfile::tempdir().expect("a directory").keep();
    if let Some(files) = committed {
        let source = scenario(files).load().expect("migrations");
        let server = server();
        let snapshot = SchemaSnapshotter::of_chain(&server, &source.loaded, LadderOptions::default(), None);
        block_on(snapshot).expect("applied").accept(&place).expect("written");
    }
    judged.options.snapshot = Some(place);
    judged
}

fn last(scenario: &Scenario) -> String {
    let text = summary(&scenario.run());
    drop(std::fs::remove_dir_all(scenario.options.snapshot.as_ref().expect("a place")));
    text.lines().skip_while(|line| !line.contains("0002")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_committed_schema_is_reached() {
    assert_eq!(last(&judged(Some(FILES), FILES)), "0002_b: order+ up+ atomic+ down+ re-up+ schema+");
}

#[test]
fn another_schema_than_the_committed_one_is_found() {
    let mut edited = FILES.to_vec();
    edited[0].1 = "CREATE TABLE a (id int PRIMARY KEY, name text DEFAULT 'y');";
    edited[2].1 = "CREATE TABLE b (id int); CREATE INDEX b_id ON b (id);";
    assert_eq!(
        last(&judged(Some(FILES), &edited)),
        "0002_b: order+ up+ atomic+ down+ re-up+ schema!\n  \
         medium schema-differs - column public.a.name\n  \
         medium schema-differs - index public.b_id"
    );
    let report = judged(Some(FILES), &edited).run();
    let finding = report.findings.iter().find(|f| f.code == "schema-differs").expect("a finding");
    assert_eq!(finding.evidence["property"], "default");
    assert_eq!(
        (&finding.evidence["expected"], &finding.evidence["found"]),
        (&"'x'::text".into(), &"'y'::text".into())
    );
    assert!(finding.help.as_deref().unwrap_or_default().contains("confiture snapshot --accept"));
}

#[test]
fn without_a_snapshot_or_a_whole_chain_nothing_is_judged() {
    let scenario = judged(None, FILES);
    assert!(reason(&scenario.run(), "0002_b", "schema").contains("no committed snapshot"));
    let mut scenario = judged(Some(FILES), FILES);
    scenario.options.last = Some(0);
    assert!(reason(&scenario.run(), "0001_a", "schema").contains("before its last migration"));
    let mut broken = FILES.to_vec();
    broken[0].1 = "CREATE TABLE a (id nothing);";
    assert!(reason(&judged(Some(FILES), &broken).run(), "0002_b", "schema").contains("1 of 2 migrations"));
}

#[test]
fn a_chain_that_cannot_be_applied_has_no_snapshot() {
    let mut broken = FILES.to_vec();
    broken[2].1 = "CREATE TABLE b (id int);\nCREATE TABLE b (id int);";
    let source = judged(None, &broken).load().expect("migrations");
    let server = server();
    let taken = SchemaSnapshotter::of_chain(&server, &source.loaded, LadderOptions::default(), None);
    let error = block_on(taken).expect_err("it fails");
    assert!(matches!(&error, FixtureError::Migration { migration, .. } if migration == "0002_b"), "{error}");
    assert!(error.to_string().contains("0002_b.sql:2"), "{error}");
}
