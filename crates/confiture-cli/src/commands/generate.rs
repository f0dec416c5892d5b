//! `confiture generate`: rows that satisfy a schema.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use confiture_core::catalog::{Catalog, ObjectId};
use confiture_core::db::{Endpoint, Env, Server, Session};
use confiture_core::migration::layout::Loaded;
use confiture_core::plugin::Registry;
use confiture_fixtures::{
    Depth, Filled, Ladder, RowCounts, RowGenerator, RowStyle, SeedFiles, Statistics, find_version, write_rows,
};

use super::chain::Chain;
use crate::args::GenerateDataArgs;
use crate::exit::ExitStatus;
use crate::interrupt::Interrupt;
use crate::{settings, terminal};

/// Fills a scratch database and prints its rows.
pub(super) async fn data(args: GenerateDataArgs, registry: &Registry) -> anyhow::Result<ExitStatus> {
    let settings = settings::chain(&args.chain, args.dir.clone())?;
    if args.keep && settings.server.is_empty() {
        bail!("--keep needs a --server: a private server ends with this command");
    }
    let dir = args.seeds.clone().or_else(|| settings.seeds.clone());
    let chain = Chain::load(settings, registry)?;
    let seeds = super::seeds(dir.as_deref(), &chain.loaded)?;
    let statistics = match &args.from_stats {
        Some(path) => {
            let text = std::fs::read_to_string(path);
            let text = text.with_context(|| format!("failed to read {}", path.display()))?;
            let read = Statistics::from_json(&text).map_err(anyhow::Error::msg);
            Some(read.with_context(|| format!("failed to read {}", path.display()))?)
        }
        None => None,
    };
    let server = chain.start().await?;
    let job =
        Job { args: &args, server: &server, chain: &chain, seeds: &seeds, statistics: statistics.as_ref() };
    let done = tokio::select! {
        done = Box::pin(job.run()) => done,
        interrupt = Interrupt::next() => Err(interrupt.into()),
    };
    server.close().await;
    done
}

/// One run of `generate data`.
struct Job<'a> {
    args: &'a GenerateDataArgs,
    server: &'a Server,
    chain: &'a Chain,
    seeds: &'a SeedFiles,
    statistics: Option<&'a Statistics>,
}

impl Job<'_> {
    async fn run(self) -> anyhow::Result<ExitStatus> {
        let Self { args, server, chain, seeds, statistics } = self;
        let loaded = &chain.loaded;
        let at = args.at.as_deref().map(|version| find_version(loaded, version));
        let last = at.transpose().context("failed to use --at")?;
        let end = last.map_or(loaded.migrations.len(), |last| last + 1);
        let mut ladder =
            Ladder::start(server, loaded, chain.options.clone()).await.context("failed to start")?;
        for index in 0..end {
            let Some(record) = ladder.climb(Depth::Apply).await.context("failed to migrate")? else { break };
            let id = &loaded.migrations[index].id;
            match (&record.up, &record.refused) {
                (_, Some(reason)) => terminal::line(&format!("warning: {id} is not applied: {reason}")),
                (None, None) => terminal::line(&format!("warning: {id} is not applied: it is not SQL")),
                (Some(run), None) => {
                    if let Some(failed) = &run.failure {
                        terminal::line(&format!("warning: {id} fails: {}", failed.failure));
                    }
                }
            }
            if seeds.has(index) {
                let session = ladder.database().session().await.context("failed to connect")?;
                seeds.run_at(&session, index).await.context("failed to seed")?;
                session.close().await;
            }
        }
        let session = ladder.database().session().await.context("failed to connect")?;
        seeds.run_rest(&session).await.context("failed to seed")?;
        let catalog = Catalog::read(&session).await.context("failed to read the catalog")?;
        let tables = chosen(&catalog, loaded, &args.table)?;
        let mut generator = RowGenerator::new(&session, &catalog).seed(args.seed).server(server.kind());
        generator = match statistics {
            Some(statistics) => {
                generator.rows(statistics.row_counts(&catalog, args.rows)).statistics(statistics)
            }
            None => generator.rows(RowCounts::uniform(args.rows)),
        };
        let started = std::time::Instant::now();
        let filled = generator.fill(&tables).await.context("failed to fill the tables")?;
        tracing::info!(elapsed = ?started.elapsed(), rows = filled.inserted(), "filled");
        if args.keep {
            session.close().await;
            summary(&filled);
            terminal::line(&format!(
                "kept the database: {}",
                ladder.keep().await.context("failed to keep it")?
            ));
            return Ok(status(&filled));
        }
        let order: Vec<ObjectId> = filled.tables.iter().map(|fill| fill.table.clone()).collect();
        let style = if args.inserts { RowStyle::Insert } else { RowStyle::Copy };
        let mut out: Box<dyn Write + Send> = match &args.out {
            Some(path) => {
                let file = std::fs::File::create(path);
                Box::new(std::io::BufWriter::new(
                    file.with_context(|| format!("failed to write {}", path.display()))?,
                ))
            }
            None => Box::new(std::io::stdout()),
        };
        let written = write_rows(&session, &catalog, &order, style, &mut *out).await;
        written
            .and_then(|()| out.flush().map_err(confiture_fixtures::FixtureError::Output))
            .context("failed")?;
        session.close().await;
        ladder.close().await.context("failed to tidy up")?;
        summary(&filled);
        Ok(status(&filled))
    }
}

/// Prints the statistics of the database at `url`, which is only read.
pub(super) async fn stats(url: &str, out: Option<PathBuf>) -> anyhow::Result<ExitStatus> {
    let env = std::env::vars_os().collect::<Env>();
    let endpoint = Endpoint::parse(url, &env).context("failed to read --server")?;
    let session = Session::read_only(&endpoint).await.context("failed to connect")?;
    let read = Statistics::read(&session).await;
    session.close().await;
    let statistics = read.context("failed to look at the database")?;
    let bare: Vec<&str> = statistics
        .tables
        .iter()
        .filter(|table| table.columns.is_empty())
        .map(|table| table.name.as_str())
        .collect();
    if !bare.is_empty() {
        let some = bare.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        let (count, more) = (bare.len(), if bare.len() > 5 { ", …" } else { "" });
        terminal::line(&format!(
            "no column statistics for {count} tables ({some}{more}): ANALYZE makes them"
        ));
    }
    match out {
        None => super::print(&statistics.to_json()),
        Some(path) => {
            let written = std::fs::write(&path, statistics.to_json());
            written.with_context(|| format!("failed to write {}", path.display()))?;
            Ok(ExitStatus::Passed)
        }
    }
}

/// The tables that match, and those they refer to; without patterns all but the tool's own.
fn chosen(catalog: &Catalog, loaded: &Loaded, patterns: &[String]) -> anyhow::Result<Vec<ObjectId>> {
    let mut globs = globset::GlobSetBuilder::new();
    for pattern in patterns {
        globs.add(globset::Glob::new(pattern).with_context(|| format!("failed to read --table {pattern}"))?);
    }
    let globs = globs.build().context("failed to read --table")?;
    let tool = loaded.tracking.as_ref().map(|tracking| tracking.create.join(" ")).unwrap_or_default();
    let matches = |id: &ObjectId| {
        let full = format!("{}.{}", id.part(0), id.part(1));
        match patterns.is_empty() {
            true => !names(&tool, id.part(1)),
            false => globs.is_match(id.part(1)) || globs.is_match(&full),
        }
    };
    let kinds = [confiture_core::catalog::Kind::Table, confiture_core::catalog::Kind::ForeignTable];
    let all = || kinds.into_iter().flat_map(|kind| catalog.of_kind(kind)).map(|(id, _)| id);
    let mut found: BTreeSet<ObjectId> = all().filter(|id| matches(id)).cloned().collect();
    if found.is_empty() && !patterns.is_empty() {
        bail!("--table {} matches no table", patterns.join(" --table "));
    }
    let mut open: Vec<ObjectId> = found.iter().cloned().collect();
    while let Some(table) = open.pop() {
        for (_, constraint) in catalog.constraints_of(&table) {
            if let Some(reference) = &constraint.references
                && found.insert(reference.table.clone())
            {
                open.push(reference.table.clone());
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Whether the statements that create the tool's own tables name this one.
fn names(create: &str, table: &str) -> bool {
    let tokens = confiture_core::sql::lex(create);
    tokens
        .iter()
        .any(|token| token.kind.is_name() && token.text(create).trim_matches('"').eq_ignore_ascii_case(table))
}

/// Says on standard error what was filled, and what was not and why.
fn summary(filled: &Filled) {
    let full = filled.tables.iter().filter(|table| table.is_full()).count();
    for table in filled.short() {
        let have = table.existing + table.inserted;
        let why = match (&table.skipped, table.refused.first()) {
            (Some(reason), _) => reason.clone(),
            (None, Some(refusal)) => refusal.to_string(),
            (None, None) => "no further row was found".to_owned(),
        };
        terminal::line(&format!("{}: {have} of {} rows: {why}", table.table, table.wanted));
    }
    terminal::line(&format!(
        "{full} of {} tables filled, {} rows generated",
        filled.tables.len(),
        filled.inserted()
    ));
}

/// Failed when a table that could hold rows has none.
fn status(filled: &Filled) -> ExitStatus {
    let empty = |table: &confiture_fixtures::TableFill| {
        table.existing + table.inserted == 0 && table.wanted > 0 && table.skipped.is_none()
    };
    if filled.tables.is_empty() {
        ExitStatus::NothingRan
    } else if filled.tables.iter().any(empty) {
        ExitStatus::Failed
    } else {
        ExitStatus::Passed
    }
}

/// Prints the statements the database at `url` was asked most, as a query file; it is only read.
pub(super) async fn queries(url: &str, most: u32, out: Option<PathBuf>) -> anyhow::Result<ExitStatus> {
    let env = std::env::vars_os().collect::<Env>();
    let endpoint = Endpoint::parse(url, &env).context("failed to read --server")?;
    let session = Session::read_only(&endpoint).await.context("failed to connect")?;
    let read = confiture_fixtures::asked_most(&session, most).await;
    session.close().await;
    let text = match read {
        Err(confiture_fixtures::FixtureError::Query { source, .. }) => {
            bail!(
                "failed to read pg_stat_statements: {}: it needs CREATE EXTENSION pg_stat_statements",
                source.message
            )
        }
        read => read.context("failed to read pg_stat_statements")?,
    };
    match out {
        None => super::print(&text),
        Some(path) => {
            std::fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
            Ok(ExitStatus::Passed)
        }
    }
}
