//! Defaults < confiture.toml < `CONFITURE_*` < flags.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use confiture_core::config::{self, MutateSettings, Settings};
use confiture_core::plugin::Registry;

use confiture_fixtures::SchemaSnapshotter;

use crate::args::{ChainArgs, JudgeArgs, MutateArgs, ServerArgs};

/// What a server is looked for with, after configuration.
pub(crate) fn server(args: ServerArgs, config: Settings) -> ServerArgs {
    ServerArgs {
        server: if args.server.is_empty() { config.server } else { args.server },
        pg: if args.pg.is_empty() { config.pg } else { args.pg },
        pg_bin: args.pg_bin.or(config.pg_bin),
    }
}

/// The settings of the nearest confiture.toml, with `profile` over its top: of the working directory or one above, else
/// of the migrations' directory or one above.
pub(crate) fn load(profile: Option<&str>, dir: Option<&Path>) -> anyhow::Result<Settings> {
    let here = std::env::current_dir().context("failed to find the working directory")?;
    let find = |start: &Path| config::find(start).map_err(|error| anyhow::Error::msg(suggest_key(&error)));
    let found = match (find(&here)?, dir) {
        // A directory that does not exist is reported where migrations are read.
        (None, Some(dir)) => find(&here.join(dir).canonicalize().unwrap_or_else(|_| here.join(dir)))?,
        (found, _) => found,
    };
    let Some((path, config)) = found else {
        match profile {
            None => return Ok(Settings::default()),
            Some(name) => {
                bail!("profile {name} needs a {} here, beside the migrations, or above", config::FILE_NAME)
            }
        }
    };
    let Some(name) = profile else { return Ok(config.settings) };
    match config.profiles.get(name) {
        Some(profile) => Ok(profile.clone().over(config.settings)),
        None => {
            let known: Vec<&str> = config.profiles.keys().map(String::as_str).collect();
            bail!("{} has no profile {name}{}", path.display(), suggestion(name, &known))
        }
    }
}

/// The settings of a command that judges migrations: flags over configuration.
///
/// # Errors
/// A confiture.toml that cannot be read, or has no such profile.
pub(crate) fn judge(args: &JudgeArgs) -> anyhow::Result<Settings> {
    let own = Settings {
        tests: args.tests.clone(),
        queries: args.queries.clone(),
        test_command: args.test_command.clone(),
        test_timeout: args.test_timeout,
        skip: args.skip.clone(),
        rows: args.rows,
        seed: args.seed,
        seeds: args.seeds.clone(),
        ..Settings::default()
    };
    let mut settings = own.over(chain(&args.chain, args.dir.clone())?);
    let dir = settings.dir.clone().unwrap_or_default();
    let beside = |name: &str| -> Vec<PathBuf> {
        let path = dir.parent().unwrap_or(&dir).join(name);
        path.is_dir().then_some(path).into_iter().collect()
    };
    if settings.tests.is_empty() {
        settings.tests = beside("confiture/tests");
    }
    if settings.queries.is_empty() {
        settings.queries = beside("queries");
        // sqlx's offline cache stands beside the migrations.
        settings.queries.extend(beside(".sqlx"));
    }
    Ok(settings)
}

/// The settings of `confiture mutate`: flags over configuration.
///
/// # Errors
/// As [`judge`].
pub(crate) fn mutate(args: &MutateArgs) -> anyhow::Result<Settings> {
    let on = |flag: bool| flag.then_some(true);
    let own = MutateSettings {
        operators: args.operators.clone(),
        operators_version: args.operators_version,
        severity: args.severity,
        sample: args.sample,
        matrix: on(args.matrix),
        select: on(args.no_select).map(|no| !no),
        allow_red: on(args.allow_red),
        log: args.log.clone(),
        ..MutateSettings::default()
    };
    let mut settings = judge(&args.judge)?;
    settings.mutate = own.over(settings.mutate);
    Ok(settings)
}

/// The settings of a command that applies a chain: flags over configuration.
///
/// # Errors
/// As [`judge`].
pub(crate) fn chain(args: &ChainArgs, dir: Option<PathBuf>) -> anyhow::Result<Settings> {
    let flags = Settings {
        dir,
        layout: args.layout.clone(),
        server: args.server.server.clone(),
        pg: args.server.pg.clone(),
        pg_bin: args.server.pg_bin.clone(),
        setup: args.setup.clone(),
        set: args.set.iter().cloned().collect(),
        var: args.var.iter().cloned().collect(),
        timeout: args.timeout,
        ..Settings::default()
    };
    let loaded = load(args.profile.as_deref(), flags.dir.as_deref())?;
    let mut settings = flags.over(loaded);
    settings.dir.get_or_insert_with(|| PathBuf::from("migrations"));
    Ok(settings)
}

/// Where the committed snapshot is.
pub(crate) fn snapshot(settings: &Settings) -> PathBuf {
    let dir = settings.dir.clone().unwrap_or_default();
    settings.snapshot.clone().unwrap_or_else(|| SchemaSnapshotter::default_dir(&dir))
}

/// Refuses unknown check ids and missing required plugins.
pub(crate) fn verify(settings: &Settings, registry: &Registry) -> anyhow::Result<()> {
    if settings.timeout == Some(0) {
        bail!("timeout must be at least 1 second; leave it out to wait for ever");
    }
    if settings.test_timeout == Some(0) {
        bail!("test-timeout must be at least 1 second; leave it out for 600");
    }
    let checks: Vec<&str> = registry.checks().map(|check| check.meta().id).collect();
    for id in &settings.skip {
        if !checks.contains(&id.as_str()) {
            bail!("no check is called {id}{}", suggestion(id, &checks));
        }
    }
    let plugins: Vec<&str> = registry.list().into_iter().map(|(_, meta, _)| meta.id).collect();
    for id in &settings.required_plugins {
        if !plugins.contains(&id.as_str()) {
            bail!(
                "required plugin {id} is not linked into this binary: build confiture with the crate that \
                 registers it (`confiture plugins` lists what is linked){}",
                near(id, &plugins).map(|name| format!("; did you mean {name}?")).unwrap_or_default()
            );
        }
    }
    Ok(())
}

/// `; did you mean X?`, or the list of what there is.
pub(crate) fn suggestion(given: &str, known: &[&str]) -> String {
    match near(given, known) {
        Some(name) => format!("; did you mean {name}?"),
        None if known.is_empty() => String::new(),
        None => format!("; there are: {}", known.join(", ")),
    }
}

/// The name of `known` that `given` is a likely slip of.
pub(crate) fn near<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let nearest = known.iter().map(|name| (strsim::damerau_levenshtein(given, name), *name)).min();
    nearest.filter(|(distance, name)| *distance <= 2.max(name.len() / 3)).map(|(_, name)| name)
}

/// Adds what was probably meant to an error about an unknown key, which quotes it and those there are.
fn suggest_key(error: &str) -> String {
    let error = error.trim_end();
    let quoted: Vec<&str> = match error.split_once("unknown field") {
        Some((_, list)) => list.split('`').skip(1).step_by(2).collect(),
        None => Vec::new(),
    };
    match quoted.split_first() {
        Some((given, known)) => match near(given, known) {
            Some(name) => format!("{error}; did you mean {name}?"),
            None => error.to_owned(),
        },
        None => error.to_owned(),
    }
}
