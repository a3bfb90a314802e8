//! A program that fails at once and is restarted always: what that takes after two minutes, and how soon it stops.

use super::super::app_root::{AppRoot, IMAGE};
use super::super::processes;
use super::super::sample::Samples;
use anyhow::Result;
use std::time::Duration;

/// By then the pauses are as long as they get, a minute.
const BEFORE: Duration = Duration::from_secs(120);
/// Two pauses.
const WATCHED: Duration = Duration::from_secs(120);

/// What was measured.
pub(super) struct Storm {
    pub(super) samples: Vec<Samples>,
    /// The time of `stop` in milliseconds.
    pub(super) stop_ms: f64,
}

pub(super) fn measure(app_root: &AppRoot) -> Result<Storm> {
    let restart = [
        "run",
        "-d",
        "--name",
        "storm",
        "--network",
        "none",
        "--restart",
        "always",
    ];
    app_root.quietly(&[&restart[..], &[IMAGE, "false"]].concat())?;
    let launchers = processes::launchers(app_root)?;
    std::thread::sleep(BEFORE);
    let before_ms = processes::processor_with_children_ms(&launchers)?;
    std::thread::sleep(WATCHED);
    let spent_ms = processes::processor_with_children_ms(&launchers)? - before_ms;
    let mut first = Samples::new("restart storm, processor time of the first two minutes", "ms");
    first.add(before_ms);
    let mut later = Samples::new("restart storm, processor time a minute after them", "ms");
    later.add(spent_ms * 60.0 / WATCHED.as_secs_f64());
    let mut stop = Samples::new("restart storm, stop", "ms");
    stop.time(|| app_root.quietly(&["stop", "storm"]))?;
    app_root.quietly(&["delete", "storm"])?;
    let stop_ms = stop.median();
    Ok(Storm {
        samples: vec![first, later, stop],
        stop_ms,
    })
}
