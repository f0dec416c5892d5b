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
