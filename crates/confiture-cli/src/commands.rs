//! One file per command.

mod chain;
mod completions;
mod diff;
mod doctor;
mod explain;
mod gate;
mod generate;
mod generate_schema;
mod init;
mod judged;
mod lint;
mod mutate;
mod plugins;
mod profile;
mod report;
mod select;
mod server;
mod snapshot;
mod test;

use std::path::Path;

use anyhow::{Context as _, bail};
use confiture_core::db::DbError;
use confiture_core::migration::layout::Loaded;
use confiture_core::plugin::Registry;
use confiture_fixtures::{FixtureError, SeedFiles};
use confiture_mutation::{MutationError, PlanError};
use confiture_perf::PerfError;

use crate::args::{Args, Command, GenerateCommand, ReportCommand, ServerCommand};
use crate::exit::ExitStatus;
use crate::interrupt::Interrupt;
use crate::report::Output;
use crate::terminal;

/// The user's own rows, where a directory of them is given.
fn seeds(dir: Option<&Path>, loaded: &Loaded) -> anyhow::Result<SeedFiles> {
    let Some(dir) = dir else { return Ok(SeedFiles::default()) };
    let holds = "--seeds (or seeds in confiture.toml) names a directory of <version>….sql files";
    if !dir.is_dir() {
        bail!("failed to read the seeds: {} is not a directory; {holds}", dir.display());
    }
    let seeds = SeedFiles::read(dir, loaded).context("failed to read the seeds")?;
    if seeds.is_empty() {
        bail!("failed to read the seeds: {} holds no .sql file; {holds}", dir.display());
    }
    Ok(seeds)
}

/// Runs the command and says how the process is to end.
pub(crate) async fn run(args: Args) -> ExitStatus {
    let registry = match Registry::linked() {
        Ok(registry) => registry,
        Err(error) => {
            terminal::error(&format!("failed to {error}"));
            return ExitStatus::Usage;
        }
    };
    let style = terminal::style(args.colour, args.quiet, args.verbose > 0);
    let done = match args.command {
        Command::Test(test) => test::run(*test, &registry, &style).await,
        Command::Mutate(mutate) => mutate::run(*mutate, &registry, &style).await,
        Command::Report { view, command: None } => report::view(&view, &registry, &style),
        Command::Report { command: Some(ReportCommand::Merge { files, output }), .. } => {
            Output::of(&output, &registry).and_then(|out| report::merge(&files, &out, &registry, &style))
        }
        Command::Init { dir, ci } => init::run(dir, ci),
        Command::Profile(profile) => profile::run(*profile, &registry, &style).await,
        Command::Gate(gate) => gate::run(*gate, &registry, &style).await,
        Command::Lint(lint) => lint::run(*lint, &registry, &style).await,
        Command::Generate { command: GenerateCommand::Data(data) } => generate::data(*data, &registry).await,
        Command::Generate { command: GenerateCommand::Stats { server, out } } => {
            generate::stats(&server, out).await
        }
        Command::Generate { command: GenerateCommand::Queries { server, most, out } } => {
            generate::queries(&server, most, out).await
        }
        Command::Snapshot(snapshot) => snapshot::run(*snapshot, &registry, &style).await,
        Command::Diff(diff) => diff::run(*diff, &registry, &style).await,
        Command::Generate { command: GenerateCommand::Schema { size, out } } => {
            generate_schema::schema(size, out.as_deref())
        }
        Command::Generate { command: GenerateCommand::Migrations { size, out, layout } } => {
            generate_schema::migrations(size, out.as_deref(), &layout)
        }
        Command::Doctor(server) => doctor::run(server, &registry).await,
        Command::Server { command: ServerCommand::List { server } } => server::list(server).await,
        Command::Server { command: ServerCommand::Install { version } } => server::install(version).await,
        Command::Plugins { format } => plugins::run(&registry, &format),
        Command::Explain { code } => explain::run(&registry, code.as_deref()),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man => completions::man(),
    };
    match done {
        Ok(status) => status,
        Err(error) => {
            terminal::error(&chain(&error));
            status_of(&error)
        }
    }
}

/// An error and its causes in one line; a cause that the text before it ends with is not said twice.
pub(crate) fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(|cause| cause.to_string()) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text.push_str(&format!(": {cause}"));
        }
    }
    text.trim_end().to_owned()
}

/// The exit status an error means.
fn status_of(error: &anyhow::Error) -> ExitStatus {
    if let Some(interrupt) = error.downcast_ref::<Interrupt>() {
        return interrupt.status();
    }
    match error.downcast_ref::<MutationError>() {
        Some(MutationError::Red(_) | MutationError::Baseline { .. }) => return ExitStatus::BaselineFails,
        Some(MutationError::Control { .. } | MutationError::Plan(PlanError::Operator { .. })) => {
            return ExitStatus::Bug;
        }
        _ => {}
    }
    if let Some(perf) = error.downcast_ref::<PerfError>() {
        return match perf {
            PerfError::Fixture(FixtureError::Database(_)) => ExitStatus::NoServer,
            PerfError::Fixture(FixtureError::Interrupted) => ExitStatus::Interrupted,
            PerfError::Fixture(FixtureError::Query { source, .. }) if source.is_connection_lost() => {
                ExitStatus::NoServer
            }
            PerfError::Fixture(FixtureError::Query { .. }) => ExitStatus::Bug,
            _ => ExitStatus::Usage,
        };
    }
    let database = error.chain().find_map(|cause| {
        cause.downcast_ref::<DbError>().or_else(|| match cause.downcast_ref::<FixtureError>() {
            Some(FixtureError::Database(database)) => Some(database),
            _ => None,
        })
    });
    match (database, error.downcast_ref::<FixtureError>()) {
        // A session setting the server does not know, or a value it does not take.
        (Some(DbError::Connect { failure, .. }), _)
            if matches!(failure.sqlstate.as_deref(), Some("42704" | "22023")) =>
        {
            ExitStatus::Usage
        }
        (Some(_), _) => ExitStatus::NoServer,
        (None, Some(FixtureError::Migration { .. })) => ExitStatus::Failed,
        (None, Some(FixtureError::Interrupted)) => ExitStatus::Interrupted,
        (None, Some(FixtureError::Query { .. } | FixtureError::Check(_))) => ExitStatus::Bug,
        (None, _) => ExitStatus::Usage,
    }
}

/// Prints `text` to standard output; a reader that has seen enough is no error.
fn print(text: &str) -> anyhow::Result<ExitStatus> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitStatus::Passed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let outer = anyhow::anyhow!("no such file").context("read x: no such file").context("failed to load");
        assert_eq!(chain(&outer), "failed to load: read x: no such file");
    }
}
