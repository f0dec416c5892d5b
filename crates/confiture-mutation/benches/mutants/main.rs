//! Mutants per second, in one run on the same mutants: on a new database each, on a clone each, as confiture does
//! it, and what PostgreSQL itself needs for their statements.
//!
//! `cargo bench -p confiture-mutation --bench mutants [-- [main] [lengths] [tables] [fast]]` prints
//!
//! - `main`: a chain of 60 migrations and 60 tables (the first makes 30, every other one of the rest makes one
//!   more, the others change one), and all mutants of ten migrations spread over it, judged by the built-in checks:
//!   - (a) a new database for each mutant: the migrations before, the mutant's up, its down, its up again, the
//!     whole catalog after each, the checks, the migrations after it;
//!   - (b) the same on a clone of the state before the migration, which is made once and not counted;
//!   - (c) confiture, on one worker and on two, with and without generated rows; from the first mutant to the last,
//!     with what it needs to get to each migration, its baselines and controls. Mutants that say the same as
//!     another are run by nobody and counted by nobody;
//!   - (d) the statements of the mutant, up and down in a transaction over one connection and sent as one message,
//!     after each the leanest query of the system catalogs that could decide about the tables it names, and where no
//!     check noticed it the later migrations that name one of these tables.
//!
//!   With `fast`, (a) is tried with every fourth of the mutants only. (a) to (d) are over one connection at a time, but for (c) on two workers. Files go to the server as one
//!   message each in (a), (b) and (d). Databases are made and dropped as confiture itself does it.
//! - `lengths`: the cost per mutant for chains of 50, 200 and 500 migrations on 60 tables, every tenth of them broken;
//! - `tables`: for 10, 100 and 1000 tables, ten of 20 migrations broken.
//!
//! And peak memory. Times are those of the clock, and those of processors, of this process and the servers together
//! (in parentheses where two are divided): the latter do not depend on what else the machine does, and leave out what is
//! spent waiting. Only ratios within one run say something.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints figures and may end at the first trouble"
)]

mod bare;
mod chain;
mod naive;
mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use confiture_core::db::{Env, Server, ServerOptions};
use confiture_core::plugin::Registry;
use confiture_core::report::{MutantStatus, RunReport};
use confiture_fixtures::{LadderOptions, TestSource};
use confiture_mutation::{MutationEvent, MutationOptions, MutationRunner, Plan, Planned};

use bare::Bare;
use chain::Chain;
use naive::{Judged, Naive};
use process::{Clock, Spent};

/// Mutants of `count` migrations spread over the chain, of which every other one is at an odd place.
fn options(source: &TestSource, count: usize, rows: u64) -> MutationOptions {
    let all = source.loaded.migrations.len();
    let places = (0..count).map(|part| all * part / count + all / count / 2);
    MutationOptions {
        ladder: LadderOptions { rows, ..LadderOptions::default() },
        judged: Some(
            places.zip([0, 1].into_iter().cycle()).map(|(at, odd)| (at / 2 * 2 + odd).max(1)).collect(),
        ),
        suggest: false,
        ..MutationOptions::default()
    }
}

/// A run of confiture.
struct Run {
    /// From the plan to the report.
    spent: Spent,
    /// Until then: the migrations tested as they are, the plan.
    before: Duration,
    count: usize,
    plan: Plan,
    report: RunReport,
}

async fn ours(
    servers: &[&Server],
    registry: &Registry,
    source: &TestSource,
    options: MutationOptions,
) -> Run {
    let started = Instant::now();
    let mut planned = None;
    let mut count = 0;
    let runner = MutationRunner { servers, registry, source, options };
    let mut notice = |event: MutationEvent<'_>| match event {
        MutationEvent::Planned { .. } => planned = Some((started.elapsed(), Clock::start())),
        MutationEvent::Judged { .. } => count += 1,
        _ => {}
    };
    let mutated = runner.run(&mut notice).await.expect("a report");
    let (before, clock) = planned.expect("a plan");
    Run { spent: clock.read(), before, count, plan: mutated.plan, report: mutated.report }
}

/// What one mutant of `count` took, in milliseconds.
#[derive(Clone, Copy)]
struct Each {
    clock: f64,
    processors: f64,
}

impl Each {
    fn of(count: usize, spent: Spent) -> Self {
        let count = f64::from(u32::try_from(count).expect("few mutants"));
        let each = |time: Duration| time.as_secs_f64() * 1e3 / count;
        Self { clock: each(spent.clock), processors: each(spent.processors) }
    }

    /// How many times `other` it took, by the clock and by processors.
    fn times(self, other: Self) -> String {
        format!("{:.1} ({:.1})", self.clock / other.clock, self.processors / other.processors)
    }

    fn print(self, name: &str) {
        let Self { clock, processors } = self;
        println!(
            "{name:30} {:8.1} mutants/s, {clock:8.2} ms each, {processors:8.2} ms of processors",
            1e3 / clock
        );
    }
}

/// How each mutant ended.
fn statuses(report: &RunReport) -> BTreeMap<String, MutantStatus> {
    let mutants = report.mutation.iter().flat_map(|mutation| &mutation.mutants);
    mutants.map(|mutant| (mutant.id.clone(), mutant.status)).collect()
}

/// Mutants about which the naive way and confiture say otherwise.
fn disagreements(judged: &Judged, statuses: &BTreeMap<String, MutantStatus>) -> Vec<String> {
    use MutantStatus::{Equivalent, Indistinct, Killed, Rejected, Stillborn, Survived};
    let differs = |(id, status): (&String, &MutantStatus)| {
        let noticed = match status {
            Killed | Rejected | Stillborn => true,
            Survived | Indistinct | Equivalent => false,
            _ => return None,
        };
        (judged.noticed.contains(id) != noticed).then(|| format!("{id} {}", status.as_str()))
    };
    statuses.iter().filter_map(differs).collect()
}

async fn main_chain(servers: &[Server; 2], registry: &Registry, fast: bool) {
    let chain = Chain { tables: 60, migrations: 60, one_by_one: 30 };
    let source = chain.load(registry);
    let [server, other] = servers;
    let mut runs = Vec::new();
    for (rows, servers) in [
        (0, &[server][..]),
        (0, &[server, other]),
        (LadderOptions::default().rows, &[server]),
        (LadderOptions::default().rows, &[server, other]),
    ] {
        let run = ours(servers, registry, &source, options(&source, 10, rows)).await;
        runs.push((rows, servers.len(), run));
    }
    let (_, _, first) = &runs[0];
    let mutants: Vec<&Planned> = first.plan.mutants.iter().filter(|one| one.same_as.is_none()).collect();
    let statuses = statuses(&first.report);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for planned in &mutants {
        *counts.entry(statuses[&planned.id].as_str()).or_default() += 1;
    }
    println!("{chain:?}: {} mutants: {counts:?}", mutants.len());
    let unnoticed: BTreeSet<String> =
        statuses.iter().filter(|(_, status)| status.unnoticed()).map(|(id, _)| id.clone()).collect();
    let naive = Naive { server, registry, source: &source };
    let bare = Bare { server, source: &source, naive: &naive };
    let every = if fast { 4 } else { 1 };
    let some: Vec<&Planned> = mutants.iter().copied().step_by(every).collect();
    let d = Each::of(mutants.len(), bare.run(&mutants, &unnoticed).await);
    let cloned = naive.cloned(&mutants).await;
    let b = Each::of(mutants.len(), cloned.spent);
    let anew = naive.anew(&some).await;
    let a = Each::of(some.len(), anew.spent);
    a.print(&format!("(a) new database, {} of them", some.len()));
    b.print("(b) clone");
    d.print("(d) bare statements");
    for (rows, workers, run) in &runs {
        let c = Each::of(run.count, run.spent);
        c.print(&format!("(c) confiture, rows = {rows}, {workers} worker(s)"));
        println!(
            "    (a) / (c) {}, (b) / (c) {}, (c) / (d) {}; {:.1} s before the first mutant",
            a.times(c),
            b.times(c),
            c.times(d),
            run.before.as_secs_f64()
        );
    }
    for (name, judged) in [("(a)", &anew), ("(b)", &cloned)] {
        let disagreements = disagreements(judged, &statuses);
        println!("{name} and (c) disagree about {} mutants {disagreements:?}", disagreements.len());
    }
}

async fn scale(server: &Server, registry: &Registry, chain: Chain, broken: usize) {
    let source = chain.load(registry);
    let run = ours(&[server], registry, &source, options(&source, broken, 0)).await;
    let Each { clock, processors } = Each::of(run.count, run.spent);
    println!(
        "{:5} tables {:4} migrations: {clock:6.2} ms a mutant of {}, {processors:6.2} ms of processors; {:.1} s before",
        chain.tables,
        chain.migrations,
        run.count,
        run.before.as_secs_f64()
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let parts: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |part: &str| parts.iter().all(|one| one == "fast") || parts.iter().any(|one| one == part);
    let registry = Registry::linked().expect("plugins");
    let env = std::env::vars_os().collect::<Env>();
    let open = async || {
        let options = ServerOptions { env: env.clone(), ..ServerOptions::default() };
        Server::open(&options).await.expect("a server")
    };
    let servers = [open().await, open().await];
    println!("PostgreSQL {}", servers[0].version_text());
    if wanted("main") {
        main_chain(&servers, &registry, parts.iter().any(|part| part == "fast")).await;
        println!(
            "peak memory {:?} MiB, of the servers now {} MiB",
            process::peak_mib(),
            process::servers_mib()
        );
    }
    if wanted("lengths") {
        for migrations in [50, 200, 500] {
            let chain = Chain { tables: 60, migrations, one_by_one: 0 };
            scale(&servers[0], &registry, chain, migrations / 10).await;
        }
    }
    if wanted("tables") {
        for tables in [10, 100, 1000] {
            scale(&servers[0], &registry, Chain { tables, migrations: 20, one_by_one: 0 }, 10).await;
        }
    }
    println!("peak memory {:?} MiB, of the servers now {} MiB", process::peak_mib(), process::servers_mib());
    for server in servers {
        server.close().await;
    }
}
