//! `openmetrics`: figures of a run as OpenMetrics text, for those who collect them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use confiture_core::plugin::{PluginMeta, ReportStyle, Reporter};
use confiture_core::report::{CheckStatus, LoadProfile, PerformanceProfile, RunReport, RunStatus};
use confiture_perf::stats::median;

/// Writes OpenMetrics text.
#[derive(Debug, Default)]
struct OpenMetrics;

confiture_core::register!(reporter OpenMetrics);

impl Reporter for OpenMetrics {
    fn meta(&self) -> &'static PluginMeta {
        static META: PluginMeta = PluginMeta {
            id: "openmetrics",
            summary: "OpenMetrics text: findings, checks and every figure of a profile",
            docs: "The text format of OpenMetrics 1.0, which Prometheus reads: whether the run passed, findings by \
                   code, checks, and what `confiture profile` measured. Times are in seconds, sizes in bytes. What was \
                   not measured has no line. Put it where a collector reads files, such as the text-file directory \
                   of a node exporter.",
        };
        &META
    }

    fn write(&self, report: &RunReport, _: &ReportStyle, out: &mut dyn io::Write) -> io::Result<()> {
        let mut text = Text::default();
        run(report, &mut text);
        if let Some(profile) = &report.profile {
            statements(profile, &mut text);
            passes(profile, &mut text);
        }
        text.0.push_str("# EOF\n");
        out.write_all(text.0.as_bytes())
    }
}

/// The text so far.
#[derive(Default)]
struct Text(String);

type Labels<'a> = Vec<(&'a str, String)>;

impl Text {
    /// A gauge with its samples; nothing where there are none, and what is no number is left out. The unit is the
    /// end of the name.
    fn gauge(&mut self, name: &str, unit: Option<&str>, help: &str, samples: Vec<(Labels<'_>, f64)>) {
        let samples: Vec<_> = samples.into_iter().filter(|(_, value)| value.is_finite()).collect();
        if samples.is_empty() {
            return;
        }
        self.head(name, "gauge", unit, help);
        for (labels, value) in samples {
            self.sample(name, &labels, value);
        }
    }

    fn head(&mut self, name: &str, kind: &str, unit: Option<&str>, help: &str) {
        // Writing into a String cannot fail.
        let _ = writeln!(self.0, "# TYPE {name} {kind}");
        if let Some(unit) = unit {
            let _ = writeln!(self.0, "# UNIT {name} {unit}");
        }
        let _ = writeln!(self.0, "# HELP {name} {}", escaped(help));
    }

    fn sample(&mut self, name: &str, labels: &Labels<'_>, value: f64) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        // To a billionth: what is finer is no measurement.
        let value = (value * 1e9).round() / 1e9;
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn run(report: &RunReport, text: &mut Text) {
    let passed = f64::from(u8::from(report.status == RunStatus::Passed));
    let command = || ("command", report.command.clone());
    text.gauge("confiture_run_passed", None, "Whether the run passed.", vec![(vec![command()], passed)]);
    let took = report.duration_ms / 1e3;
    text.gauge(
        "confiture_run_duration_seconds",
        Some("seconds"),
        "How long the run took.",
        vec![(vec![command()], took)],
    );
    let mut findings: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for finding in &report.findings {
        *findings.entry((&finding.code, finding.severity.as_str())).or_default() += 1;
    }
    let samples = findings.into_iter().map(|((code, severity), count)| {
        (vec![("code", code.to_owned()), ("severity", severity.to_owned())], f64::from(count))
    });
    text.gauge("confiture_findings", None, "Findings by code.", samples.collect());
    let mut samples = Vec::new();
    for migration in &report.migrations {
        let ran = |status| matches!(status, CheckStatus::Passed | CheckStatus::Failed);
        for check in migration.checks.iter().filter(|check| ran(check.status)) {
            let labels = vec![("migration", migration.id.clone()), ("check", check.id.clone())];
            samples.push((labels, f64::from(u8::from(check.status == CheckStatus::Passed))));
        }
    }
    text.gauge("confiture_check_passed", None, "Whether a check that was made passed.", samples);
}

fn statements(profile: &PerformanceProfile, text: &mut Text) {
    let labels = |at: usize| {
        let statement = &profile.statements[at];
        vec![
            ("migration", statement.migration.clone()),
            ("direction", statement.direction.as_str().to_owned()),
            ("statement", statement.number.to_string()),
        ]
    };
    let all = || profile.statements.iter().enumerate();
    let seconds = Some("seconds");
    let wall = all().map(|(at, statement)| (labels(at), statement.wall_ms / 1e3));
    text.gauge("confiture_statement_wall_seconds", seconds, "Time by the clock.", wall.collect());
    let cpu = all().filter_map(|(at, statement)| Some((labels(at), statement.cpu_ms? / 1e3)));
    text.gauge("confiture_statement_cpu_seconds", seconds, "Processor time.", cpu.collect());
    let rows = all().map(|(at, statement)| (labels(at), statement.rows as f64));
    text.gauge("confiture_statement_rows", None, "Rows of the command tag.", rows.collect());
    let wal = all().filter_map(|(at, statement)| Some((labels(at), statement.wal?.bytes as f64)));
    text.gauge("confiture_statement_wal_bytes", Some("bytes"), "Write-ahead log.", wal.collect());
    let pages = all().filter_map(|(at, statement)| Some((labels(at), statement.buffers?.dirtied as f64)));
    text.gauge("confiture_statement_dirtied_pages", Some("pages"), "Pages made dirty.", pages.collect());
    let rewrites = all().map(|(at, statement)| (labels(at), statement.rewrites.len() as f64));
    text.gauge("confiture_statement_rewrites", None, "Relations written anew.", rewrites.collect());
    let mut held = Vec::new();
    for (at, statement) in all() {
        for lock in statement.locks.iter().filter(|lock| lock.existing && !lock.index) {
            let mut labels = labels(at);
            labels.extend([("relation", lock.relation.clone()), ("mode", lock.mode.clone())]);
            held.push((labels, lock.held_ms / 1e3));
        }
    }
    text.gauge(
        "confiture_lock_held_seconds",
        seconds,
        "How long a lock on a table that was there before was held.",
        held,
    );
}

fn passes(profile: &PerformanceProfile, text: &mut Text) {
    let seconds = Some("seconds");
    let mut stalls = Vec::new();
    for run in &profile.stalls {
        for stall in &run.stalls {
            let labels = vec![
                ("migration", run.migration.clone()),
                ("table", stall.table.clone()),
                ("operation", stall.operation.clone()),
                ("reader", run.reader_ms.is_some().to_string()),
            ];
            stalls.push((labels, stall.longest_ms / 1e3));
        }
    }
    text.gauge("confiture_stall_seconds", seconds, "The longest a probe waited.", stalls);
    let (mut times, mut ratios) = (Vec::new(), Vec::new());
    for timing in &profile.timings {
        let labels = vec![
            ("migration", timing.migration.clone()),
            ("direction", timing.direction.as_str().to_owned()),
            ("metric", timing.timings.metric.clone()),
        ];
        ratios.extend(timing.timings.ratio.map(|ratio| (labels.clone(), ratio.estimate)));
        for (side, runs) in [("base", &timing.timings.base_ms), ("head", &timing.timings.head_ms)] {
            let mut labels = labels.clone();
            labels.push(("side", side.to_owned()));
            times.push((labels, median(runs) / 1e3));
        }
    }
    text.gauge("confiture_script_time_seconds", seconds, "Median time of a script.", times);
    text.gauge("confiture_script_time_ratio", Some("ratio"), "Time at the head by that at the base.", ratios);
    let operations = profile.operations.iter().filter_map(|operation| {
        let labels = vec![("operation", operation.name.clone())];
        Some((labels, median(&operation.timings.as_ref()?.head_ms) / 1e3))
    });
    let help = "Median time of a monitored operation.";
    text.gauge("confiture_operation_seconds", seconds, help, operations.collect());
    let mut holds = Vec::new();
    for hold in profile.scale.iter().flat_map(|scale| &scale.holds) {
        let Some(band) = hold.hold_ms.prediction else { continue };
        for (bound, value) in [("estimate", band.estimate), ("low", band.low), ("high", band.high)] {
            let labels = vec![
                ("statement", hold.statement.clone()),
                ("table", hold.table.clone()),
                ("mode", hold.mode.clone()),
                ("bound", bound.to_owned()),
            ];
            holds.push((labels, value / 1e3));
        }
    }
    let help = "How long a lock is predicted to be held with the rows of production.";
    text.gauge("confiture_predicted_hold_seconds", seconds, help, holds);
    latencies(&profile.load, text);
}

/// Latencies under load as histograms.
fn latencies(load: &[LoadProfile], text: &mut Text) {
    if load.is_empty() {
        return;
    }
    let name = "confiture_load_latency_seconds";
    text.head(name, "histogram", Some("seconds"), "Latencies of sessions beside a migration.");
    for (run, phase) in load.iter().flat_map(|run| run.phases.iter().map(move |phase| (run, phase))) {
        let labels = |most: String| {
            vec![("migration", run.migration.clone()), ("phase", phase.name.clone()), ("le", most)]
        };
        let mut count = 0;
        for (most, statements) in &phase.histogram {
            count += statements;
            text.sample(&format!("{name}_bucket"), &labels(format!("{:?}", most / 1e3)), count as f64);
        }
        text.sample(&format!("{name}_bucket"), &labels("+Inf".to_owned()), phase.operations as f64);
    }
}
