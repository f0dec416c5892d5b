//! What reading gives.

use super::fixture::{database, run, servers};
use crate::catalog::Catalog;

const EVERYTHING: &str = include_str!("everything.sql");

#[tokio::test]
async fn the_same_ddl_gives_the_same_catalog_on_every_major() {
    let mut first: Option<(u32, String)> = None;
    for server in servers().await {
        let (scratch, session) = database(&server).await;
        run(&session, EVERYTHING).await;
        let catalog = Catalog::read(&session).await.expect("a catalog");
        let json = serde_json::to_string_pretty(&catalog).expect("JSON");
        let back: Catalog = serde_json::from_str(&json).expect("a catalog from JSON");
        assert_eq!(back, catalog);
        assert!(!json.contains("secret"), "passwords stay on the server");
        let major = server.version().major();
        if let Some(dir) = std::env::var_os("CONFITURE_TEST_DUMP") {
            std::fs::write(std::path::Path::new(&dir).join(format!("{major}.json")), &json).expect("written");
        }
        match &first {
            None => first = Some((major, json)),
            Some((other, expected)) => {
                let differs = json.lines().zip(expected.lines()).find(|(a, b)| a != b);
                assert_eq!(differs, None, "{major} and {other} differ");
                assert_eq!(json.lines().count(), expected.lines().count());
            }
        }
        run(&session, "DROP SUBSCRIPTION IF EXISTS sub").await;
        session.close().await;
        scratch.close().await.expect("dropped");
    }
}

#[tokio::test]
async fn the_session_settings_and_role_change_nothing_and_are_put_back() {
    let server = super::fixture::server().await;
    let (scratch, session) = database(&server).await;
    run(&session, EVERYTHING).await;
    let expected = Catalog::read(&session).await.expect("a catalog");
    let settings = [
        ("search_path", "app, public"),
        ("standard_conforming_strings", "off"),
        ("quote_all_identifiers", "on"),
        ("intervalstyle", "iso_8601"),
        ("datestyle", "German, DMY"),
        ("extra_float_digits", "-10"),
        ("bytea_output", "escape"),
        ("timezone", "Asia/Tokyo"),
        ("role", "catalog_reader"),
    ];
    // Outside of a transaction, inside of one, and with SET LOCAL on top of it.
    for (begin, set, end) in [("", "SET", ""), ("BEGIN", "SET", "COMMIT"), ("BEGIN", "SET LOCAL", "COMMIT")] {
        run(&session, begin).await;
        for (name, value) in settings {
            let value = if name.ends_with("path") { value.to_owned() } else { format!("'{value}'") };
            run(&session, &format!("{set} {name} = {value}")).await;
        }
        let shown = show(&session, &settings).await;
        let found = Catalog::read(&session).await.expect("a catalog");
        // The options of a user mapping are shown to its user and to superusers only.
        let mut differences = expected.diff(&found);
        differences.retain(|d| d.object.kind() != crate::catalog::Kind::UserMapping);
        assert_eq!(differences, [], "{begin} {set}");
        assert_eq!(show(&session, &settings).await, shown, "{begin} {set}");
        run(&session, end).await;
        if set == "SET" {
            assert_eq!(show(&session, &settings).await, shown, "{begin} {set} {end}");
        }
        run(&session, "RESET ALL; RESET ROLE; SET jit = off").await;
    }
    run(&session, "DROP SUBSCRIPTION sub").await;
    session.close().await;
    scratch.close().await.expect("dropped");
}

async fn show(session: &crate::db::Session, settings: &[(&str, &str)]) -> Vec<String> {
    let mut out = Vec::new();
    for (name, _) in settings {
        let rows = session.query("SELECT current_setting($1)", &[name]).await.expect("a setting");
        out.push(rows[0].get(0));
    }
    out
}
