//! Laws that hold for everything the strategies make, on a real server.
//!
//! `PROPTEST_CASES=1000 cargo test -p confiture-fixtures laws` tries a thousand of each; 24 without it. Cargo sets
//! a seed (`.cargo/config.toml`), so that a change fails by what it changed; `PROPTEST_RNG_SEED=7` is another.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use confiture_core::catalog::{Catalog, Difference, Grade, Kind, undo_script};
use confiture_core::db::{ScratchDb, Server, Session};
use confiture_core::migration::layout::{self, LoadOptions};
use confiture_core::migration::{Direction, Step};
use confiture_core::plugin::Registry;
use confiture_core::report::{CheckStatus, RunReport, RunStatus};
use confiture_core::sql::Quoted;
use proptest::prelude::*;

use super::{
    Chain, ChainLayout, RowEffect, SchemaModel, arb_data_safe_chain, arb_identifier, arb_migration_chain,
    arb_rows, arb_schema,
};
use crate::test_db::TestDbBuilder;
use crate::{
    LadderOptions, RowCounts, RowGenerator, TableFill, TestOptions, TestRun, TestSource, report_text,
};

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 24 };
    ProptestConfig { cases, max_shrink_iters: 150, ..default }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().expect("a runtime")).block_on(future)
}

/// The server of the laws; it ends with the thread of the last test that asked for it.
fn server() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    // From one case of a law to the next nobody else holds it.
    thread_local!(static HELD: RefCell<Option<Arc<Server>>> = const { RefCell::new(None) });
    let server = shared_server(&SHARED);
    HELD.with(|held| held.replace(Some(Arc::clone(&server))));
    server
}

fn shared_server(shared: &Mutex<Weak<Server>>) -> Arc<Server> {
    let mut shared = shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let options = TestDbBuilder::server_of_environment();
    let server = Arc::new(block_on(Server::open(&options)).expect("a server"));
    *shared = Arc::downgrade(&server);
    server
}

/// Runs `law` in a database of its own.
fn in_database(
    server: &Server,
    law: impl AsyncFnOnce(&Session) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    block_on(async {
        let database: ScratchDb = server.create_database("law").await.expect("a database");
        let session = database.session().await.expect("a session");
        let held = law(&session).await;
        session.close().await;
        database.close().await.expect("dropped");
        held
    })
}

async fn run(session: &Session, statements: &[String]) -> Result<(), TestCaseError> {
    for sql in statements {
        if let Err(failure) = session.execute(sql).await {
            return Err(TestCaseError::fail(format!("{failure}\n{sql}")));
        }
    }
    Ok(())
}

async fn catalog(session: &Session) -> Catalog {
    Catalog::read(session).await.expect("a catalog")
}

/// What `found` has that `expected` has not, and the other way round.
fn differences(expected: &Catalog, found: &Catalog) -> Vec<Difference> {
    let mut differences = expected.diff(found);
    differences.retain(|difference| difference.object.kind() != Kind::Extension);
    differences
}

fn nothing(differences: &[Difference]) -> Result<(), TestCaseError> {
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    if lines.is_empty() { Ok(()) } else { Err(TestCaseError::fail(lines.join("\n"))) }
}

/// A schema is accepted and shows in the catalog as its model says.
fn introspects(server: &Server, schema: &SchemaModel) -> Result<(), TestCaseError> {
    in_database(server, async |session| {
        run(session, schema.statements()).await?;
        let found = catalog(session).await;
        nothing(&differences(&schema.catalog(), &found))?;
        let ours = found.iter().filter(|(id, _)| id.kind() != Kind::Extension).count();
        prop_assert_eq!(ours, schema.catalog().len());
        nothing(&found.diff(&found))
    })
}

/// What the main job says of a chain whose files are laid out so, tried on tables of `rows` rows.
fn judged(server: &Server, chain: &Chain, layout: (&str, ChainLayout), rows: u64) -> RunReport {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, text) in chain.files(layout.1) {
        std::fs::write(dir.path().join(name), text).expect("a file");
    }
    let registry = Registry::linked().expect("plugins");
    let source = TestSource::load(&registry, dir.path(), Some(layout.0), &LoadOptions::default());
    let source = source.expect("migrations");
    let ladder = LadderOptions { rows, ..LadderOptions::default() };
    let options = TestOptions { ladder, ..TestOptions::default() };
    let run = TestRun { server, registry: &registry, source: &source, options };
    block_on(run.run(&mut |_| {})).expect("a report").report
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn schema_is_accepted_and_introspects_as_modelled(schema in arb_schema()) {
        introspects(&server(), &schema)?;
    }

    #[test]
    fn chain_passes_every_check_without_rows(
        chain in arb_migration_chain(),
        layout in 0..ChainLayout::ALL.len(),
    ) {
        let report = judged(&server(), &chain, ChainLayout::ALL[layout], 0);
        prop_assert!(report.status == RunStatus::Passed, "{}\n{chain}", report_text(&report));
    }

    #[test]
    fn data_safe_chain_passes_every_check_with_rows(
        chain in arb_data_safe_chain(),
        layout in 0..ChainLayout::ALL.len(),
    ) {
        let report = judged(&server(), &chain, ChainLayout::ALL[layout], 20);
        prop_assert!(report.status == RunStatus::Passed, "{}\n{chain}", report_text(&report));
    }

    #[test]
    fn each_step_leads_where_its_model_says_and_back(chain in arb_migration_chain()) {
        in_database(&server(), async |session| {
            let mut before = SchemaModel::default().catalog();
            for step in chain.steps() {
                run(session, &step.up).await?;
                nothing(&differences(&step.after.catalog(), &catalog(session).await))?;
                if let Some(down) = &step.down {
                    run(session, down).await?;
                    let mut left = differences(&before, &catalog(session).await);
                    // The order of a re-added column is lost.
                    left.retain(|difference| difference.grade != Grade::ColumnOrder);
                    nothing(&left)?;
                    run(session, &step.up).await?;
                }
                before = catalog(session).await;
            }
            Ok(())
        })?;
    }

    #[test]
    fn undo_script_of_a_difference_undoes_it(chain in arb_migration_chain(), cut in 0_usize..14) {
        in_database(&server(), async |session| {
            let cut = cut.min(chain.steps().len());
            for step in &chain.steps()[..cut] {
                run(session, &step.up).await?;
            }
            let before = catalog(session).await;
            for step in &chain.steps()[cut..] {
                run(session, &step.up).await?;
            }
            let after = catalog(session).await;
            let added = chain.steps()[cut..].iter().any(|step| step.down.is_none());
            prop_assume!(!added);
            run(session, &undo_script(&before.diff(&after))).await?;
            let mut left = differences(&before, &catalog(session).await);
            left.retain(|difference| difference.grade != Grade::ColumnOrder);
            nothing(&left)
        })?;
    }

    #[test]
    fn generated_rows_satisfy_any_schema((schema, rows) in arb_schema().prop_flat_map(|schema| {
        let rows = arb_rows(&schema.catalog());
        (Just(schema), rows)
    })) {
        in_database(&server(), async |session| {
            run(session, schema.statements()).await?;
            let catalog = catalog(session).await;
            let filled = rows.insert(session, &catalog).await.map_err(|e| TestCaseError::fail(e.to_string()))?;
            for table in filled.short() {
                // Few values (boolean, enum) or partitions that take few leave a table short, not empty.
                let empty = table.existing + table.inserted == 0;
                prop_assert!(!empty || table.skipped.is_some(), "{table:#?}");
            }
            Ok(())
        })?;
    }

    #[test]
    fn files_of_a_chain_hold_its_statements(chain in arb_migration_chain(), layout in 0..ChainLayout::ALL.len()) {
        let (name, layout) = ChainLayout::ALL[layout];
        let dir = tempfile::tempdir().expect("a directory");
        for (name, text) in chain.files(layout) {
            std::fs::write(dir.path().join(name), text).expect("a file");
        }
        let registry = Registry::linked().expect("plugins");
        let (_, _, loaded) =
            layout::load(&registry, dir.path(), Some(name), &LoadOptions::default()).expect("migrations");
        prop_assert_eq!(loaded.migrations.len(), chain.steps().len());
        for (migration, step) in loaded.migrations.iter().zip(chain.steps()) {
            let statements = |direction| match migration.step(direction) {
                Step::Sql(script) => script.statements.iter().map(|s| s.sql.to_string()).collect(),
                _ => Vec::new(),
            };
            prop_assert_eq!(&statements(Direction::Up), &step.up);
            prop_assert_eq!(&statements(Direction::Down), &step.down.clone().unwrap_or_default());
        }
    }

    #[test]
    fn identifier_names_a_table_and_comes_back(name in arb_identifier()) {
        prop_assert!(!name.is_empty() && name.len() <= 63);
        in_database(&server(), async |session| {
            run(session, &[format!("CREATE TABLE {} ()", Quoted::ident(&name))]).await?;
            let sql = "SELECT FROM pg_class WHERE relname = $1";
            prop_assert_eq!(session.query(sql, &[&name]).await.expect("asked").len(), 1);
            Ok(())
        })?;
    }
}

/// Schemas by their seeds, each table with a hundred rows; `PROPTEST_CASES=200` for two hundred schemas of
/// a thousand. Few values (boolean, enum) or partitions leave a table short, and that is explained.
#[test]
fn schemas_by_seed_are_filled_or_it_is_explained_why_not() {
    let big = std::env::var_os("PROPTEST_CASES").is_some();
    let (schemas, rows) = if big { (u64::from(config().cases), 1000) } else { (8, 100) };
    let (mut tables, mut full, mut short, mut inserted) = (0, 0, Vec::new(), 0);
    for seed in 0..schemas {
        let schema = SchemaModel::seeded(seed, 14);
        let filled = in_database(&server(), async |session| {
            run(session, schema.statements()).await?;
            let catalog = catalog(session).await;
            let generator = RowGenerator::new(session, &catalog).rows(RowCounts::uniform(rows)).seed(seed);
            let filled = generator.fill_all().await.map_err(|e| TestCaseError::fail(e.to_string()))?;
            let again = generator.fill_all().await.map_err(|e| TestCaseError::fail(e.to_string()))?;
            for (one, two) in filled.tables.iter().filter(|table| table.is_full()).zip(&again.tables) {
                prop_assert!(one.table != two.table || two.inserted == 0, "{two:#?}");
            }
            tables += filled.tables.len();
            full += filled.tables.iter().filter(|table| table.is_full()).count();
            inserted += filled.inserted();
            short.extend(filled.short().cloned().map(|table| (seed, table)));
            Ok(())
        });
        filled.unwrap_or_else(|failure| panic!("seed {seed}: {failure}\n{schema}"));
    }
    let of = |(seed, table): &(u64, TableFill)| {
        let why = table.skipped.clone().or_else(|| table.refused.first().map(ToString::to_string));
        format!("seed {seed}: {} has {} of {rows}: {why:?}", table.table, table.existing + table.inserted)
    };
    let lines: Vec<String> = short.iter().map(of).collect();
    let summary = format!("{full} of {tables} tables full, {inserted} rows\n{}", lines.join("\n"));
    let explained = |table: &TableFill| table.skipped.is_some() || !table.refused.is_empty();
    assert!(short.iter().all(|(_, table)| explained(table)), "{summary}");
    let empty = short.iter().filter(|(_, table)| table.existing + table.inserted == 0);
    assert!(empty.clone().all(|(_, table)| table.skipped.is_some()), "{summary}");
}

#[test]
fn every_kind_of_step_is_made() {
    let mut made = BTreeSet::new();
    for seed in 0..200 {
        made.extend(Chain::seeded(seed, 30).steps().iter().map(|step| step.name.clone()));
    }
    let expected = "add_check add_column add_enum_value add_foreign_key add_unique alter_domain alter_sequence \
                    attach_partition change_type comment create_composite create_domain create_enum \
                    create_function create_index create_materialized_view create_partitions create_policy \
                    create_procedure create_range create_schema create_sequence create_statistics create_table \
                    create_trigger create_view detach_partition drop_column drop_constraint drop_index \
                    drop_not_null drop_table drop_view grant rename_column rename_table replace_function \
                    replace_view revoke set_default set_fillfactor set_not_null set_statistics";
    let expected: BTreeSet<String> = expected.split_whitespace().map(str::to_owned).collect();
    assert_eq!(made, expected);
}

#[test]
fn no_numbers_at_all_give_the_simplest_table() {
    let schema = SchemaModel::from_numbers(&[Vec::new()]);
    assert_eq!(schema.sql(), "CREATE TABLE public.a (\n    a integer\n);\n");
}

#[test]
fn model_that_says_something_else_is_noticed() {
    let schema = SchemaModel::from_numbers(&[Vec::new()]);
    let server = server();
    introspects(&server, &schema).expect("the model as it is");
    let table = schema.objects().keys().find(|id| id.kind() == Kind::Table).expect("a table").clone();
    let mut wrong = schema.clone();
    wrong.object_mut(&table).expect("the table").comment = Some("none".to_owned());
    introspects(&server, &wrong).expect_err("a comment that is not there");
    let mut wrong = schema;
    wrong.remove(&table.member(Kind::Column, "a"));
    introspects(&server, &wrong).expect_err("a column more than the model says");
}

#[test]
fn chain_with_a_wrong_way_back_is_noticed() {
    let mut chain = Chain::from_numbers(&[Vec::new()]);
    let server = server();
    assert_eq!(judged(&server, &chain, ChainLayout::ALL[0], 0).status, RunStatus::Passed);
    chain.break_down(0);
    assert_eq!(judged(&server, &chain, ChainLayout::ALL[0], 0).status, RunStatus::Failed);
}

#[test]
fn steps_that_put_rows_at_risk_are_noticed_with_rows_and_not_without() {
    let server = server();
    let mut noticed = 0;
    for seed in 0..8 {
        let chain = Chain::seeded(seed, 12);
        if chain.steps().iter().all(|step| step.rows == RowEffect::Kept) {
            continue;
        }
        assert_eq!(judged(&server, &chain, ChainLayout::ALL[0], 0).status, RunStatus::Passed, "seed {seed}");
        noticed += u32::from(judged(&server, &chain, ChainLayout::ALL[0], 20).status == RunStatus::Failed);
    }
    assert!(noticed > 0);
}

#[test]
fn data_safe_chains_are_tried_with_rows() {
    let report = judged(&server(), &Chain::data_safe(1, 14), ChainLayout::ALL[0], 20);
    let data = report.migrations.iter().flat_map(|m| &m.checks).filter(|check| check.id == "data");
    let passed = data.filter(|check| check.status == CheckStatus::Passed).count();
    assert!(passed > 7, "{passed} of 14\n{}", report_text(&report));
}

#[test]
fn data_safe_chains_are_of_many_kinds_of_steps() {
    let mut made = BTreeSet::new();
    for seed in 0..200 {
        for step in Chain::data_safe(seed, 30).steps() {
            assert_eq!(step.rows, RowEffect::Kept);
            made.insert(step.name.clone());
        }
    }
    for risky in ["drop_table", "drop_column", "set_not_null", "add_unique"] {
        assert!(!made.contains(risky), "{risky}");
    }
    assert!(made.len() > 35, "{made:?}");
}
