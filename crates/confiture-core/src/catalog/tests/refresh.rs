//! Refreshing sees what a whole reading sees.

use super::fixture::{database, run, servers};
use crate::catalog::{Catalog, Observed};
use crate::db::{Server, Session};

/// One statement (or a few that belong together) after the other, each on what the previous ones left.
const STATEMENTS: &str = include_str!("ddl.sql");

/// Notes how `observed` differs from `whole`.
fn check(observed: &Observed, whole: &Catalog, what: &str, failures: &mut Vec<String>) {
    if observed.catalog() != whole {
        let lines: Vec<String> = whole
            .diff(observed.catalog())
            .iter()
            .flat_map(|d| std::iter::once(d).chain(&d.consequences))
            .map(|d| format!("    {d}"))
            .collect();
        failures.push(format!("{what}\n{}", lines.join("\n")));
    }
}

async fn read(session: &Session) -> Catalog {
    Catalog::read(session).await.expect("a catalog")
}

async fn refresh(from: &Observed, session: &Session) -> Observed {
    from.refresh(session).await.expect("an observation")
}

#[tokio::test]
async fn refreshing_equals_reading_everything() {
    let mut servers = servers().await;
    // The oldest and the newest differ most.
    let newest = servers.pop();
    servers.truncate(1);
    servers.extend(newest);
    let all = futures_util::future::join_all(servers.iter().map(failures_on)).await;
    let failures: Vec<String> = all.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// What a refresh gets wrong on one server.
async fn failures_on(server: &Server) -> Vec<String> {
    let mut failures = Vec::new();
    let major = server.version().major();
    let (scratch, session) = database(server).await;
    run(&session, include_str!("base.sql")).await;
    let mut observed = Observed::full(&session).await.expect("an observation");
    let mut before = observed.catalog().clone();
    let mut count = 0;
    for statement in STATEMENTS.split("\n\n").map(str::trim).filter(|s| !s.is_empty()) {
        if statement.contains("[18]") && major < 18 {
            continue;
        }
        count += 1;
        let what = |how: &str| format!("{major} {how}: {statement}");
        // In a transaction that is rolled back.
        run(&session, "BEGIN").await;
        run(&session, statement).await;
        let now = read(&session).await;
        let inside = refresh(&observed, &session).await;
        check(&inside, &now, &what("in transaction"), &mut failures);
        let again = refresh(&inside, &session).await;
        check(&again, &now, &what("in transaction, again"), &mut failures);
        let within = observed.refresh_within(&session).await.expect("an observation");
        check(&within, &now, &what("within the transaction"), &mut failures);
        let whole = Observed::full(&session).await.expect("an observation");
        run(&session, "ROLLBACK").await;
        for (name, from) in [("refreshed", &again), ("whole", &whole), ("base", &observed)] {
            let after = refresh(from, &session).await;
            check(&after, &before, &what(&format!("rolled back, {name}")), &mut failures);
        }
        // Rolled back to a savepoint.
        run(&session, "BEGIN; CREATE TABLE extra (id integer); SAVEPOINT s").await;
        let outer = refresh(&observed, &session).await;
        run(&session, statement).await;
        let inner = refresh(&outer, &session).await;
        let within = outer.refresh_within(&session).await.expect("an observation");
        check(&within, inner.catalog(), &what("within, on top of another"), &mut failures);
        run(&session, "ROLLBACK TO s").await;
        let after = refresh(&inner, &session).await;
        check(&after, outer.catalog(), &what("rolled back to savepoint"), &mut failures);
        let within = within.refresh_within(&session).await.expect("an observation");
        check(&within, outer.catalog(), &what("within, rolled back to savepoint"), &mut failures);
        run(&session, "ROLLBACK").await;
        // Committed, observed before and after.
        run(&session, "BEGIN").await;
        run(&session, statement).await;
        let within = observed.refresh_within(&session).await.expect("an observation");
        run(&session, "COMMIT").await;
        let committed = within.committed();
        before = read(&session).await;
        check(&committed, &before, &what("observed, then committed"), &mut failures);
        let after = refresh(&committed, &session).await;
        check(&after, &before, &what("observed, then committed, again"), &mut failures);
        observed = refresh(&observed, &session).await;
        check(&observed, &before, &what("committed"), &mut failures);
        if count % 2 == 0 {
            observed = committed;
        }
    }
    assert!(count >= 120, "only {count} statements");
    session.close().await;
    scratch.close().await.expect("dropped");
    failures
}
