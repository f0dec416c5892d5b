use confiture_core::catalog::Catalog;
use confiture_core::db::{Env, Server, ServerOptions, Session};

use super::Departure;
use super::expression::{conjuncts, implies, not_null_column};

#[test]
fn conjunctions_are_their_parts() {
    let parts = |text| conjuncts(text).join(" | ");
    assert_eq!(parts("CHECK (((a > 0) AND (b IS NOT NULL)))"), "a > 0 | b IS NOT NULL");
    assert_eq!(parts("CHECK (((a > 0) OR (b IS NOT NULL)))"), "(a > 0) OR (b IS NOT NULL)");
    assert_eq!(parts("CHECK (((a > 0) AND ((b < 1) AND (c = 2))))"), "a > 0 | b < 1 | c = 2");
    assert_eq!(parts("CHECK ((a + b) > (c))"), "(a + b) > (c)");
}

#[test]
fn not_null_is_told_from_other_conditions() {
    assert_eq!(not_null_column("\"A b\" IS NOT NULL").as_deref(), Some("A b"));
    assert_eq!(not_null_column("a IS NULL"), None);
    assert_eq!(not_null_column("lower(a) IS NOT NULL"), None);
}

#[test]
fn a_narrower_bound_implies_a_wider_one() {
    assert!(implies("a > 5", "a > 0"));
    assert!(implies("a > 5", "a >= 5"));
    assert!(implies("a >= (5)::numeric", "a > '-1'::integer"));
    assert!(implies("a = 5", "a <= 5"));
    for (strong, weak) in [
        ("a > 0", "a > 5"),
        ("a >= 5", "a > 5"),
        ("b > 5", "a > 0"),
        ("a > c", "a > 0"),
        ("a > '5'::text", "a > '10'::text"),
        ("a > '10'::text", "a > '5'::text"),
        ("a > '9007199254740993'::bigint", "a >= '9007199254740994'::bigint"),
    ] {
        assert!(!implies(strong, weak), "{strong} does not imply {weak}");
    }
}

async fn catalog(session: &Session, sql: &str) -> Catalog {
    session.execute("BEGIN").await.unwrap();
    session.execute(sql).await.unwrap();
    let catalog = Catalog::read(session).await.unwrap();
    session.execute("ROLLBACK").await.unwrap();
    catalog
}

/// What each table of a pair lets in is the same, or not: the smallest difference there is.
#[tokio::test]
async fn tables_are_the_same_when_they_let_in_the_same() {
    let env = std::env::vars_os().collect::<Env>();
    let version = std::env::var("CONFITURE_PG").ok().and_then(|major| major.parse().ok());
    let server = Server::open(&ServerOptions { version, env, ..ServerOptions::default() }).await.unwrap();
    let database = server.create_database("behaviour").await.unwrap();
    let session = database.session().await.unwrap();
    let same = [
        ("a int PRIMARY KEY", "a int NOT NULL UNIQUE"),
        ("a int PRIMARY KEY", "a int UNIQUE, CHECK (a IS NOT NULL)"),
        ("a int PRIMARY KEY", "a int PRIMARY KEY, b int, UNIQUE (a, b)"),
        ("a int CHECK (a > 0 AND a IS NOT NULL)", "a int NOT NULL CHECK (a > 0)"),
        ("a int CHECK (a > 5)", "a int CHECK (a > 5) CHECK (a > 0)"),
        ("a int", "a int DEFAULT NULL"),
    ];
    let other = [
        ("a int PRIMARY KEY", "a int UNIQUE"),
        ("a int PRIMARY KEY", "a int UNIQUE, CHECK (a IS NULL)"),
        ("a int UNIQUE", "a int, b int, UNIQUE (a, b)"),
        ("a int CHECK (a > 0 OR a IS NOT NULL)", "a int NOT NULL CHECK (a > 0)"),
        ("a int CHECK (a > 5)", "a int CHECK (a > 5) CHECK (a > 6)"),
        ("a int", "a int DEFAULT 0"),
        // Deferred, it lets in what is mended before the commit.
        ("a int PRIMARY KEY", "a int NOT NULL UNIQUE DEFERRABLE"),
        ("a int, b int, UNIQUE (a, b)", "a int, b int, UNIQUE NULLS NOT DISTINCT (a, b)"),
    ];
    let columns = |table: &str| if table.contains("b int") { "" } else { ", b int" };
    for (pairs, alike) in [(&same[..], true), (&other[..], false)] {
        for (one, another) in pairs {
            let [one, another] = [one, another].map(|t| format!("CREATE TABLE t ({t}{})", columns(t)));
            let (before, after) = (catalog(&session, &one).await, catalog(&session, &another).await);
            let (departure, _) = Departure::between(&before, &after);
            assert_eq!(departure.is_none(), alike, "{one} / {another}: {departure:#?}");
            let (back, _) = Departure::between(&after, &before);
            assert_eq!(back.is_none(), alike, "{another} / {one}: {back:#?}");
        }
    }
    session.close().await;
    database.close().await.unwrap();
    server.close().await;
}
