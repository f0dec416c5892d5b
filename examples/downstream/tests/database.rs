//! Tests on databases: each has its own, cloned in milliseconds; a failed one is kept and printed.

use confiture_fixtures::strategy::{Chain, SchemaModel, arb_identifier, arb_schema};
use confiture_fixtures::{FixtureError, SchemaSnapshotter, TestDb, verify_migrations};
use downstream::{balance, group_column, open_account, transfer};
use proptest::prelude::*;

/// The checks of `confiture test`, as one test.
#[test]
fn migrations_go_up_and_down() {
    verify_migrations("migrations");
}

#[confiture_fixtures::test]
async fn transfer_moves_money(mut db: TestDb) -> Result<(), Box<dyn std::error::Error>> {
    let (ada, bob) = (open_account(&db, "Ada").await?, open_account(&db, "Bob").await?);
    db.execute("UPDATE accounts SET balance = 100 WHERE id = $1", &[&ada]).await?;
    transfer(&mut db, ada, bob, 40).await?;
    assert_eq!((balance(&db, ada).await?, balance(&db, bob).await?), (Some(60), Some(40)));
    Ok(())
}

#[confiture_fixtures::test]
async fn transfer_of_more_than_there_is_changes_nothing(
    mut db: TestDb,
) -> Result<(), Box<dyn std::error::Error>> {
    let (ada, bob) = (open_account(&db, "Ada").await?, open_account(&db, "Bob").await?);
    let refused = transfer(&mut db, ada, bob, 1).await;
    let refused = refused.err().and_then(|error| error.as_db_error()?.constraint().map(str::to_owned));
    assert_eq!(refused.as_deref(), Some("accounts_not_overdrawn"));
    assert_eq!(balance(&db, bob).await?, Some(0));
    Ok(())
}

/// The third migration on tables with rows: `at` stops before it, `rows` fills what is there.
#[confiture_fixtures::test(at = "0002", rows = 50)]
async fn initials_are_filled_in_for_accounts_that_exist(
    db: TestDb,
) -> Result<(), Box<dyn std::error::Error>> {
    db.migrate_to("0003").await?;
    let sql = "SELECT count(*), count(*) FILTER (WHERE initial = left(owner, 1)) FROM accounts";
    let row = db.query_one(sql, &[]).await?;
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (50, 50));
    Ok(())
}

#[confiture_fixtures::test]
async fn rollback_of_the_last_migration_touches_one_column(db: TestDb) -> Result<(), FixtureError> {
    let before: SchemaSnapshotter = db.snapshot().await?;
    db.rollback_to("0002").await?;
    let changes = db.snapshot().await?.changes_since(&before);
    let changes: Vec<String> = changes.iter().map(|change| change.to_string()).collect();
    assert_eq!(changes, ["column public.accounts.initial was removed"]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Names that users choose: reserved words, quotes, other scripts, all 63 bytes.
    #[test]
    fn every_identifier_can_group_a_report(name in arb_identifier()) {
        let quoted = group_column(&name);
        prop_assert!(quoted.is_some_and(|quoted| quoted.starts_with('"') && quoted.ends_with('"')));
    }

    /// Every generated schema has what its model lists; no server is asked.
    #[test]
    fn generated_schema_lists_its_tables(schema in arb_schema()) {
        let tables = schema.catalog().tables().count();
        let created = schema.statements().iter().filter(|sql| sql.starts_with("CREATE TABLE")).count();
        prop_assert_eq!(tables, created);
    }
}

/// A generated chain is a directory of migrations like any other.
#[confiture_fixtures::test]
async fn generated_schema_runs_beside_ours(db: TestDb) -> Result<(), Box<dyn std::error::Error>> {
    db.batch_execute("CREATE SCHEMA generated").await?;
    for sql in SchemaModel::seeded(1, 3).statements() {
        db.batch_execute(sql).await.map_err(|error| format!("{error:?}\n{sql}"))?;
    }
    assert_eq!(Chain::seeded(1, 3).steps().len(), 3);
    Ok(())
}
