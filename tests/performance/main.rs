//! `confiture profile`: counters are exact, and what made a migration worse is noticed in one run.

mod baselines;
mod limits;
mod passes;
mod sources;

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use confiture_cli as _;
use confiture_core::db::{Env, Server, ServerOptions};
use confiture_core::plugin::Registry;
use confiture_core::report::{RunReport, ServerInfo};
use confiture_fixtures::LadderOptions;
use confiture_gates as _;
use confiture_perf::{
    JudgeOptions, Limits, MigrationPerformanceProfiler, PassOptions, Passes, ProfileOptions, StageOptions,
    judge, server_settings,
};
use confiture_tests::{Scenario, block_on};

/// A private server with the settings of `confiture profile`; it ends with the last test that holds it.
fn server() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let options = ServerOptions {
        version: std::env::var("CONFITURE_PG").ok().and_then(|major| major.parse().ok()),
        env: std::env::vars_os().collect::<Env>(),
        server_settings: server_settings(),
        ..ServerOptions::default()
    };
    let server = block_on(Server::open(&options)).unwrap_or_else(|error| panic!("failed to {error}"));
    let server = Arc::new(server);
    *shared = Arc::downgrade(&server);
    server
}

/// How a profile is taken.
struct Profile<'a> {
    rows: u64,
    seed: u64,
    accept: bool,
    baselines: Option<&'a Path>,
    limits: Limits,
}

impl Default for Profile<'_> {
    fn default() -> Self {
        Self { rows: 2000, seed: 0, accept: false, baselines: None, limits: Limits::default() }
    }
}

impl Profile<'_> {
    /// Profiles the last migration of a scenario.
    ///
    /// One at a time: a checkpoint of another's, which every copy of a database makes, shows in log and pages.
    fn last(&self, scenario: &Scenario, server: &Server) -> RunReport {
        self.with(scenario, server, None, PassOptions::default())
    }

    /// The same with further passes, their times against those of `base`.
    fn with(
        &self,
        scenario: &Scenario,
        server: &Server,
        base: Option<&Scenario>,
        passes: PassOptions,
    ) -> RunReport {
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        static REGISTRY: OnceLock<Registry> = OnceLock::new();
        let registry = REGISTRY.get_or_init(|| Registry::linked().expect("a registry"));
        let source = scenario.load().unwrap_or_else(|error| panic!("{error}"));
        let ladder = LadderOptions { rows: self.rows, seed: self.seed, ..LadderOptions::default() };
        let last = source.loaded.migrations.len() - 1;
        let options = ProfileOptions {
            stage: StageOptions { ladder, statistics: None },
            judged: Some([last].into()),
            last: None,
            twice: self.accept,
        };
        let base = base.map(|base| base.load().unwrap_or_else(|error| panic!("{error}")));
        let passes = PassOptions { stage: options.stage.clone(), judged: options.judged.clone(), ..passes };
        let passes = Passes { server, source: &source, base: base.as_ref(), options: passes };
        let profiler = MigrationPerformanceProfiler { server, registry, source: &source, options };
        let mut profiled = block_on(profiler.run(&mut |_| {})).unwrap_or_else(|error| panic!("{error}"));
        block_on(passes.run(&mut profiled.profile, &mut |_| {})).unwrap_or_else(|error| panic!("{error}"));
        let info = ServerInfo { version: server.version().to_string(), kind: "private".to_owned() };
        let against = JudgeOptions {
            limits: self.limits.clone(),
            baselines: self.baselines.map(Path::to_owned),
            accept: self.accept,
        };
        judge(registry, &source, &against, info, profiled).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The findings of a check: severity and code, each with what it is about.
fn findings(report: &RunReport, check: &str) -> Vec<String> {
    let of = report.findings.iter().filter(|finding| finding.check.as_deref() == Some(check));
    of.map(|finding| {
        // Shown where the test fails.
        println!("{}: {}", finding.message, finding.label.as_deref().unwrap_or_default());
        format!("{} {}", finding.severity.as_str(), finding.code)
    })
    .collect()
}
