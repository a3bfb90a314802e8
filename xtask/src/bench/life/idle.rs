//! What a container costs while it does nothing: processor time over a minute, wake-ups, and memory beyond its machine's.

use super::super::app_root::{AppRoot, IMAGE};
use super::super::processes;
use super::super::sample::Samples;
use anyhow::Result;
use std::time::Duration;

/// For how long it is watched, after it has come to rest.
const WATCHED: Duration = Duration::from_secs(60);
const REST: Duration = Duration::from_secs(5);

/// What was measured.
pub(super) struct Idle {
    pub(super) samples: Vec<Samples>,
    /// Processor time of the launcher and the hypervisor over a minute, milliseconds.
    pub(super) processor_ms: f64,
}

pub(super) fn measure(app_root: &AppRoot) -> Result<Idle> {
    app_root.quietly(&[
        "run",
        "-d",
        "--network",
        "none",
        "--name",
        "idle",
        IMAGE,
        "sleep",
        "100000",
    ])?;
    std::thread::sleep(REST);
    let watched = processes::of_app_root(app_root)?;
    let before_ms = processes::processor_ms(&watched)?;
    let switches_before = processes::context_switches(&watched)?;
    std::thread::sleep(WATCHED);
    let processor_ms = processes::processor_ms(&watched)? - before_ms;
    let switches = processes::context_switches(&watched)? - switches_before;
    let launchers = processes::launchers(app_root)?;
    let figures = [
        ("idle, processor time a minute", "ms", processor_ms),
        ("idle, wake-ups a second", "", switches / WATCHED.as_secs_f64()),
        (
            "idle, memory of its processes beyond the machine's",
            "MiB",
            processes::proportional_mib(&watched)?,
        ),
        (
            "idle, that of the launcher",
            "MiB",
            processes::proportional_mib(&launchers)?,
        ),
    ];
    app_root.quietly(&["delete", "--force", "idle"])?;
    let samples = figures.map(|(label, unit, value)| {
        let mut samples = Samples::new(label, unit);
        samples.add(value);
        samples
    });
    Ok(Idle {
        samples: samples.into(),
        processor_ms,
    })
}
