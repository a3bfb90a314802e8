//! The process of a network, found in `/proc` by what it was started with.

use crate::bench::app_root::AppRoot;
use anyhow::{Result, bail};
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// The hidden command that makes the program the process of a network (`container_network::PROCESS_COMMAND`).
const COMMAND: &str = "switch";

/// A process that nobody uses ends within this.
const LIMIT: Duration = Duration::from_secs(10);

/// Processor time of the network's process, milliseconds; `None` when there is none, or where the system does not say.
pub(super) fn cpu_ms(app_root: &AppRoot, network: &str) -> Option<f64> {
    let threads = fs::read_dir(find(app_root, network)?.join("task")).ok()?;
    // The first field is nanoseconds on a processor (Documentation/scheduler/sched-stats.rst).
    let nanoseconds = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    Some(nanoseconds.sum::<f64>() / 1e6)
}

/// Waits until the network has no process.
///
/// # Errors
/// When it stays.
pub(super) fn wait_for_none(app_root: &AppRoot, network: &str) -> Result<()> {
    let begun = Instant::now();
    while find(app_root, network).is_some() {
        if begun.elapsed() > LIMIT {
            bail!("the process of the network {network} stays");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Its directory in `/proc`.
fn find(app_root: &AppRoot, network: &str) -> Option<PathBuf> {
    let variable = format!("CONTAINER_APP_ROOT={}", app_root.application_root().display());
    let has = |path: PathBuf, words: &[&str]| {
        let content = fs::read(path).unwrap_or_default();
        let found: Vec<&[u8]> = content.split(|byte| *byte == 0).collect();
        words.iter().all(|word| found.contains(&word.as_bytes()))
    };
    fs::read_dir("/proc")
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .find(|process| has(process.join("cmdline"), &[COMMAND, network]) && has(process.join("environ"), &[&variable]))
}
