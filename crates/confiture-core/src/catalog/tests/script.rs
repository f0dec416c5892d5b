//! The script that makes a catalog again gives that catalog.

use super::fixture::{database, run, servers};
use crate::catalog::{Catalog, Kind};
use crate::db::{Server, Session};

/// What differs after the script of the database of `session` ran on an empty one; empty when nothing does.
async fn differences(server: &Server, session: &Session) -> Result<(), String> {
    let wanted = Catalog::read(session).await.expect("a catalog");
    let script = wanted.create_script();
    let (scratch, fresh) = database(server).await;
    let mut refused = Vec::new();
    for statement in script.statements() {
        if let Err(failure) = fresh.execute(&statement).await {
            refused.push(format!("    {failure}\n    in {statement}"));
        }
    }
    let made = Catalog::read(&fresh).await.expect("a catalog");
    fresh.close().await;
    scratch.close().await.expect("dropped");
    let allowed = |kind: Kind| kind == Kind::Subscription; // how it connects is a secret
    let wanted = wanted.filtered(|id| !allowed(id.kind()));
    let lines: Vec<String> = wanted
        .diff(&made)
        .iter()
        .flat_map(|d| std::iter::once(d).chain(&d.consequences))
        .map(|d| format!("    {d}\n       {:?}", d.change))
        .collect();
    if lines.is_empty() && refused.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n{}", refused.join("\n"), lines.join("\n")))
}

/// The oldest server and the newest: they differ most.
async fn ends() -> Vec<Server> {
    let mut servers = servers().await;
    let newest = servers.pop();
    servers.retain(|server| server.version().major() == 15);
    servers.extend(newest);
    servers
}

#[tokio::test]
async fn a_catalog_with_one_of_everything_is_made_again() {
    for server in ends().await {
        let (scratch, session) = database(&server).await;
        run(&session, include_str!("everything.sql")).await;
        let result = differences(&server, &session).await;
        run(&session, "DROP SUBSCRIPTION sub").await;
        session.close().await;
        scratch.close().await.expect("dropped");
        if let Err(what) = result {
            panic!("{}\n{what}", server.version());
        }
    }
}

#[tokio::test]
async fn cycles_partitions_and_heirs_are_made_again() {
    for server in ends().await {
        let (scratch, session) = database(&server).await;
        run(&session, include_str!("hard.sql")).await;
        let result = differences(&server, &session).await;
        session.close().await;
        scratch.close().await.expect("dropped");
        if let Err(what) = result {
            panic!("{}\n{what}", server.version());
        }
    }
}

#[tokio::test]
async fn every_state_of_a_long_history_is_made_again() {
    let mut failures = Vec::new();
    for server in ends().await {
        let major = server.version().major();
        let (scratch, session) = database(&server).await;
        run(&session, include_str!("base.sql")).await;
        let statements = include_str!("ddl.sql").split("\n\n").map(str::trim).filter(|s| !s.is_empty());
        let statements: Vec<&str> = statements.filter(|s| major >= 18 || !s.contains("[18]")).collect();
        for (number, statement) in statements.iter().enumerate() {
            run(&session, statement).await;
            let looked_at = number % 12 == 0 || number + 1 == statements.len();
            if looked_at && let Err(what) = differences(&server, &session).await {
                failures.push(format!("{major} after {statement}\n{what}"));
            }
        }
        session.close().await;
        scratch.close().await.expect("dropped");
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}
