//! `confiture diff`: what differs between two schemas.

use std::path::Path;

use anyhow::Context as _;
use confiture_core::catalog::{Change, Difference};
use confiture_core::db::{Endpoint, Env, Session};
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_fixtures::SchemaSnapshotter;
use serde_json::{Value, json};

use super::chain::Chain;
use super::print;
use crate::args::DiffArgs;
use crate::exit::ExitStatus;
use crate::settings;

/// Where a schema comes from.
enum Side {
    Known(Box<SchemaSnapshotter>),
    Version(usize),
}

/// Prints what differs; status 1 when anything does.
pub(super) async fn run(
    args: DiffArgs,
    registry: &Registry,
    style: &ReportStyle,
) -> anyhow::Result<ExitStatus> {
    let mut chain = None;
    let mut sides = Vec::new();
    for text in [&args.before, &args.after] {
        sides.push(match known(text).await? {
            Some(snapshot) => Side::Known(Box::new(snapshot)),
            None => {
                if chain.is_none() {
                    let settings = settings::chain(&args.chain, args.dir.clone())?;
                    chain = Some(Chain::load(settings, registry).with_context(|| {
                        format!("{text} is no URL and no snapshot file; as a version it needs the migrations")
                    })?);
                }
                let Some(chain) = &chain else { unreachable!("it was loaded above") };
                Side::Version(chain.find(text)?)
            }
        });
    }
    let ends: Vec<Option<usize>> = sides
        .iter()
        .filter_map(|side| match side {
            Side::Version(at) => Some(Some(*at)),
            Side::Known(_) => None,
        })
        .collect();
    let mut made = match &chain {
        Some(chain) => chain.snapshots(&ends).await?.into_iter(),
        None => Vec::new().into_iter(),
    };
    let mut snapshots = sides.into_iter().filter_map(|side| match side {
        Side::Known(snapshot) => Some(*snapshot),
        Side::Version(_) => made.next(),
    });
    let (Some(before), Some(after)) = (snapshots.next(), snapshots.next()) else {
        unreachable!("every side has a snapshot")
    };
    let differences = after.changes_since(&before);
    let status = if differences.is_empty() { "same" } else { "differs" };
    if args.format == "json" {
        let head = json!({"before": shown(&args.before), "after": shown(&args.after)});
        print_json("diff", status, head, &differences)?;
    } else if !style.quiet || !differences.is_empty() {
        print(&text(&differences, style.colour))?;
    }
    Ok(if differences.is_empty() { ExitStatus::Passed } else { ExitStatus::Failed })
}

/// The schema of a URL or of a file; `None` for what has to be a version.
async fn known(text: &str) -> anyhow::Result<Option<SchemaSnapshotter>> {
    if is_url(text) {
        let endpoint = Endpoint::parse(text, &std::env::vars_os().collect::<Env>());
        let endpoint = endpoint.context("failed to read a database URL")?;
        let session = Session::read_only(&endpoint).await.context("failed to open a database to compare")?;
        let snapshot = SchemaSnapshotter::capture(&session).await;
        session.close().await;
        return Ok(Some(snapshot.with_context(|| format!("failed to read {endpoint}"))?));
    }
    let path = Path::new(text);
    if path.is_file() || path.join(SchemaSnapshotter::JSON).is_file() || text.ends_with(".json") {
        return Ok(Some(SchemaSnapshotter::load(path).context("failed to compare")?));
    }
    Ok(None)
}

fn is_url(text: &str) -> bool {
    text.contains("://") || (text.contains("dbname=") || text.contains("host=") || text.contains("service="))
}

/// What was compared, without a password.
fn shown(text: &str) -> String {
    match is_url(text) {
        true => {
            Endpoint::parse(text, &Env::empty()).map_or_else(|_| "a database".to_owned(), |e| e.to_string())
        }
        false => text.to_owned(),
    }
}

/// The object `--format json` prints.
pub(super) fn print_json(
    command: &str,
    status: &str,
    head: Value,
    differences: &[Difference],
) -> anyhow::Result<ExitStatus> {
    let mut report = json!({
        "schema_version": confiture_core::report::SCHEMA_VERSION,
        "tool": {"name": "confiture", "version": env!("CARGO_PKG_VERSION")},
        "command": command,
        "status": status,
    });
    let listed: Result<Vec<Value>, _> = differences
        .iter()
        .map(|difference| {
            let mut value = serde_json::to_value(difference)?;
            value["message"] = difference.to_string().into();
            Ok::<_, serde_json::Error>(value)
        })
        .collect();
    if let (Value::Object(report), Value::Object(head)) = (&mut report, head) {
        report.extend(head);
        report.insert("differences".to_owned(), listed.context("failed to write JSON")?.into());
    }
    print(&(serde_json::to_string_pretty(&report).context("failed to write JSON")? + "\n"))
}

/// A line a difference, the parts of what came and went below it, and a total.
pub(super) fn text(differences: &[Difference], colour: bool) -> String {
    if differences.is_empty() {
        return "no difference\n".to_owned();
    }
    let paint = |code: &str, text: String| if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text };
    let mut out = String::new();
    for difference in differences {
        out.push_str(&match &difference.change {
            Change::Added => paint("32", format!("+ {difference}\n")),
            Change::Removed => paint("31", format!("- {difference}\n")),
            Change::Changed { .. } => paint("33", format!("~ {difference}\n")),
        });
        if let Change::Changed { before, after, .. } = &difference.change
            && difference.to_string().ends_with(" changed")
        {
            for (mark, code, value) in [('-', "31", before), ('+', "32", after)] {
                for line in value.as_deref().unwrap_or("none").lines() {
                    out.push_str(&paint(code, format!("    {mark} {line}\n")));
                }
            }
        }
        for part in &difference.consequences {
            out.push_str(&format!("    {part}\n"));
        }
    }
    let s = if differences.len() == 1 { "" } else { "s" };
    out.push_str(&format!("{} difference{s}\n", differences.len()));
    out
}
