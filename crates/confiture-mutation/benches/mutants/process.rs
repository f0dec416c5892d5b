//! What this process and the servers it started take: time of processors, and memory.

use std::fs;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// Time on the clock, and time of processors.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) clock: Duration,
    pub(crate) processors: Duration,
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.clock += other.clock;
        self.processors += other.processors;
    }
}

/// Measures both.
pub(crate) struct Clock {
    started: Instant,
    used: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let used = used();
        Self { started: Instant::now(), used }
    }

    pub(crate) fn read(&self) -> Spent {
        let clock = self.started.elapsed();
        Spent { clock, processors: used().saturating_sub(self.used) }
    }
}

/// Time of processors that this process and all that descend from it have used, those that ended included.
///
/// Unlike the time on the clock it does not depend on what else the machine does. In steps of 10 ms.
fn used() -> Duration {
    let ticks: u64 =
        descendants().into_iter().filter_map(|pid| ticks_of(pid, pid != std::process::id())).sum();
    Duration::from_millis(ticks * 10)
}

/// Own time, and that of children that were waited for where they are wanted; fields 14 to 17 of proc(5).
fn ticks_of(pid: u32, with_children: bool) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields =
        stat.rsplit_once(") ")?.1.split_whitespace().skip(11).take(if with_children { 4 } else { 2 });
    fields.map(|field| field.parse::<u64>().ok()).sum()
}

/// Peak resident memory of this process.
pub(crate) fn peak_mib() -> Option<u64> {
    field("/proc/self/status", "VmHWM:")
}

/// What the servers hold now; pages that several processes share are divided among them.
pub(crate) fn servers_mib() -> u64 {
    let held = descendants().into_iter().skip(1);
    held.filter_map(|pid| field(&format!("/proc/{pid}/smaps_rollup"), "Pss:")).sum()
}

/// This process first.
fn descendants() -> Vec<u32> {
    let mut all = vec![std::process::id()];
    let parent = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: Vec<(u32, u32)> = pids.filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut at = 0;
    while at < all.len() {
        let of = all[at];
        all.extend(parents.iter().filter(|(_, parent)| *parent == of).map(|(pid, _)| *pid));
        at += 1;
    }
    all
}

fn field(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}
