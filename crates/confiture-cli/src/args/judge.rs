//! Commands that judge migrations on a server.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use confiture_core::Severity;
use confiture_mutation::Shard;

use super::{ChainArgs, OutputArgs, Selection};

/// Which migrations are judged, by which tests, and what is written.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct JudgeArgs {
    /// The migrations directory [default: `dir` of confiture.toml, else ./migrations].
    pub dir: Option<PathBuf>,

    #[command(flatten, next_display_order = 100)]
    pub chain: ChainArgs,

    #[command(flatten)]
    pub selection: Selection,

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

    #[command(flatten)]
    pub output: OutputArgs,
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

/// The crate explains a pattern it cannot read on several lines, the last of which says why.
fn pattern(text: &str) -> Result<regex::Regex, String> {
    let said = |error: regex::Error| {
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default();
        reason.trim_start_matches("error: ").to_owned()
    };
    regex::Regex::new(text).map_err(said)
}

fn severity(text: &str) -> Result<Severity, String> {
    let known = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let found = known.into_iter().find(|severity| severity.as_str() == text);
    found.ok_or_else(|| "expected critical, high, medium or low".to_owned())
}
