//! How long the phases of one run took.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::time::Instant;

/// Variable that names a file (absolute) to which each launcher appends the timings of each run as one line of JSON.
pub const TIMINGS_VARIABLE: &str = "CONTAINER_TIMINGS";

/// Durations of the phases, milliseconds, in the order in which they happen. Zero for what did not happen.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Timings {
    /// The container.
    pub id: String,
    /// Which run of its launcher, from 1.
    pub run: u32,
    /// When the launcher began, of later runs when the run did, microseconds since 1970-01-01 UTC.
    pub launcher_started_unix_us: u64,
    /// `kvm`, `tcg`, …
    pub accelerator: String,
    /// Whether the machine continued from a template.
    pub is_restored: bool,
    /// From the launcher's beginning to a hypervisor with a prepared machine: lock, records, sockets.
    pub launcher_start_ms: f64,
    /// Starting the hypervisor; with a template, loading that and attaching to the networks beside it.
    pub machine_start_ms: f64,
    /// From there to the agent's answer: kernel and vminitd; with a template, becoming this container or its machine.
    pub agent_ready_ms: f64,
    /// Of that, what the guest itself counted: from the kernel's first tick to an agent that listens.
    pub guest_uptime_ms: f64,
    /// Attaching to the networks, beside the start of the machine.
    pub networks_ms: f64,
    /// Disks, overlay, mounts and cgroup, and the interfaces beside them.
    pub mounts_ms: f64,
    /// Of that, finding and mounting the disks, as the guest counted.
    pub guest_disks_ms: f64,
    /// Of that, stacking them and mounting everything else below the root, as the guest counted.
    pub guest_overlay_ms: f64,
    /// All of it, as the guest counted.
    pub guest_create_ms: f64,
    /// From the wish to start to the running workload.
    pub exec_ms: f64,
    /// The workload itself.
    pub run_ms: f64,
    /// From its end to the final record, or to the end of its machine when another run follows.
    pub teardown_ms: f64,
}

/// Measures from one lap to the next.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since the start or the last lap.
    pub(crate) fn lap_ms(&mut self) -> f64 {
        let now = Instant::now();
        let lap = now - std::mem::replace(&mut self.0, now);
        lap.as_secs_f64() * 1e3
    }
}

impl Timings {
    /// Those of a run that begins now.
    pub(crate) fn new(id: &str, run: u32) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self {
            id: id.to_owned(),
            run,
            launcher_started_unix_us: u64::try_from(since_epoch.as_micros()).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Logs them, writes them to `file` if given, and appends them to the file that the environment names.
    pub(crate) fn publish(&self, file: Option<&Path>) {
        tracing::info!(
            run = self.run,
            accelerator = self.accelerator,
            is_restored = self.is_restored,
            launcher_start_ms = self.launcher_start_ms,
            machine_start_ms = self.machine_start_ms,
            agent_ready_ms = self.agent_ready_ms,
            guest_uptime_ms = self.guest_uptime_ms,
            networks_ms = self.networks_ms,
            mounts_ms = self.mounts_ms,
            exec_ms = self.exec_ms,
            run_ms = self.run_ms,
            teardown_ms = self.teardown_ms,
            "timings"
        );
        let Ok(mut line) = serde_json::to_string(self) else {
            return;
        };
        line.push('\n');
        let written = file
            .map_or(Ok(()), |file| std::fs::write(file, &line))
            .and_then(|()| append(&line));
        if let Err(error) = written {
            tracing::warn!(%error, "cannot write the timings");
        }
    }
}

fn append(line: &str) -> io::Result<()> {
    match std::env::var_os(TIMINGS_VARIABLE) {
        // One write, so that the lines of several launchers do not mix.
        Some(path) => OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)?
            .write_all(line.as_bytes()),
        None => Ok(()),
    }
}
