//! `confiture snapshot`: the committed schema.

use anyhow::Context as _;
use confiture_core::plugin::{Registry, ReportStyle};
use confiture_fixtures::SchemaSnapshotter;
use serde_json::json;

use super::chain::Chain;
use super::diff::{print_json, text};
use super::print;
use crate::args::SnapshotArgs;
use crate::exit::ExitStatus;
use crate::{settings, terminal};

/// Applies the chain, then compares with the committed snapshot or, with `--accept`, writes it.
pub(super) async fn run(
    args: SnapshotArgs,
    registry: &Registry,
    style: &ReportStyle,
) -> anyhow::Result<ExitStatus> {
    let settings = settings::chain(&args.chain, args.dir.clone())?;
    let dir = args.out.clone().unwrap_or_else(|| settings::snapshot(&settings));
    // A file that cannot be read is an error before anything is run, unless it is to be replaced.
    let committed = match args.accept {
        true => SchemaSnapshotter::committed(&dir).ok().flatten(),
        false => SchemaSnapshotter::committed(&dir).context("failed to read the committed snapshot")?,
    };
    let chain = Chain::load(settings, registry)?;
    let now = chain.snapshots(&[None]).await?.pop().context("failed to take a snapshot")?;
    let differences = committed.as_ref().map(|committed| now.changes_since(committed));
    let (status, exit) = match (&differences, args.accept) {
        (Some(differences), _) if differences.is_empty() => ("same", ExitStatus::Passed),
        (_, true) => ("written", ExitStatus::Passed),
        (Some(_), false) => ("differs", ExitStatus::Failed),
        (None, false) => ("missing", ExitStatus::Failed),
    };
    if args.accept {
        now.save(&dir).context("failed to write the snapshot")?;
    }
    let listed = differences.unwrap_or_default();
    let json = dir.join(SchemaSnapshotter::JSON);
    if args.format == "json" {
        let head = json!({"snapshot": json.display().to_string(), "objects": now.catalog().len()});
        print_json("snapshot", status, head, &listed)?;
        return Ok(exit);
    }
    let mut out = String::new();
    if !listed.is_empty() {
        out.push_str(&text(&listed, style.colour));
    }
    let (json, sql) = (json.display(), dir.join(SchemaSnapshotter::SQL).display().to_string());
    match status {
        "same" if !style.quiet => out.push_str(&format!("{json} is what the migrations lead to\n")),
        "written" if !style.quiet => out.push_str(&format!("wrote {json} and {sql}\n")),
        _ => {}
    }
    print(&out)?;
    match status {
        "differs" => terminal::error(&format!(
            "the migrations lead to another schema than {json}; if that is meant: confiture snapshot --accept"
        )),
        "missing" => terminal::error(&format!(
            "there is no snapshot {json} to compare with; confiture snapshot --accept writes it"
        )),
        _ => {}
    }
    Ok(exit)
}
