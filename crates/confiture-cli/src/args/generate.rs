//! `confiture generate`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::ChainArgs;

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
