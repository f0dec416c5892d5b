//! Commands and flags: a contract.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use confiture_core::Severity;
use confiture_mutation::Shard;

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
pub(crate) enum GenerateCommand {
    /// Applies the migrations on a scratch database, fills its tables and prints the rows as SQL.
    Data(Box<GenerateDataArgs>),
    /// Prints sizes and spreads of a database's tables, no values of theirs, for `data --from-stats`.
    Stats {
        /// The database to look at; read only.
        #[arg(long, value_name = "URL", env = "CONFITURE_STATS_SERVER", hide_env_values = true)]
        server: String,

        /// Write to this file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Prints the statements a database was asked most (pg_stat_statements), as a file for `--queries`.
    Queries {
        /// The database to look at; read only.
        #[arg(long, value_name = "URL", env = "CONFITURE_STATS_SERVER", hide_env_values = true)]
        server: String,

        /// At most so many, those asked most.
        #[arg(long, value_name = "N", default_value = "500")]
        most: u32,

        /// Write to this file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Prints the SQL of a random schema that an empty database accepts.
    Schema {
        #[command(flatten)]
        size: RandomArgs,

        /// Write to this file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Prints, or writes as files, a random chain of migrations with exact rollbacks.
    Migrations {
        #[command(flatten)]
        size: RandomArgs,

        /// Write the files of a migrations directory here; it must be empty or missing.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,

        /// The layout of the files: plain, golang-migrate, sqlx, goose or dbmate.
        #[arg(long, value_name = "NAME", default_value = "plain", requires = "out")]
        layout: String,
    },
}

/// What a random schema or chain is made from.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct RandomArgs {
    /// The same number gives the same SQL on every machine.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// How many objects, or migrations.
    #[arg(long, value_name = "N", default_value_t = 14)]
    pub count: usize,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct GenerateDataArgs {
    /// The migrations directory [default: `dir` of confiture.toml, else ./migrations].
    pub dir: Option<PathBuf>,

    #[command(flatten, next_display_order = 100)]
    pub chain: ChainArgs,

    /// Rows of each table.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub rows: u64,

    /// The last version to apply before the tables are filled.
    #[arg(long, value_name = "VERSION")]
    pub at: Option<String>,

    /// The same number gives the same rows.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Only tables whose name matches, and those they refer to (repeatable).
    #[arg(long, value_name = "GLOB")]
    pub table: Vec<String>,

    /// Directory of your own rows: `<version>….sql` runs at that version, other files at the end.
    #[arg(long, value_name = "DIR")]
    pub seeds: Option<PathBuf>,

    /// Statistics of a real database (`generate stats`): --rows is the average of a table then.
    #[arg(long, value_name = "FILE")]
    pub from_stats: Option<PathBuf>,

    /// One INSERT a row instead of COPY.
    #[arg(long)]
    pub inserts: bool,

    /// Write the script to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Keep the filled database and print how to connect to it (needs --server); prints no script.
    #[arg(long, conflicts_with_all = ["out", "inserts"])]
    pub keep: bool,
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

/// Which migrations are judged, by which tests, and what is written.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct JudgeArgs {
    /// The migrations directory [default: `dir` of confiture.toml, else ./migrations].
    pub dir: Option<PathBuf>,

    #[command(flatten, next_display_order = 100)]
    pub chain: ChainArgs,

    /// Judge only migrations whose files changed since this git reference; the others are applied only.
    #[arg(long, value_name = "REF", value_parser = git_reference)]
    pub changed_since: Option<String>,

    /// Judge only migrations whose id matches.
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,

    /// First version to judge.
    #[arg(long, value_name = "VERSION")]
    pub from: Option<String>,

    /// Last version to apply and judge.
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,

    /// A test file, or a directory of them (repeatable) [default: confiture/tests beside the migrations].
    #[arg(long, value_name = "PATH", display_order = 210)]
    pub tests: Vec<PathBuf>,

    /// A query file, or a directory of them, that has to go on working (repeatable) [default: queries
    /// beside the migrations].
    #[arg(long, value_name = "PATH", display_order = 211)]
    pub queries: Vec<PathBuf>,

    /// A shell command that tests a migrated database, which it finds in DATABASE_URL and PGHOST, PGPORT,
    /// PGUSER, PGDATABASE (repeatable).
    #[arg(long, value_name = "COMMAND", display_order = 212)]
    pub test_command: Vec<String>,

    /// Most seconds one --test-command may take [default: 600].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), display_order = 213)]
    pub test_timeout: Option<u64>,

    /// Run only tests whose name matches.
    #[arg(long, value_name = "REGEX", value_parser = pattern, display_order = 214)]
    pub run: Option<regex::Regex>,

    /// A check not to run (repeatable).
    #[arg(long, value_name = "CHECK", display_order = 216)]
    pub skip: Vec<String>,

    /// Rows each table gets when migrations are tried with rows; 0 leaves rows out [default: 20].
    #[arg(long, value_name = "N", env = "CONFITURE_ROWS", display_order = 217)]
    pub rows: Option<u64>,

    /// Another number gives other rows, and another sample [default: 0].
    #[arg(long, value_name = "N", env = "CONFITURE_SEED", display_order = 218)]
    pub seed: Option<u64>,

    /// Directory of your own rows, which come before generated ones: `<version>….sql` runs after that
    /// migration, other files at the end.
    #[arg(long, value_name = "DIR", display_order = 218)]
    pub seeds: Option<PathBuf>,

    /// The format of standard output.
    #[arg(long, value_name = "FORMAT", default_value = "human", display_order = 311)]
    pub format: String,

    /// A further report in a file (repeatable), such as junit=report.xml.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = format_and_file, display_order = 312)]
    pub report: Vec<(String, String)>,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    pub judge: JudgeArgs,

    /// List the tests that would run, and run nothing.
    #[arg(long, display_order = 215)]
    pub list: bool,

    /// Servers that work at once: those of several --pg or --server, or two on a long chain [default: cores].
    #[arg(long, value_name = "N", display_order = 219)]
    pub jobs: Option<std::num::NonZeroUsize>,

    /// Keep the database of a failed run and print how to connect to it.
    #[arg(long, display_order = 310)]
    pub keep_failed: bool,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct GateArgs {
    #[command(flatten)]
    pub judge: JudgeArgs,

    /// A gate that need not be run, besides `[gate] optional` of confiture.toml (repeatable) [default: mutation,
    /// performance and release-readiness, whose input comes from elsewhere].
    #[arg(long, value_name = "GATE", display_order = 20)]
    pub optional: Vec<String>,

    /// The JSON report of `confiture mutate`, for the gate `mutation`.
    #[arg(long, value_name = "FILE", display_order = 21)]
    pub mutation_report: Option<PathBuf>,

    /// The JSON report of `confiture profile`, for the gate `performance`.
    #[arg(long, value_name = "FILE", display_order = 22)]
    pub performance_report: Option<PathBuf>,

    /// Sizes of production's tables, as `confiture generate stats` writes them: findings about locks weigh more
    /// or less by them.
    #[arg(long, value_name = "FILE", display_order = 23)]
    pub stats: Option<PathBuf>,

    /// The database the migrations are for, which is only read: what stands in the way there, how large its tables
    /// are, what is pending.
    #[arg(long, value_name = "URL", env = "CONFITURE_AGAINST", hide_env_values = true, display_order = 24)]
    pub against: Option<String>,

    /// Ask the queries as this role, too (repeatable): its privileges and policies count.
    #[arg(long = "as", value_name = "ROLE", display_order = 26)]
    pub roles: Vec<String>,

    /// From how many seconds on a transaction there counts as old.
    #[arg(long, value_name = "SECONDS", default_value = "60", requires = "against", display_order = 25)]
    pub oldest_transaction: u64,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ProfileArgs {
    /// The migrations directory [default: `dir` of confiture.toml, else ./migrations].
    pub dir: Option<PathBuf>,

    #[command(flatten, next_display_order = 100)]
    pub chain: ChainArgs,

    /// Write the baselines of the profiled migrations instead of comparing with them; measures twice.
    #[arg(long, display_order = 20)]
    pub accept: bool,

    /// Directory of the baselines [default: `[perf] baselines` of confiture.toml, else `confiture/perf` beside the
    /// migrations].
    #[arg(long, value_name = "DIR", display_order = 21)]
    pub baselines: Option<PathBuf>,

    /// Directory for latest.json and history.jsonl.
    #[arg(long, value_name = "DIR", default_value = ".performance-metrics", display_order = 22)]
    pub metrics: PathBuf,

    /// Profile only migrations whose files changed since this git reference; the others are applied only.
    #[arg(long, value_name = "REF", value_parser = git_reference)]
    pub changed_since: Option<String>,

    /// Profile only migrations whose id matches.
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,

    /// First version to profile.
    #[arg(long, value_name = "VERSION")]
    pub from: Option<String>,

    /// Last version to apply and profile.
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,

    /// Rows each table gets [default: `[perf] dataset-rows` of confiture.toml, else 10000].
    #[arg(long, value_name = "N", display_order = 217)]
    pub rows: Option<u64>,

    /// Another number gives other rows [default: 0].
    #[arg(long, value_name = "N", env = "CONFITURE_SEED", display_order = 218)]
    pub seed: Option<u64>,

    /// Shape rows by the statistics of a real database (`generate stats`).
    #[arg(long, value_name = "FILE", display_order = 219)]
    pub from_stats: Option<PathBuf>,

    /// The format of standard output.
    #[arg(long, value_name = "FORMAT", default_value = "human", display_order = 311)]
    pub format: String,

    /// A further report in a file (repeatable), such as junit=report.xml.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = format_and_file, display_order = 312)]
    pub report: Vec<(String, String)>,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct MutateArgs {
    #[command(flatten)]
    pub judge: JudgeArgs,

    /// Operators that make mutants: globs of their ids, or categories; `!` in front excludes (comma list).
    #[arg(long, value_name = "GLOB", value_delimiter = ',', display_order = 20)]
    pub operators: Vec<String>,

    /// Keep to this version of the operator set [default: that of this release].
    #[arg(long, value_name = "N", display_order = 21)]
    pub operators_version: Option<u32>,

    /// Leave mutants of less severity out: critical, high, medium or low.
    #[arg(long, value_name = "SEVERITY", value_parser = severity, display_order = 22)]
    pub severity: Option<Severity>,

    /// Draw this many mutants, spread over operators and migrations; --seed draws others.
    #[arg(long, value_name = "N", display_order = 23)]
    pub sample: Option<usize>,

    /// Try only part K of N, from 1 [default: CI_NODE_INDEX and CI_NODE_TOTAL, or JOB_COMPLETION_INDEX, which
    /// counts from 0, and CI_NODE_TOTAL].
    #[arg(long, value_name = "K/N", display_order = 24)]
    pub shard: Option<Shard>,

    /// Ask every test about every mutant, not only until the first notices.
    #[arg(long, display_order = 25)]
    pub matrix: bool,

    /// Ask also tests that touch nothing a mutant changes.
    #[arg(long, display_order = 26)]
    pub no_select: bool,

    /// Do not look for an assertion for what went unnoticed: faster.
    #[arg(long, display_order = 26)]
    pub no_suggest: bool,

    /// Go on when tests fail on the migrations as they are; those are not asked about mutants.
    #[arg(long, display_order = 27)]
    pub allow_red: bool,

    /// List the mutants, and try none.
    #[arg(long, display_order = 28)]
    pub list: bool,

    /// Print every mutant as a diff of your file, and try none.
    #[arg(long, display_order = 29)]
    pub diff: bool,

    /// Append results to this file, and take those from it that still hold.
    #[arg(long, value_name = "FILE", display_order = 30)]
    pub log: Option<PathBuf>,

    /// Write the suggested assertions as test files to this directory.
    #[arg(long, value_name = "DIR", display_order = 31)]
    pub write_tests: Option<PathBuf>,

    /// Mutants tried at once, each on a server of its own [default: cores].
    #[arg(long, value_name = "N", display_order = 219)]
    pub jobs: Option<std::num::NonZeroUsize>,
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

    /// The format of standard output.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: String,

    /// A further report in a file (repeatable), such as html=report.html.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = format_and_file)]
    pub report: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Puts the JSON reports of all shards of one `confiture mutate` together.
    Merge {
        /// The reports, in any order.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,

        /// The format of standard output.
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: String,

        /// A further report in a file (repeatable), such as junit=report.xml.
        #[arg(long, value_name = "FORMAT=FILE", value_parser = format_and_file)]
        report: Vec<(String, String)>,
    },
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

    /// Judge only migrations whose files changed since this git reference.
    #[arg(long, value_name = "REF", value_parser = git_reference)]
    pub changed_since: Option<String>,

    /// Judge only migrations whose id matches (repeatable).
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,

    /// First version to judge.
    #[arg(long, value_name = "VERSION")]
    pub from: Option<String>,

    /// Last version to judge.
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,

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

    /// The format of standard output.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: String,

    /// A further report in a file (repeatable), such as junit=report.xml.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = format_and_file)]
    pub report: Vec<(String, String)>,
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

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// The crate explains a pattern it cannot read on several lines, the last of which says why.
fn pattern(text: &str) -> Result<regex::Regex, String> {
    let said = |error: regex::Error| {
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default();
        reason.trim_start_matches("error: ").to_owned()
    };
    regex::Regex::new(text).map_err(said)
}

fn format_and_file(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((format, file)) if !format.is_empty() && !file.is_empty() => {
            Ok((format.to_owned(), file.to_owned()))
        }
        _ => Err("expected FORMAT=FILE, such as junit=report.xml".to_owned()),
    }
}

fn severity(text: &str) -> Result<Severity, String> {
    let known = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let found = known.into_iter().find(|severity| severity.as_str() == text);
    found.ok_or_else(|| "expected critical, high, medium or low".to_owned())
}

/// Git would take a reference that starts with `-` for one of its options.
fn git_reference(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with('-') {
        return Err("expected a branch, tag or commit".to_owned());
    }
    Ok(text.to_owned())
}
