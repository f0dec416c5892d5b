//! `confiture profile`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::shared::git_reference;
use super::{ChainArgs, OutputArgs, Selection};

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ProfileArgs {
    /// The migrations directory [default: `dir` of confiture.toml, else ./migrations].
    pub dir: Option<PathBuf>,

    #[command(flatten, next_display_order = 100)]
    pub chain: ChainArgs,

    /// Probe who waits: read, insert, update and delete a row of each table every 5 ms while the migration runs.
    #[arg(long, display_order = 1)]
    pub probe: bool,

    /// Probe also behind a transaction that has read the tables and stays open for so many seconds.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "3", value_parser = clap::value_parser!(u64).range(1..=600), display_order = 2)]
    pub reader: Option<u64>,

    /// Let N sessions read and write while each migration runs; their latencies before, during and after it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=200), display_order = 3)]
    pub load: Option<u16>,

    /// Of 100 statements of these sessions, so many read; the others change a row.
    #[arg(long, value_name = "PERCENT", default_value = "80", requires = "load", value_parser = clap::value_parser!(u8).range(0..=100), display_order = 4)]
    pub reads: u8,

    /// Run each migration on tables of several sizes, and predict locks and log for the rows of production.
    #[arg(long, visible_alias = "predict", display_order = 5)]
    pub scale: bool,

    /// Rows of these tables, such as 10000,30000,100000 [default: these, or `[perf] sizes` of confiture.toml].
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "scale", value_parser = clap::value_parser!(u64).range(1..), display_order = 6)]
    pub sizes: Vec<u64>,

    /// Rows of production's tables, as `confiture generate stats` writes them, where `[perf.rows]` of confiture.toml
    /// names none.
    #[arg(long, value_name = "FILE", display_order = 7)]
    pub stats: Option<PathBuf>,

    /// Take times, several runs of each migration.
    #[arg(long, display_order = 8)]
    pub time: bool,

    /// Compare times with the migrations at this git reference, both in turns (implies --time): those whose scripts
    /// differ, and those that --only or --from select.
    #[arg(long, value_name = "REF", value_parser = git_reference, display_order = 9)]
    pub against_ref: Option<String>,

    /// Runs of each side [default: `[perf] runs` of confiture.toml, else 5; more where so many comparisons need more].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), display_order = 10)]
    pub runs: Option<u16>,

    /// From how many percent on a script counts as slower [default: 20].
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u64).range(1..), display_order = 11)]
    pub slower: Option<u64>,

    /// Let these percent alone decide, without the rank test and the repeat.
    #[arg(long, display_order = 12)]
    pub plain: bool,

    /// Take times of the six monitored operations: forward, rollback, bulk inserts of 10000 and 50000 rows, an index
    /// build, the migration of most tables.
    #[arg(long, display_order = 13)]
    pub operations: bool,

    /// Try the repairs that lint knows on the same rows, and say what they change.
    #[arg(long, display_order = 14)]
    pub try_repairs: bool,

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

    /// Directory for pictures (SVG): locks and who waits, times, predictions, trends.
    #[arg(long, value_name = "DIR", display_order = 23)]
    pub pictures: Option<PathBuf>,

    #[command(flatten)]
    pub selection: Selection,

    /// Rows each table gets [default: `[perf] dataset-rows` of confiture.toml, else 10000].
    #[arg(long, value_name = "N", display_order = 217)]
    pub rows: Option<u64>,

    /// Another number gives other rows [default: 0].
    #[arg(long, value_name = "N", env = "CONFITURE_SEED", display_order = 218)]
    pub seed: Option<u64>,

    /// Shape rows by the statistics of a real database (`generate stats`).
    #[arg(long, value_name = "FILE", display_order = 219)]
    pub from_stats: Option<PathBuf>,

    #[command(flatten)]
    pub output: OutputArgs,
}
