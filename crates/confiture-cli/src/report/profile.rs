//! What `confiture profile` measured, for a person and for a comment.

mod passes;

use confiture_core::migration::Direction;
use confiture_core::report::{PerformanceProfile, StatementProfile};

/// One line a statement: where it is, its clock, log and pages, and what it did to relations.
pub(super) fn lines(profile: &PerformanceProfile, migration: &str, verbose: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for direction in [Direction::Up, Direction::Down] {
        for statement in profile.script(migration, direction) {
            if direction == Direction::Down && !verbose {
                continue;
            }
            lines.push(format!(
                "{:<4} {:>3} {:>9} {:>9} {:>8} {:>9} {:>7}  {}",
                direction.as_str(),
                statement.number,
                time(statement.wall_ms),
                statement.cpu_ms.map_or_else(|| "n/a".to_owned(), time),
                statement.rows,
                statement.wal.map_or_else(|| "n/a".to_owned(), |wal| bytes(wal.bytes)),
                statement.buffers.map_or_else(|| "n/a".to_owned(), |pages| pages.dirtied.to_string()),
                what(statement),
            ));
        }
    }
    if !lines.is_empty() {
        lines.insert(0, "       #      wall       cpu     rows       log dirtied  did".to_owned());
    }
    lines
}

/// `ACCESS EXCLUSIVE users 0.4 ms · rewrites users · scans users`
pub(super) fn what(statement: &StatementProfile) -> String {
    let name = |full: &str| full.strip_prefix("public.").unwrap_or(full).to_owned();
    let mut parts = Vec::new();
    let tables = statement.locks.iter().filter(|lock| lock.existing && !lock.index);
    // What everybody takes who reads or writes says little.
    let strong = tables.filter(|lock| !["ACCESS SHARE", "ROW SHARE"].contains(&lock.mode.as_str()));
    parts.extend(strong.map(|lock| format!("{} {} {}", lock.mode, name(&lock.relation), time(lock.held_ms))));
    let full = statement.scans.iter().filter(|scan| scan.full).map(|scan| scan.relation.clone()).collect();
    for (word, list) in [
        ("rewrites", &statement.rewrites),
        ("reads all of", &full),
        ("creates", &statement.created),
        ("drops", &statement.dropped),
    ] {
        let names: Vec<String> = list.iter().map(|full| name(full)).collect();
        match names.len() {
            0 => {}
            1..=3 => parts.push(format!("{word} {}", names.join(", "))),
            count => parts.push(format!("{word} {} and {} more", names[..2].join(", "), count - 2)),
        }
    }
    if parts.is_empty() { statement.sql.chars().take(60).collect() } else { parts.join(" · ") }
}

/// Metrics that no statement has, and why.
pub(super) fn missing(profile: &PerformanceProfile) -> Vec<String> {
    profile.unavailable.iter().map(|(metric, why)| format!("{metric}: n/a ({why})")).collect()
}

/// A table a comment has room for: the statements that took longest.
pub(super) fn markdown(profile: &PerformanceProfile) -> String {
    let mut statements: Vec<&StatementProfile> =
        profile.statements.iter().filter(|statement| statement.direction == Direction::Up).collect();
    let all = statements.len();
    statements.sort_by(|a, b| b.wall_ms.total_cmp(&a.wall_ms));
    statements.truncate(20);
    let mut text = format!(
        "{} rows a table, seed {}, PostgreSQL {}\n\n| statement | wall | log | pages dirtied | did |\n|---|---|---|---|---|\n",
        profile.dataset.rows, profile.dataset.seed, profile.environment.version
    );
    for statement in &statements {
        text.push_str(&format!(
            "| `{}` | {} | {} | {} | {} |\n",
            statement.id.replace('|', "\\|"),
            time(statement.wall_ms),
            statement.wal.map_or_else(|| "n/a".to_owned(), |wal| bytes(wal.bytes)),
            statement.buffers.map_or_else(|| "n/a".to_owned(), |pages| pages.dirtied.to_string()),
            what(statement).replace('|', "\\|").replace('<', "&lt;"),
        ));
    }
    if all > statements.len() {
        text.push_str(&format!("\n… and {} statements that took less time\n", all - statements.len()));
    }
    for line in missing(profile) {
        text.push_str(&format!("\n{line}\n"));
    }
    text.push_str(&passes::markdown(profile));
    text.push('\n');
    text
}

/// What the further passes measured of a migration, a line each.
pub(super) use passes::{all, lines as passes};

pub(super) fn time(milliseconds: f64) -> String {
    if milliseconds >= 1000.0 {
        format!("{:.2} s", milliseconds / 1000.0)
    } else {
        format!("{milliseconds:.1} ms")
    }
}

pub(super) fn bytes(count: u64) -> String {
    match count {
        0..10_240 => format!("{count} B"),
        10_240..10_485_760 => format!("{} KiB", count / 1024),
        _ => format!("{} MiB", count / 1024 / 1024),
    }
}
