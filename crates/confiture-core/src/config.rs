//! `confiture.toml`: what a project always says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{Location, Severity};

/// The file's name.
pub const FILE_NAME: &str = "confiture.toml";

/// Settings of a project; every key may also stand under `[profile.NAME]`, which then wins.
///
/// Paths are relative to the file's directory.
///
/// # Example
/// ```
/// let config: confiture_core::config::Config = confiture_core::config::parse(r#"
///     dir = "migrations"
///     setup = ["roles.sql"]
///     [var]
///     schema = "app"
/// "#)?;
/// assert_eq!(config.settings.var["schema"], "app");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Keys at the top of the file.
    pub settings: Settings,
    /// `[profile.NAME]` tables.
    pub profiles: BTreeMap<String, Settings>,
}

/// The keys of [`Config`]; absent ones leave the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// The migrations directory.
    pub dir: Option<PathBuf>,
    /// Layout id.
    pub layout: Option<String>,
    /// Server URLs.
    pub server: Vec<String>,
    /// PostgreSQL majors to run on.
    pub pg: Vec<u32>,
    /// Directory of PostgreSQL programs.
    pub pg_bin: Option<PathBuf>,
    /// Setup files.
    pub setup: Vec<PathBuf>,
    /// Session settings.
    pub set: BTreeMap<String, String>,
    /// Template values.
    pub var: BTreeMap<String, String>,
    /// Files and directories of tests.
    pub tests: Vec<PathBuf>,
    /// Files and directories of queries that have to go on working.
    pub queries: Vec<PathBuf>,
    /// Shell commands that test the migrated database.
    pub test_command: Vec<String>,
    /// Most seconds one of these commands may take.
    pub test_timeout: Option<u64>,
    /// Directory of the committed schema snapshot.
    pub snapshot: Option<PathBuf>,
    /// Ids of checks that are not run.
    pub skip: Vec<String>,
    /// Most seconds one statement may take.
    pub timeout: Option<u64>,
    /// Rows each table gets when migrations are tried with rows; 0 leaves rows out.
    pub rows: Option<u64>,
    /// Seed of these rows.
    pub seed: Option<u64>,
    /// Directory of the project's own rows.
    pub seeds: Option<PathBuf>,
    /// Plugins without which a run fails.
    pub required_plugins: Vec<String>,
    /// Settings of `confiture mutate`.
    pub mutate: MutateSettings,
    /// Settings of `confiture gate`.
    pub gate: GateSettings,
    /// Findings that are not to stop a deployment.
    pub approve: Vec<ApproveSettings>,
    /// Settings of `confiture profile`.
    pub perf: PerfSettings,
}

/// One `[[approve]]`: leave to deploy in spite of findings of one class in one migration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ApproveSettings {
    /// The code of findings, or a category of rules.
    pub class: String,
    /// Id or version of the migration.
    pub migration: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day it holds, `YYYY-MM-DD`.
    pub until: String,
    /// Where it stands, for findings about it.
    #[serde(skip)]
    pub at: Option<Location>,
}

/// The keys of `[perf]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PerfSettings {
    /// Directory of the baselines.
    pub baselines: Option<PathBuf>,
    /// Rows each table gets.
    pub dataset_rows: Option<u64>,
    /// Rows from which on a rewrite or a full scan under ACCESS EXCLUSIVE fails.
    pub fail_rows: Option<u64>,
    /// Rows of tables in production, by `schema.table` or `table`.
    pub rows: BTreeMap<String, u64>,
    /// Statistics of production (`confiture generate stats`): rows of tables that `rows` does not name.
    pub stats: Option<PathBuf>,
    /// Milliseconds from which on a stall of the probe is warned of.
    pub stall_warn_ms: Option<u64>,
    /// Milliseconds from which on a predicted hold of a lock that others wait for is warned of.
    pub hold_warn_ms: Option<u64>,
    /// Milliseconds from which on it fails.
    pub hold_fail_ms: Option<u64>,
    /// Runs of each side when times are compared.
    pub runs: Option<usize>,
    /// From how many runs on a slower script fails; with fewer it is warned of.
    pub gating_runs: Option<usize>,
    /// From how many percent on a script is slower.
    pub slower_percent: Option<u64>,
    /// Whether these percent alone decide, without the test and the repeat.
    pub plain: Option<bool>,
    /// Rows of the tables that predictions are made from.
    pub sizes: Vec<u64>,
}

impl PerfSettings {
    /// Keys of `self` where they are given, else those of `base`; rows are united.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        let mut rows = base.rows;
        rows.extend(self.rows);
        Self {
            baselines: self.baselines.or(base.baselines),
            dataset_rows: self.dataset_rows.or(base.dataset_rows),
            fail_rows: self.fail_rows.or(base.fail_rows),
            rows,
            stats: self.stats.or(base.stats),
            stall_warn_ms: self.stall_warn_ms.or(base.stall_warn_ms),
            hold_warn_ms: self.hold_warn_ms.or(base.hold_warn_ms),
            hold_fail_ms: self.hold_fail_ms.or(base.hold_fail_ms),
            runs: self.runs.or(base.runs),
            gating_runs: self.gating_runs.or(base.gating_runs),
            slower_percent: self.slower_percent.or(base.slower_percent),
            plain: self.plain.or(base.plain),
            sizes: list(self.sizes, base.sizes),
        }
    }
}

/// The keys of `[gate]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct GateSettings {
    /// Gates that need not be run; absent: those whose input nothing makes yet.
    pub optional: Option<Vec<String>>,
    /// The saved report of `confiture mutate`.
    pub mutation_report: Option<PathBuf>,
    /// The saved report of `confiture profile`.
    pub performance_report: Option<PathBuf>,
    /// Statistics of production (`confiture generate stats`).
    pub stats: Option<PathBuf>,
    /// Roles as which queries are asked, too.
    #[serde(rename = "as")]
    pub roles: Vec<String>,
    /// What a release needs besides its SQL.
    pub release: ReleaseSettings,
}

/// The keys of `[gate.release]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ReleaseSettings {
    /// A file that mentions every migration by id, version or name.
    pub changelog: Option<PathBuf>,
    /// Whether every migration names who answers for it: `-- confiture:owner TEAM`.
    pub owner: bool,
    /// Whether every migration can be rolled back, or says why not: `-- confiture:irreversible reason`.
    pub down: bool,
    /// Whether a snapshot of the schema is committed and equals what the chain leads to.
    pub snapshot: bool,
    /// PostgreSQL majors the migrations are to be tried on.
    pub pg: Vec<u32>,
}

impl ReleaseSettings {
    /// Whether nothing is demanded.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl GateSettings {
    /// Keys of `self` where they are given, else those of `base`; lists are replaced.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        Self {
            optional: self.optional.or(base.optional),
            mutation_report: self.mutation_report.or(base.mutation_report),
            performance_report: self.performance_report.or(base.performance_report),
            stats: self.stats.or(base.stats),
            roles: list(self.roles, base.roles),
            release: if self.release.is_empty() { base.release } else { self.release },
        }
    }
}

/// The keys of `[mutate]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct MutateSettings {
    /// Globs of operator ids, or categories; one that starts with `!` excludes.
    pub operators: Vec<String>,
    /// The version of the operator set.
    pub operators_version: Option<u32>,
    /// Mutants of less severity are not made.
    pub severity: Option<Severity>,
    /// How many mutants to draw.
    pub sample: Option<usize>,
    /// Whether every test is asked about every mutant.
    pub matrix: Option<bool>,
    /// Whether only tests are asked that touch what a mutant changes.
    pub select: Option<bool>,
    /// Whether to go on when tests fail on the migrations as they are.
    pub allow_red: Option<bool>,
    /// The file results are appended to and taken from.
    pub log: Option<PathBuf>,
    /// The least score, in percent.
    pub min_score: Option<u8>,
    /// The least score by the user's own tests, in percent.
    pub min_own_score: Option<u8>,
    /// The least severity of which no mutant may go unnoticed.
    pub fail_on: Option<Severity>,
    /// Mutants nobody has to notice.
    pub ignore: Vec<IgnoredMutant>,
}

/// One `[[mutate.ignore]]`: either a mutant or an operator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct IgnoredMutant {
    /// Id of one mutant.
    pub mutant: Option<String>,
    /// A glob of operator ids, or a category.
    pub operator: Option<String>,
    /// The only migration it is about.
    pub migration: Option<String>,
    /// Why.
    pub reason: String,
    /// Where it stands, for findings about it.
    #[serde(skip)]
    pub at: Option<Location>,
}

impl Settings {
    /// Keys of `self` where they are given, else those of `base`; tables are united, lists replaced.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        let union = |own: BTreeMap<String, String>, mut base: BTreeMap<String, String>| {
            base.extend(own);
            base
        };
        Self {
            dir: self.dir.or(base.dir),
            layout: self.layout.or(base.layout),
            server: list(self.server, base.server),
            pg: list(self.pg, base.pg),
            pg_bin: self.pg_bin.or(base.pg_bin),
            setup: list(self.setup, base.setup),
            set: union(self.set, base.set),
            var: union(self.var, base.var),
            tests: list(self.tests, base.tests),
            queries: list(self.queries, base.queries),
            test_command: list(self.test_command, base.test_command),
            test_timeout: self.test_timeout.or(base.test_timeout),
            snapshot: self.snapshot.or(base.snapshot),
            skip: list(self.skip, base.skip),
            timeout: self.timeout.or(base.timeout),
            rows: self.rows.or(base.rows),
            seed: self.seed.or(base.seed),
            seeds: self.seeds.or(base.seeds),
            required_plugins: list(self.required_plugins, base.required_plugins),
            mutate: self.mutate.over(base.mutate),
            perf: self.perf.over(base.perf),
            gate: self.gate.over(base.gate),
            approve: list(self.approve, base.approve),
        }
    }

    fn relative_to(mut self, root: &Path) -> Self {
        let rooted = |path: PathBuf| if path.is_absolute() { path } else { root.join(path) };
        self.dir = self.dir.map(rooted);
        self.pg_bin = self.pg_bin.map(rooted);
        self.snapshot = self.snapshot.map(rooted);
        self.seeds = self.seeds.map(rooted);
        self.setup = self.setup.into_iter().map(rooted).collect();
        self.tests = self.tests.into_iter().map(rooted).collect();
        self.queries = self.queries.into_iter().map(rooted).collect();
        self.mutate.log = self.mutate.log.map(rooted);
        self.gate.mutation_report = self.gate.mutation_report.map(rooted);
        self.gate.performance_report = self.gate.performance_report.map(rooted);
        self.gate.stats = self.gate.stats.map(rooted);
        self.gate.release.changelog = self.gate.release.changelog.map(rooted);
        self.perf.baselines = self.perf.baselines.map(rooted);
        self
    }
}

fn list<T>(own: Vec<T>, base: Vec<T>) -> Vec<T> {
    if own.is_empty() { base } else { own }
}

impl MutateSettings {
    /// Keys of `self` where they are given, else those of `base`; lists are replaced.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        Self {
            operators: list(self.operators, base.operators),
            operators_version: self.operators_version.or(base.operators_version),
            severity: self.severity.or(base.severity),
            sample: self.sample.or(base.sample),
            matrix: self.matrix.or(base.matrix),
            select: self.select.or(base.select),
            allow_red: self.allow_red.or(base.allow_red),
            log: self.log.or(base.log),
            min_score: self.min_score.or(base.min_score),
            min_own_score: self.min_own_score.or(base.min_own_score),
            fail_on: self.fail_on.or(base.fail_on),
            ignore: list(self.ignore, base.ignore),
        }
    }
}

/// Reads the text of a `confiture.toml`.
///
/// # Errors
/// What is wrong, with line and column; an unknown key is an error that lists the known ones.
pub fn parse(text: &str) -> Result<Config, String> {
    let mut table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut profiles = BTreeMap::new();
    if let Some(value) = table.remove("profile") {
        let named: BTreeMap<String, Settings> =
            value.try_into().map_err(|error: toml::de::Error| format!("profile: {}", error.message()))?;
        profiles = named;
    }
    // Parsed a second time from the text where possible, so that errors keep their line.
    let settings = match profiles.is_empty() {
        true => toml::from_str(text).map_err(|error| error.to_string())?,
        false => toml::Value::Table(table).try_into().map_err(|e: toml::de::Error| e.message().to_owned())?,
    };
    let mut config = Config { settings, profiles };
    locate(&mut config, text);
    Ok(config)
}

/// Notes where the entries stand that findings are about.
fn locate(config: &mut Config, text: &str) {
    let Ok(root) = toml::de::DeTable::parse(text) else { return };
    let mark = |settings: &mut Settings, table: &toml::de::DeTable<'_>| {
        for (ignored, at) in
            settings.mutate.ignore.iter_mut().zip(entries(table, &["mutate", "ignore"], text))
        {
            ignored.at = Some(at);
        }
        for (approved, at) in settings.approve.iter_mut().zip(entries(table, &["approve"], text)) {
            approved.at = Some(at);
        }
    };
    mark(&mut config.settings, root.get_ref());
    let named = root.get_ref().get("profile").and_then(|profiles| profiles.get_ref().as_table());
    for (name, settings) in &mut config.profiles {
        let own = named.and_then(|named| named.get(name.as_str())?.get_ref().as_table());
        if let Some(own) = own {
            mark(settings, own);
        }
    }
}

/// The places of the elements of the array at `path`, each the line it begins in.
fn entries(table: &toml::de::DeTable<'_>, path: &[&str], text: &str) -> Vec<Location> {
    let [tables @ .., last] = path else { return Vec::new() };
    let inner = tables.iter().try_fold(table, |table, key| table.get(*key)?.get_ref().as_table());
    let array = inner.and_then(|table| table.get(*last)?.get_ref().as_array());
    let place = |span: std::ops::Range<usize>| {
        let first = text.get(span.start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
        Location::new(FILE_NAME, text, span.start..span.start + first)
    };
    array.into_iter().flat_map(|array| array.iter()).map(|entry| place(entry.span())).collect()
}

/// The nearest `confiture.toml` in `start` or above it, read; `None` when there is none.
///
/// # Errors
/// The file's path and what is wrong with it.
pub fn find(start: &Path) -> Result<Option<(PathBuf, Config)>, String> {
    for dir in start.ancestors() {
        let path = dir.join(FILE_NAME);
        if !path.is_file() {
            continue;
        }
        let fail = |what: String| format!("{}: {what}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|error| fail(error.to_string()))?;
        let mut config = parse(&text).map_err(fail)?;
        config.settings = config.settings.relative_to(dir);
        config.profiles = config.profiles.into_iter().map(|(n, s)| (n, s.relative_to(dir))).collect();
        return Ok(Some((path, config)));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_errors_that_name_the_known_ones() {
        let error = parse("layuot = 'sqlx'").unwrap_err();
        assert!(error.contains("layuot") && error.contains("layout"), "{error}");
    }

    #[test]
    fn unknown_keys_of_tables_are_errors_too() {
        for (text, known) in
            [("[mutate]\nmin-scor = 3", "min-score"), ("[[mutate.ignore]]\noperater = 'x'", "operator")]
        {
            let error = parse(text).unwrap_err();
            assert!(error.contains(known), "{error}");
        }
        let mutate = parse("[mutate]\nfail-on = 'high'\nmin-score = 80").unwrap().settings.mutate;
        assert_eq!((mutate.fail_on, mutate.min_score), (Some(Severity::High), Some(80)));
    }

    #[test]
    fn entries_know_their_line() {
        let text = "dir = 'm'\n[[approve]]\nclass = 'a'\n[[approve]]\nclass = 'b'\n\n[[mutate.ignore]]\noperator = 'x'\n\
                    [profile.ci]\n[[profile.ci.mutate.ignore]]\noperator = 'y'\n";
        let config = parse(text).unwrap();
        let line = |at: &Option<Location>| at.as_ref().map(|at| (at.line, text[at.span.clone()].to_owned()));
        let approved: Vec<_> = config.settings.approve.iter().map(|one| line(&one.at)).collect();
        let header = |line, text: &str| Some((line, text.to_owned()));
        assert_eq!(approved, [header(2, "[[approve]]"), header(4, "[[approve]]")]);
        assert_eq!(line(&config.settings.mutate.ignore[0].at), header(7, "[[mutate.ignore]]"));
        let ci = &config.profiles["ci"].mutate.ignore[0];
        assert_eq!(line(&ci.at), header(10, "[[profile.ci.mutate.ignore]]"));
    }

    #[test]
    fn a_profile_wins_over_the_top_of_the_file() {
        let config = parse("timeout = 5\npg = [15]\n[profile.ci]\npg = [15, 18]").unwrap();
        let ci = config.profiles["ci"].clone().over(config.settings);
        assert_eq!((ci.timeout, ci.pg), (Some(5), vec![15, 18]));
    }
}
