//! Refreshing sees what a whole reading sees.

use super::fixture::{database, run, servers};
use crate::catalog::{Catalog, Observed};
use crate::db::Session;

/// One statement (or a few that belong together) after the other, each on what the previous ones left.
const STATEMENTS: &str = include_str!("ddl.sql");

async fn check(session: &Session, observed: &Observed, what: &str, failures: &mut Vec<String>) {
    let whole = Catalog::read(session).await.expect("a catalog");
    if *observed.catalog() != whole {
        let lines: Vec<String> = whole
            .diff(observed.catalog())
            .iter()
            .flat_map(|d| std::iter::once(d).chain(&d.consequences))
            .map(|d| format!("    {d}"))
            .collect();
        failures.push(format!("{what}\n{}", lines.join("\n")));
    }
}

#[tokio::test]
async fn refreshing_equals_reading_everything() {
    let mut failures = Vec::new();
    // The oldest and the newest: what differs between majors is the same in those between.
    let all = servers().await;
    let ends: Vec<_> = all.iter().take(1).chain(all.iter().skip(1).last()).collect();
    for server in ends {
        let major = server.version().major();
        let (scratch, session) = database(server).await;
        run(&session, include_str!("base.sql")).await;
        let mut observed = Observed::full(&session).await.expect("an observation");
        let mut count = 0;
        for statement in STATEMENTS.split("\n\n").map(str::trim).filter(|s| !s.is_empty()) {
            let head: String =
                statement.lines().filter(|l| !l.starts_with("--")).collect::<Vec<_>>().join(" ");
            if head.is_empty() || head.contains("[18]") && major < 18 || head.contains("[15]") && major < 15 {
                continue;
            }
            count += 1;
            let refresh = async |from: &Observed| from.refresh(&session).await.expect("an observation");
            // Rolled back, with a savepoint inside.
            run(&session, "BEGIN").await;
            run(&session, statement).await;
            let inside = refresh(&observed).await;
            check(&session, &inside, &format!("{major} in transaction: {head}"), &mut failures).await;
            let again = refresh(&inside).await;
            check(&session, &again, &format!("{major} again: {head}"), &mut failures).await;
            let whole = Observed::full(&session).await.expect("an observation");
            run(&session, "ROLLBACK").await;
            for (name, from) in [("refreshed", &again), ("whole", &whole), ("base", &observed)] {
                let after = refresh(from).await;
                check(&session, &after, &format!("{major} rolled back, {name}: {head}"), &mut failures).await;
            }
            run(&session, "BEGIN; CREATE TABLE extra (id integer); SAVEPOINT s").await;
            let outer = refresh(&observed).await;
            run(&session, statement).await;
            let inner = refresh(&outer).await;
            check(&session, &inner, &format!("{major} in savepoint: {head}"), &mut failures).await;
            run(&session, "ROLLBACK TO s").await;
            let after = refresh(&inner).await;
            check(&session, &after, &format!("{major} rolled back to savepoint: {head}"), &mut failures)
                .await;
            run(&session, "ROLLBACK").await;
            // Committed.
            run(&session, statement).await;
            observed = refresh(&observed).await;
            check(&session, &observed, &format!("{major} committed: {head}"), &mut failures).await;
        }
        assert!(count >= 120, "only {count} statements");
        session.close().await;
        scratch.close().await.expect("dropped");
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}
