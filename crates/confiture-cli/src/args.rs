//! Commands and flags: a contract.

mod generate;
mod judge;
mod profile;
mod shared;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub(crate) use generate::{GenerateCommand, GenerateDataArgs, RandomArgs};
pub(crate) use judge::{GateArgs, JudgeArgs, MutateArgs, TestArgs};
pub(crate) use profile::ProfileArgs;
use shared::pair;
pub(crate) use shared::{ChainArgs, OutputArgs, Selection, ServerArgs};

/// Tests PostgreSQL migrations before production does.
#[derive(Debug, Parser)]
#[command(name = "confiture", version, about, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 passed, 1 findings, 2 usage or configuration, 3 no server, 4 tests fail on unchanged \
migrations, 5 nothing ran, 70 a bug, 130 interrupted, 143 terminated.\nDATABASE_URL is never used: confiture writes only in databases it created itself."
)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Only what failed.
    #[arg(short, long, global = true, display_order = 900)]
    pub quiet: bool,

    /// More detail; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 901)]
    pub verbose: u8,

    /// When to use colour (NO_COLOR is honoured).
    #[arg(
        long = "color",
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN",
        display_order = 902
    )]
    pub colour: Colour,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

/// A service that runs workflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ci {
    Github,
    Gitlab,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Applies every migration on real PostgreSQL: up, down and up again.
    Test(Box<TestArgs>),
    /// Breaks each migration on purpose and says which mutants no test notices.
    Mutate(Box<MutateArgs>),
    /// Measures what each statement locks, rewrites, scans and writes, and holds it against baselines.
    Profile(Box<ProfileArgs>),
    /// Renders saved JSON reports in any format, or puts them together.
    #[command(args_conflicts_with_subcommands = true)]
    Report {
        #[command(flatten)]
        view: ReportArgs,

        #[command(subcommand)]
        command: Option<ReportCommand>,
    },
    /// Reads migrations for what they lock, lose or break; needs no database.
    Lint(Box<LintArgs>),
    /// Writes confiture.toml, an example of a test, and workflows; overwrites nothing.
    Init {
        /// The migrations directory [default: `dir` of confiture.toml, else ./migrations].
        dir: Option<PathBuf>,

        /// Also the workflow that makes every gate a check of its own.
        #[arg(long, value_name = "SERVICE", value_enum)]
        ci: Option<Ci>,
    },
    /// Decides about a deployment: every gate with its evidence, one exit code.
    Gate(Box<GateArgs>),
    /// Generates rows that satisfy a schema, the statistics that shape them, or random schemas and migrations.
    Generate {
        #[command(subcommand)]
        command: GenerateCommand,
    },
    /// Compares the schema the migrations lead to with the committed snapshot, or writes that.
    Snapshot(Box<SnapshotArgs>),
    /// Says what differs between two schemas.
    Diff(Box<DiffArgs>),
    /// Says what confiture finds on this machine, and what is missing.
    Doctor(ServerArgs),
    /// PostgreSQL servers confiture can start.
    Server {
        #[command(subcommand)]
        command: ServerCommand,
    },
    /// Lists layouts, checks, rules and output formats, and where each was registered.
    Plugins {
        /// Machine-readable output.
        #[arg(long, value_parser = ["human", "json"], default_value = "human")]
        format: String,
    },
    /// Explains a finding code, a rule, a mutation operator, a check or a layout.
    Explain {
        /// Such as `rollback-leaves-object` or `pk-drop`; without it, all codes are listed.
        code: Option<String>,
    },
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, in roff.
    Man,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServerCommand {
    /// Lists the PostgreSQL versions found on this machine.
    List {
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Fetches a PostgreSQL version into confiture's own cache.
    Install {
        /// A major version, such as 17.
        #[arg(id = "major", value_name = "VERSION")]
        version: u32,
    },
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ReportArgs {
    /// JSON reports of one command about the same migrations, such as those of several PostgreSQL versions
    /// [default: standard input].
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Only this gate and the findings it stands on; the exit code is its own.
    #[arg(long, value_name = "GATE")]
    pub gate: Option<String>,

    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Puts the JSON reports of all shards of one `confiture mutate` together.
    Merge {
        /// The reports, in any order.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,

        #[command(flatten)]
        output: OutputArgs,
    },
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct LintArgs {
    /// The migrations directory, or some of its files [default: `dir` of confiture.toml, else ./migrations].
    pub paths: Vec<PathBuf>,

    /// The tool whose layout the directory has [default: recognised].
    #[arg(long, value_name = "NAME", env = "CONFITURE_LAYOUT")]
    pub layout: Option<String>,

    /// PostgreSQL majors the migrations will run on [default: 15,16,17,18].
    #[arg(long, value_name = "VERSION", env = "CONFITURE_PG", value_delimiter = ',')]
    pub pg: Vec<u32>,

    #[command(flatten)]
    pub selection: Selection,

    /// Repair what can be repaired safely, in the files: those that --changed-since says are new, or that are
    /// named.
    #[arg(long)]
    pub fix: bool,

    /// Print what --fix would change as a diff, and change nothing.
    #[arg(long, conflicts_with_all = ["fix", "format"])]
    pub diff: bool,

    /// Repair migrations that the reference of --changed-since has already, too.
    #[arg(long)]
    pub released: bool,

    /// A rule not to ask (repeatable).
    #[arg(long, value_name = "RULE")]
    pub skip: Vec<String>,

    /// A session setting (repeatable), such as lock_timeout=2s.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,

    /// A template value (repeatable).
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub var: Vec<(String, String)>,

    /// A profile of confiture.toml.
    #[arg(long, value_name = "NAME", env = "CONFITURE_PROFILE")]
    pub profile: Option<String>,

    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct SnapshotArgs {
    /// The migrations directory [default: `dir` of confiture.toml, else ./migrations].
    pub dir: Option<PathBuf>,

    /// Write the snapshot (schema.json and schema.sql) instead of only comparing with it.
    #[arg(long)]
    pub accept: bool,

    /// Where the snapshot is [default: `snapshot` of confiture.toml, else `confiture` beside the migrations].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    #[command(flatten, next_display_order = 100)]
    pub chain: ChainArgs,

    /// The format of standard output.
    #[arg(long, value_parser = ["human", "json"], default_value = "human", display_order = 410)]
    pub format: String,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct DiffArgs {
    /// The first schema: a version of the chain, a snapshot file or directory, or the URL of a database,
    /// which is opened read-only.
    pub before: String,

    /// The second schema.
    pub after: String,

    /// The migrations directory, for versions [default: `dir` of confiture.toml, else ./migrations].
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,

    #[command(flatten, next_display_order = 100)]
    pub chain: ChainArgs,

    /// The format of standard output.
    #[arg(long, value_parser = ["human", "json"], default_value = "human", display_order = 410)]
    pub format: String,
}
