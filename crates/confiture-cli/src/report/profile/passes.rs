//! Who waits, how long it takes, what it will be: lines and tables.

use confiture_core::report::{
    HoldScale, LoadProfile, PerformanceProfile, Recommendation, ScaleProfile, StallProfile, Timings, Tried,
};

use super::{bytes, time};

/// Statements that are listed at most, the longest first.
const MOST: usize = 6;

/// The passes of one migration, a line each.
pub(in super::super) fn lines(profile: &PerformanceProfile, migration: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for run in profile.stalls.iter().filter(|run| run.migration == migration) {
        lines.extend(stalls(run));
    }
    for run in profile.load.iter().filter(|run| run.migration == migration) {
        lines.extend(load(run));
    }
    for scale in profile.scale.iter().filter(|scale| scale.migration == migration) {
        lines.extend(predictions(scale));
    }
    for timing in profile.timings.iter().filter(|timing| timing.migration == migration) {
        lines.push(format!("time  {:<4} {}", timing.direction.as_str(), times(&timing.timings)));
    }
    let of = |advice: &&Recommendation| advice.statement.starts_with(&format!("{migration}/"));
    let tried = profile.recommendations.iter().filter(of).find_map(|advice| advice.tried.as_ref());
    lines.extend(tried.map(|tried| format!("repaired  {}", figures(tried))));
    lines
}

/// What belongs to no migration, a line each.
pub(in super::super) fn all(profile: &PerformanceProfile) -> Vec<String> {
    let mut lines = Vec::new();
    let widest = profile.operations.iter().map(|operation| operation.name.len()).max().unwrap_or(0);
    for operation in &profile.operations {
        let said = match (&operation.skipped, &operation.timings) {
            (Some(why), _) => format!("not run: {why}"),
            (None, Some(timings)) => format!("{}  ({})", times(timings), operation.what),
            (None, None) => "n/a".to_owned(),
        };
        lines.push(format!("{:<widest$}  {said}", operation.name));
    }
    lines
}

fn stalls(run: &StallProfile) -> Vec<String> {
    let behind = run.reader_ms.map_or(String::new(), |ms| format!(" behind a reader of {}", time(ms)));
    let mut lines = Vec::new();
    let mut blocked: Vec<_> = run.stalls.iter().filter(|stall| stall.blocked).collect();
    blocked.sort_by(|a, b| b.longest_ms.total_cmp(&a.longest_ms));
    if blocked.is_empty() {
        let longest = run.stalls.iter().map(|stall| stall.longest_ms).fold(0.0, f64::max);
        lines.push(match run.stalls.is_empty() {
            true => format!("waits{behind}: it locks no table that was there before"),
            false => format!("waits{behind}: nobody; longest answer {}", time(longest)),
        });
    }
    // One line for each table and statement that is to blame.
    let mut groups: Vec<(&str, Option<&str>, Vec<&str>, f64)> = Vec::new();
    for stall in blocked {
        let (table, statement) = (stall.table.as_str(), stall.statement.as_deref());
        match groups.iter_mut().find(|group| (group.0, group.1) == (table, statement)) {
            Some(group) => group.2.push(&stall.operation),
            None => groups.push((table, statement, vec![&stall.operation], stall.longest_ms)),
        }
    }
    for (table, statement, operations, longest) in groups.iter().take(MOST) {
        let to_blame = statement.map_or(String::new(), |id| format!(" for {}", short(id, &run.migration)));
        let waited = if operations.len() > 1 { format!("up to {}", time(*longest)) } else { time(*longest) };
        lines.push(format!("waits{behind}: {} on {table} {waited}{to_blame}", operations.join(", ")));
    }
    if groups.len() > MOST {
        lines.push(format!("waits{behind}: on {} more tables", groups.len() - MOST));
    }
    lines.extend(run.failed.iter().map(|why| format!("waits{behind}: the migration fails: {why}")));
    if !run.left_out.is_empty() {
        lines.push(format!("waits{behind}: {} more tables were not probed", run.left_out.len()));
    }
    lines
}

fn load(run: &LoadProfile) -> Vec<String> {
    let mut lines = Vec::new();
    for phase in &run.phases {
        let rate = phase.operations as f64 / (phase.wall_ms / 1000.0).max(1e-6);
        let failed: Vec<String> =
            phase.failed.iter().map(|(code, count)| format!("{count} x {code}")).collect();
        let refused =
            if failed.is_empty() { String::new() } else { format!("  refused {}", failed.join(", ")) };
        lines.push(match phase.operations {
            0 => format!(
                "load  {:<6} no statement was answered in {}{refused}",
                phase.name,
                time(phase.wall_ms)
            ),
            _ => format!(
                "load  {:<6} {:>7.0} statements/s  half {}  95 % {}  99 % {}  slowest {}{refused}",
                phase.name,
                rate,
                time(phase.p50_ms),
                time(phase.p95_ms),
                time(phase.p99_ms),
                time(phase.max_ms)
            ),
        });
    }
    lines.extend(run.failed.iter().map(|why| format!("load  the migration fails: {why}")));
    lines
}

fn predictions(scale: &ScaleProfile) -> Vec<String> {
    if let Some(why) = &scale.failed {
        return vec![format!("predicted  nothing: it fails {why}")];
    }
    let mut lines: Vec<String> =
        scale.holds.iter().map(|hold| format!("predicted  {}", held(hold))).collect();
    for statement in &scale.statements {
        let Some(band) = statement.wal_bytes.prediction.filter(|band| band.estimate > 1_048_576.0) else {
            continue;
        };
        lines.push(format!(
            "predicted  {} writes {} of log with {} rows ({} to {})",
            short(&statement.statement, &scale.migration),
            bytes(band.estimate as u64),
            statement.wal_bytes.rows.unwrap_or_default(),
            bytes(band.low as u64),
            bytes(band.high as u64)
        ));
    }
    if lines.is_empty() {
        lines.push("predicted  no lock that others wait for, and little log".to_owned());
    }
    lines
}

/// The id of a statement beside its migration: `up/2`.
fn short<'a>(statement: &'a str, migration: &str) -> &'a str {
    statement.strip_prefix(migration).map_or(statement, |rest| rest.trim_start_matches('/'))
}

fn held(hold: &HoldScale) -> String {
    let what = format!("{} on {}", hold.mode, hold.table);
    match (&hold.hold_ms.prediction, &hold.hold_ms.refused) {
        (Some(band), _) => format!(
            "{what} held for {} with {} rows ({} to {})",
            time(band.estimate),
            hold.hold_ms.rows.unwrap_or_default(),
            time(band.low),
            time(band.high)
        ),
        (None, why) => format!("{what} is not predicted: {}", why.as_deref().unwrap_or("there is no fit")),
    }
}

/// `120.0 ms, 1.52 times the base (1.41 to 1.60), p 0.0040: slower`
fn times(timings: &Timings) -> String {
    if timings.head_ms.is_empty() {
        return format!("{}: {}", timings.verdict, timings.reason.as_deref().unwrap_or_default());
    }
    let (low, high) =
        timings.head_ms.iter().fold((f64::MAX, 0.0_f64), |(low, high), ms| (low.min(*ms), high.max(*ms)));
    let median = confiture_perf::stats::median(&timings.head_ms);
    let mut said = format!(
        "{} {} ({} to {}, {} runs)",
        time(median),
        timings.metric,
        time(low),
        time(high),
        timings.head_ms.len()
    );
    if timings.base_ms.is_empty() {
        return said;
    }
    match &timings.ratio {
        Some(r) => {
            said.push_str(&format!(", {:.2} times the base ({:.2} to {:.2})", r.estimate, r.low, r.high))
        }
        None => said.push_str(", no ratio"),
    }
    if let Some(p) = timings.p {
        said.push_str(&format!(", p {p:.4}"));
    }
    let why = timings.reason.as_deref().map_or(String::new(), |why| format!(" ({why})"));
    said.push_str(&format!(": {}{why}", timings.verdict));
    match timings.smallest_effect {
        Some(least) => said.push_str(&format!("; {least:.2} times would have been seen")),
        None => said.push_str("; too few runs to see anything"),
    }
    said
}

fn figures(tried: &Tried) -> String {
    let one = |(name, (was, is)): (&String, &(f64, f64))| match name.strip_suffix("_ms") {
        Some(name) => format!("{} {} instead of {}", name.replace('_', " "), time(*is), time(*was)),
        None => format!("{} {is:.0} instead of {was:.0}", name.replace('_', " ")),
    };
    tried.figures.iter().filter(|(_, (was, is))| was != is).map(one).collect::<Vec<_>>().join(", ")
}

fn named(id: &str, lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| format!("`{id}` {line}")).collect()
}

/// Tables a comment has room for.
pub(super) fn markdown(profile: &PerformanceProfile) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ");
    let mut text = String::new();
    let mut section = |title: &str, lines: Vec<String>| {
        if lines.is_empty() {
            return;
        }
        text.push_str(&format!("\n**{title}**\n\n"));
        for line in lines.iter().take(20) {
            text.push_str(&format!("- {}\n", cell(line)));
        }
        if lines.len() > 20 {
            text.push_str(&format!("- … and {} more\n", lines.len() - 20));
        }
    };
    section("Who waits", profile.stalls.iter().flat_map(|run| named(&run.migration, stalls(run))).collect());
    section("Under load", profile.load.iter().flat_map(|run| named(&run.migration, load(run))).collect());
    section(
        "With the rows of production",
        profile.scale.iter().flat_map(|scale| named(&scale.migration, predictions(scale))).collect(),
    );
    let timed = profile.timings.iter().map(|timing| {
        format!("`{}` {} {}", timing.migration, timing.direction.as_str(), times(&timing.timings))
    });
    section("Times", timed.collect());
    section("Monitored operations", all(profile));
    let advice = profile.recommendations.iter().map(|advice| {
        // The statements themselves stand with the finding.
        let instead = match &advice.rule {
            Some(rule) => format!("`confiture explain {rule}` has a safer form"),
            None => advice.instead.clone(),
        };
        let tried = advice
            .tried
            .as_ref()
            .map_or(String::new(), |tried| format!("; repaired on the same rows: {}", figures(tried)));
        format!("`{}` {}: {instead}{tried}", advice.statement, advice.evidence)
    });
    section("Recommendations", advice.collect());
    text.push_str(&bars(profile));
    text
}

/// The medians of the operations as a picture that GitHub and GitLab draw; nothing without operations.
fn bars(profile: &PerformanceProfile) -> String {
    let timed = profile.operations.iter().filter_map(|o| Some((o.name.as_str(), o.timings.as_ref()?)));
    let timed: Vec<_> = timed.filter(|(_, timings)| !timings.head_ms.is_empty()).collect();
    if timed.is_empty() {
        return String::new();
    }
    let row = |of: &dyn Fn(&Timings) -> f64| {
        let all: Vec<String> = timed.iter().map(|(_, timings)| format!("{:.1}", of(timings))).collect();
        all.join(", ")
    };
    let names: Vec<&str> = timed.iter().map(|(name, _)| *name).collect();
    let median = confiture_perf::stats::median;
    let compared = timed.iter().all(|(_, timings)| !timings.base_ms.is_empty());
    let base = match compared {
        true => format!("  line [{}]\n", row(&|timings| median(&timings.base_ms))),
        false => String::new(),
    };
    let title = if compared { "head (bars) and base (line)" } else { "monitored operations" };
    format!(
        "\n```mermaid\nxychart-beta\n  title \"{title}\"\n  x-axis [{}]\n  y-axis \"median ms\"\n  bar [{}]\n{base}```\n",
        names.join(", "),
        row(&|timings| median(&timings.head_ms)),
    )
}
