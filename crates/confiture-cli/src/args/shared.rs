//! Flags that several commands have.

use std::path::PathBuf;

use clap::Args as ClapArgs;

/// Where scratch databases are created.
#[derive(Debug, Clone, Default, ClapArgs)]
pub(crate) struct ServerArgs {
    /// A server where confiture may create databases (repeatable); without it confiture starts its own.
    #[arg(long, value_name = "URL", env = "CONFITURE_SERVER", hide_env_values = true)]
    pub server: Vec<String>,

    /// PostgreSQL majors to run on, such as 15,18 (missing ones are fetched).
    #[arg(long, value_name = "VERSION", env = "CONFITURE_PG", value_delimiter = ',')]
    pub pg: Vec<u32>,

    /// Directory of PostgreSQL programs (postgres, initdb).
    #[arg(long, value_name = "DIR", env = "CONFITURE_PG_BIN")]
    pub pg_bin: Option<PathBuf>,
}

/// How a chain of migrations is applied to a scratch database.
///
/// Commands flatten it at display order 100; what they list after its settings says so by a number of its own.
#[derive(Debug, Clone, Default, ClapArgs)]
pub(crate) struct ChainArgs {
    #[command(flatten)]
    pub server: ServerArgs,

    /// The tool whose layout the directory has [default: recognised].
    #[arg(long, value_name = "NAME", env = "CONFITURE_LAYOUT")]
    pub layout: Option<String>,

    /// SQL to run on the fresh database before the first migration (repeatable).
    #[arg(long, value_name = "FILE", display_order = 200)]
    pub setup: Vec<PathBuf>,

    /// A session setting (repeatable).
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, display_order = 201)]
    pub set: Vec<(String, String)>,

    /// A template value (repeatable).
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, display_order = 202)]
    pub var: Vec<(String, String)>,

    /// Most seconds one statement may take.
    #[arg(long, value_name = "SECONDS", env = "CONFITURE_TIMEOUT", value_parser = clap::value_parser!(u64).range(1..), display_order = 300)]
    pub timeout: Option<u64>,

    /// A profile of confiture.toml.
    #[arg(long, value_name = "NAME", env = "CONFITURE_PROFILE", display_order = 400)]
    pub profile: Option<String>,
}

/// Which migrations are judged.
#[derive(Debug, Clone, Default, ClapArgs)]
pub(crate) struct Selection {
    /// Judge only migrations whose files changed since this git reference; the others only lead up to them.
    #[arg(long, value_name = "REF", value_parser = git_reference)]
    pub changed_since: Option<String>,

    /// Judge only migrations whose id matches (repeatable).
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,

    /// First version to judge.
    #[arg(long, value_name = "VERSION")]
    pub from: Option<String>,

    /// Last version to apply and judge.
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
}

/// What is written.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct OutputArgs {
    /// The format of standard output.
    #[arg(long, value_name = "FORMAT", default_value = "human", display_order = 311)]
    pub format: String,

    /// A further report in a file (repeatable), such as junit=report.xml.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = format_and_file, display_order = 312)]
    pub report: Vec<(String, String)>,
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

fn format_and_file(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((format, file)) if !format.is_empty() && !file.is_empty() => {
            Ok((format.to_owned(), file.to_owned()))
        }
        _ => Err("expected FORMAT=FILE, such as junit=report.xml".to_owned()),
    }
}

/// Git would take a reference that starts with `-` for one of its options.
pub(super) fn git_reference(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with('-') {
        return Err("expected a branch, tag or commit".to_owned());
    }
    Ok(text.to_owned())
}
