//! Where figures come from, and what is said of those that cannot be had.

use confiture_tests::Scenario;

use crate::{Profile, server};

const FILES: [(&str, &str); 2] = [
    ("0001_users.sql", "CREATE TABLE users (id int PRIMARY KEY, email text);"),
    ("0002_change.sql", "CREATE INDEX users_email ON users (email);\nUPDATE users SET email = 'x';"),
];

#[test]
fn statement_tells_its_locks_log_pages_and_scans() {
    let report = Profile::default().last(&Scenario::new(&FILES), &server());
    let profile = report.profile.expect("a profile");
    let [index, update] = &profile.statements[..] else { panic!("{:?}", profile.statements) };
    assert_eq!((index.id.as_str(), index.line, update.line), ("0002_change/up/1", 1, 2));
    let lock = &index.locks[0];
    assert_eq!((lock.relation.as_str(), lock.mode.as_str()), ("public.users", "SHARE"));
    assert!(lock.held_ms >= index.wall_ms + update.wall_ms - 0.01, "held to the end: {lock:?}");
    assert_eq!(index.created, ["public.users_email"]);
    assert_eq!((index.scans[0].tuples, index.scans[0].full), (2000, true));
    assert_eq!(update.rows, 2000);
    assert!(update.wal.is_some_and(|wal| wal.records >= Some(2000) && wal.bytes > 100_000), "{update:?}");
    assert!(update.buffers.is_some_and(|pages| pages.dirtied > 10 && pages.touched > pages.dirtied));
    assert!(profile.unavailable.is_empty(), "{:?}", profile.unavailable);
}

#[test]
fn server_without_the_extension_has_no_pages_and_says_why() {
    let report = Profile::default().last(&Scenario::new(&FILES), &confiture_tests::server());
    let profile = report.profile.expect("a profile");
    let update = &profile.statements[1];
    assert_eq!((update.buffers, update.temp_blocks), (None, None));
    assert!(update.wal.is_some_and(|wal| wal.records.is_none() && wal.bytes > 100_000), "{update:?}");
    assert!(profile.unavailable["buffers"].contains("shared_preload_libraries"), "{:?}", profile.unavailable);
    let text = serde_json::to_string(&update).expect("JSON");
    assert!(!text.contains("buffers"), "{text}");
}

#[test]
fn concurrent_build_shows_the_lock_on_its_table() {
    let files = [
        ("0001_users.up.sql", FILES[0].1),
        ("0002_change.up.sql", "CREATE INDEX CONCURRENTLY users_email ON users (email);"),
    ];
    let report = Profile::default().last(&Scenario::new(&files), &server());
    let profile = report.profile.expect("a profile");
    let locks: Vec<(&str, bool)> =
        profile.statements[0].locks.iter().map(|lock| (lock.mode.as_str(), lock.sampled)).collect();
    assert_eq!(locks, [("SHARE UPDATE EXCLUSIVE", true)]);
}
