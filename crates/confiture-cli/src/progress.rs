//! The progress bar on standard error.

use confiture_fixtures::Event;
use confiture_mutation::MutationEvent;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

/// A bar that follows a run; invisible without a terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    failed: usize,
}

impl Progress {
    /// A bar for a run called `label`.
    pub(crate) fn new(label: &str, quiet: bool) -> Self {
        let bar = ProgressBar::new(0);
        if quiet || !terminal::animated() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = "{prefix} {bar:30} {pos}/{len} {wide_msg} {per_sec} eta {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(label.to_owned());
        Self { bar, failed: 0 }
    }

    /// A run of so many migrations begins.
    pub(crate) fn counting(&self, migrations: usize) {
        self.bar.set_length(migrations as u64);
    }

    /// One of them is done.
    pub(crate) fn counted(&self, migration: &str) {
        self.bar.set_message(migration.to_owned());
        self.bar.inc(1);
    }

    /// Something else is done next.
    pub(crate) fn doing(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// Shows one event.
    pub(crate) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { migrations } => self.bar.set_length(*migrations as u64),
            Event::Judged { result, .. } => {
                self.failed += usize::from(result.failed());
                let failed = match self.failed {
                    0 => String::new(),
                    count => format!("  {count} failed"),
                };
                self.bar.set_message(format!("{}{failed}", result.id));
                self.bar.inc(1);
            }
            _ => {}
        }
    }

    /// Shows one event of a run of mutants.
    pub(crate) fn mutation(&mut self, event: &MutationEvent<'_>) {
        match event {
            MutationEvent::Baseline(event) => self.event(event),
            MutationEvent::Planned { mutants, known } => {
                self.bar.reset();
                self.failed = 0;
                self.bar.set_length(*mutants as u64);
                self.bar.set_message(match known {
                    0 => String::new(),
                    known => format!("{known} known from the log"),
                });
            }
            MutationEvent::Judged { result, .. } => {
                self.failed += usize::from(result.status.unnoticed());
                self.bar.set_message(format!("{} unnoticed  {}", self.failed, result.id));
                self.bar.inc(1);
            }
            _ => {}
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
