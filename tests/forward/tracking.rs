//! Each tool's own table: it has the row after up, `applied` reads it, and rolling back takes it out.

use confiture_fixtures::{MigrationRunner, Target};
use confiture_tests::Scenario;

use super::on_database;

/// Applies `files`, which make two migrations, and returns what `query` shows, a row a line; checks that
/// the runner knows both as applied one after the other, and as pending once they are rolled back.
#[track_caller]
fn rows(layout: &str, files: &[(&str, &str)], query: &str) -> String {
    let source = Scenario::new(files).layout(layout).load().unwrap_or_else(|error| panic!("{error}"));
    let ids: Vec<&str> = source.loaded.migrations.iter().map(|migration| migration.id.as_str()).collect();
    let reversible = source.loaded.migrations.iter().all(|migration| migration.down.script().is_some());
    on_database(async |session| {
        let runner = MigrationRunner::new(session, &source.loaded).await.expect("a runner");
        assert_eq!(runner.applied().await.expect("the table is read"), [""; 0], "{layout} at first");
        runner.run(&Target::Steps(1)).await.expect("the first is recorded");
        assert_eq!(runner.applied().await.expect("the table is read"), ids[..1], "{layout} after one");
        runner.run(&Target::All).await.expect("the second is recorded");
        assert_eq!(runner.applied().await.expect("the table is read"), ids, "{layout} after both");
        let shown = session.query_simple(query).await.expect("the table is there").rows;
        if reversible {
            runner.rollback(&Target::Steps(1)).await.expect("the second is taken out");
            assert_eq!(runner.applied().await.expect("the table is read"), ids[..1], "{layout} rolled back");
            runner.rollback(&Target::All).await.expect("the first is taken out");
            assert_eq!(runner.applied().await.expect("the table is read"), [""; 0], "{layout} at last");
        }
        let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "null".to_owned());
        let line = |row: &Vec<Option<String>>| row.iter().map(cell).collect::<Vec<_>>().join("|");
        shown.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

const A: &str = "CREATE TABLE a (id int);\n";
const B: &str = "CREATE TABLE b (id int);\n";
const DROP_A: &str = "DROP TABLE a;\n";
const DROP_B: &str = "DROP TABLE b;\n";

/// Four files: up and down of two migrations.
fn pairs(names: [&str; 4]) -> [(&str, &'static str); 4] {
    let [a, drop_a, b, drop_b] = names;
    [(a, A), (drop_a, DROP_A), (b, B), (drop_b, DROP_B)]
}

#[test]
fn plain_and_numbered_rows_are_those_of_confiture() {
    let query = "SELECT version, name FROM tb_confiture ORDER BY 1";
    let files = pairs(["001_a.sql", "001_a.down.sql", "002_b's.sql", "002_b's.down.sql"]);
    assert_eq!(rows("plain", &files, query), "001|a\n002|b's");
    let files = pairs(["1/up.sql", "1/down.sql", "02/up.sql", "02/down.sql"]);
    assert_eq!(rows("numbered", &files, query), "02|\n1|");
}

#[test]
fn sqlx_rows_hold_numbers() {
    let files = pairs(["0001_a.up.sql", "0001_a.down.sql", "0002_b.up.sql", "0002_b.down.sql"]);
    let query = "SELECT version, description, success FROM _sqlx_migrations ORDER BY 1";
    assert_eq!(rows("sqlx", &files, query), "1|a|t\n2|b|t");
}

#[test]
fn diesel_rows_hold_versions_without_dashes() {
    let (a, b) = ("2024-01-01-000000_a", "2024-01-02-000000_b");
    let names = [a, a, b, b]
        .into_iter()
        .zip(["up", "down", "up", "down"])
        .map(|(dir, file)| format!("{dir}/{file}.sql"));
    let names: Vec<String> = names.collect();
    let files = pairs([&names[0], &names[1], &names[2], &names[3]]);
    let query = "SELECT version FROM __diesel_schema_migrations ORDER BY 1";
    assert_eq!(rows("diesel", &files, query), "20240101000000\n20240102000000");
}

#[test]
fn golang_migrate_rows_are_clean() {
    let files = pairs(["000001_a.up.sql", "000001_a.down.sql", "000002_b.up.sql", "000002_b.down.sql"]);
    let query = "SELECT version, dirty FROM schema_migrations ORDER BY 1";
    assert_eq!(rows("golang-migrate", &files, query), "1|f\n2|f");
}

#[test]
fn goose_rows_start_with_version_zero() {
    let file = |up: &str, down: &str| format!("-- +goose Up\n{up}-- +goose Down\n{down}");
    let (a, b) = (file(A, DROP_A), file(B, DROP_B));
    let query = "SELECT version_id, is_applied FROM goose_db_version ORDER BY id";
    assert_eq!(rows("goose", &[("00001_a.sql", &a), ("00002_b.sql", &b)], query), "0|t\n1|t\n2|t");
}

#[test]
fn dbmate_rows_hold_the_version_as_text() {
    let file = |up: &str, down: &str| format!("-- migrate:up\n{up}-- migrate:down\n{down}");
    let (a, b) = (file(A, DROP_A), file(B, DROP_B));
    let query = "SELECT version FROM schema_migrations ORDER BY 1";
    assert_eq!(
        rows("dbmate", &[("20240101_a.sql", &a), ("20240102_b.sql", &b)], query),
        "20240101\n20240102"
    );
}

#[test]
fn sql_migrate_rows_hold_file_names() {
    let file = |up: &str, down: &str| format!("-- +migrate Up\n{up}-- +migrate Down\n{down}");
    let (a, b) = (file(A, DROP_A), file(B, DROP_B));
    let query = "SELECT id FROM gorp_migrations ORDER BY 1";
    assert_eq!(rows("sql-migrate", &[("1_a.sql", &a), ("2_b.sql", &b)], query), "1_a.sql\n2_b.sql");
}

#[test]
fn tern_keeps_the_last_version_in_one_row() {
    let file = |up: &str, down: &str| format!("{up}---- create above / drop below ----\n{down}");
    let (a, b) = (file(A, DROP_A), file(B, DROP_B));
    assert_eq!(
        rows("tern", &[("001_a.sql", &a), ("002_b.sql", &b)], "SELECT version FROM schema_version"),
        "2"
    );
}

#[test]
fn flyway_rows_hold_script_names_and_repeatables_have_no_version() {
    let query = "SELECT installed_rank, version, description, script FROM flyway_schema_history ORDER BY 1";
    let shown = rows("flyway", &[("V1_1__a.sql", A), ("R__b.sql", B)], query);
    assert_eq!(shown, "1|1_1|a|V1_1__a.sql\n2|null|b|R__b.sql");
}

#[test]
fn refinery_rows_hold_numbers_and_names() {
    let query = "SELECT version, name FROM refinery_schema_history ORDER BY 1";
    assert_eq!(rows("refinery", &[("V01__a.sql", A), ("V02__b.sql", B)], query), "1|a\n2|b");
}

#[test]
fn prisma_rows_hold_directory_names() {
    let files = [("20240101000000_a/migration.sql", A), ("20240102000000_b/migration.sql", B)];
    let query = "SELECT migration_name FROM _prisma_migrations ORDER BY 1";
    assert_eq!(rows("prisma", &files, query), "20240101000000_a\n20240102000000_b");
}

#[test]
fn drizzle_rows_tell_migrations_apart_in_both_of_its_layouts() {
    let query = "SELECT hash FROM drizzle.__drizzle_migrations ORDER BY id";
    let journal = r#"{"entries":[{"idx":0,"tag":"0000_a"},{"idx":1,"tag":"0001_b"}]}"#;
    let files = [("meta/_journal.json", journal), ("0000_a.sql", A), ("0001_b.sql", B)];
    assert_eq!(rows("drizzle", &files, query), "0000_a\n0001_b");
    let files = [
        ("20240101000000_a/migration.sql", A),
        ("20240101000000_a/snapshot.json", "{}"),
        ("20240102000000_b/migration.sql", B),
        ("20240102000000_b/snapshot.json", "{}"),
    ];
    assert_eq!(rows("drizzle", &files, query), "20240101000000_a\n20240102000000_b");
}

#[test]
fn supabase_and_hasura_rows_stand_in_their_own_schemas() {
    let files = [("20240101000000_a.sql", A), ("20240102000000_b.sql", B)];
    let query = "SELECT version, name FROM supabase_migrations.schema_migrations ORDER BY 1";
    assert_eq!(rows("supabase", &files, query), "20240101000000|a\n20240102000000|b");
    let names = [
        "1700000000000_a/up.sql",
        "1700000000000_a/down.sql",
        "1700000000001_b/up.sql",
        "1700000000001_b/down.sql",
    ];
    let query = "SELECT version, dirty FROM hdb_catalog.schema_migrations ORDER BY 1";
    assert_eq!(rows("hasura", &pairs(names), query), "1700000000000|f\n1700000000001|f");
}

#[test]
fn sqitch_rows_name_change_and_project() {
    let plan = "%project=shop\n\na 2024-01-01T00:00:00Z Ann <a@example.org>\nb 2024-01-02T00:00:00Z Ann <a@example.org>\n";
    let files = [
        &[("sqitch.plan", plan)][..],
        &pairs(["deploy/a.sql", "revert/a.sql", "deploy/b.sql", "revert/b.sql"]),
    ]
    .concat();
    let query = "SELECT change, project FROM sqitch.changes ORDER BY committed_at";
    assert_eq!(rows("sqitch", &files, query), "a|shop\nb|shop");
}

#[test]
fn atlas_postgrator_and_postgres_migrations_rows_hold_version_and_name() {
    let query = "SELECT version, description FROM atlas_schema_revisions.atlas_schema_revisions ORDER BY 1";
    assert_eq!(
        rows("atlas", &[("20240101_a.sql", A), ("20240102_b.sql", B)], query),
        "20240101|a\n20240102|b"
    );
    let files = pairs(["001.do.a.sql", "001.undo.a.sql", "002.do.b.sql", "002.undo.b.sql"]);
    let query = "SELECT version, name FROM schemaversion WHERE version > 0 ORDER BY 1";
    assert_eq!(rows("postgrator", &files, query), "1|a\n2|b");
    let query = "SELECT id, name FROM migrations WHERE id > 0 ORDER BY 1";
    assert_eq!(rows("postgres-migrations", &[("0001-a.sql", A), ("0002-b.sql", B)], query), "1|a\n2|b");
}

#[test]
fn popx_and_pop_rows_hold_versions() {
    let (a, b) = ("20240101000000_a", "20240102000000_b");
    let names =
        [format!("{a}.up.sql"), format!("{a}.down.sql"), format!("{b}.up.sql"), format!("{b}.down.sql")];
    let files = pairs([&names[0], &names[1], &names[2], &names[3]]);
    let query = "SELECT version FROM schema_migration ORDER BY 1";
    for layout in ["pop", "popx"] {
        assert_eq!(rows(layout, &files, query), "20240101000000\n20240102000000", "{layout}");
    }
}

#[test]
fn liquibase_rows_hold_id_author_and_file() {
    let log = format!(
        "--liquibase formatted sql\n--changeset ann:make-a\n{A}--rollback {DROP_A}--changeset bob:make-b\n{B}--rollback {DROP_B}"
    );
    let query = "SELECT id, author, filename, orderexecuted FROM databasechangelog ORDER BY 4";
    assert_eq!(rows("liquibase", &[("log.sql", &log)], query), "make-a|ann|log.sql|1\nmake-b|bob|log.sql|2");
}

#[test]
fn liquibase_ids_are_unique_for_an_author_in_a_file() {
    let log = |author: &str, id: &str, sql: &str, rollback: &str| {
        format!("--changeset {author}:{id}\n{sql}--rollback {rollback}")
    };
    let head = "--liquibase formatted sql\n";
    let query = "SELECT id, author, filename FROM databasechangelog ORDER BY orderexecuted";
    let both = format!("{head}{}{}", log("ann", "1", A, DROP_A), log("bob", "1", B, DROP_B));
    assert_eq!(rows("liquibase", &[("log.sql", &both)], query), "1|ann|log.sql\n1|bob|log.sql");
    let (a, b) =
        (head.to_owned() + &log("ann", "1", A, DROP_A), head.to_owned() + &log("ann", "1", B, DROP_B));
    assert_eq!(rows("liquibase", &[("a.sql", &a), ("b.sql", &b)], query), "1|ann|a.sql\n1|ann|b.sql");
}

#[test]
fn graphile_and_node_pg_migrate_rows_hold_file_names() {
    let graphile = [("committed/000001-a.sql", A), ("committed/000002.sql", B)];
    let query = "SELECT filename FROM graphile_migrate.migrations ORDER BY 1";
    assert_eq!(rows("graphile-migrate", &graphile, query), "000001.sql\n000002.sql");
    let file = |up: &str, down: &str| format!("-- Up Migration\n{up}-- Down Migration\n{down}");
    let (a, b) = (file(A, DROP_A), file(B, DROP_B));
    let query = "SELECT name FROM pgmigrations ORDER BY id";
    assert_eq!(rows("node-pg-migrate", &[("1_a.sql", &a), ("2_b.sql", &b)], query), "1_a\n2_b");
}
