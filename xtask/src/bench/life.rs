//! The life of a container: what its verbs take beside podman's, what its log carries, what it costs while it does nothing or is restarted again and
//! again, and what others notice of one that floods its machine.

mod flood;
mod idle;
mod log;
mod peers;
mod storm;
mod verbs;

use super::app_root::AppRoot;
use super::podman::Podman;
use super::sample::Report;
use super::tree::Tree;
use crate::debian;
use anyhow::{Result, bail};
use peers::Peers;

/// Processor time of an idle container in a minute: half a percent of a core, milliseconds.
const LIMIT_IDLE_MS: f64 = 300.0;
/// `stop` of a container that is restarted again and again, milliseconds.
const LIMIT_STOP_MS: f64 = 1_000.0;

/// Measures all of it.
///
/// # Errors
/// When this is not root, or anything that is to be measured does not work.
pub(super) fn measure(tree: &Tree, runs: usize) -> Result<Report> {
    if !rustix::process::geteuid().is_root() {
        bail!("run as root: podman needs it");
    }
    debian::install(&debian::for_image_bench())?;
    let app_root = AppRoot::with_image(tree)?;
    let peers = Peers {
        podman: Podman::with_image(&app_root)?,
        ours: &app_root,
    };
    let verbs = verbs::measure(&peers, runs)?;
    let log = log::measure(&peers, runs)?;
    let idle = idle::measure(&app_root)?;
    let storm = storm::measure(&app_root)?;
    let flood = flood::measure(&app_root, runs)?;
    let samples = [verbs.samples, log.samples, idle.samples, storm.samples, flood.samples].concat();
    let report = Report::new("life", samples);
    let report = [verbs.to_podman, log.to_podman]
        .concat()
        .into_iter()
        .fold(report, |report, (what, ratio)| {
            report.verdict(format!("time to podman's: {what}"), ratio, None)
        });
    let report = report
        .verdict(
            "idle: processor time a minute, ms",
            idle.processor_ms,
            Some(LIMIT_IDLE_MS),
        )
        .verdict("restart storm: stop, ms", storm.stop_ms, Some(LIMIT_STOP_MS));
    Ok(flood.to_quiet.into_iter().fold(report, |report, (what, ratio)| {
        report.verdict(format!("time beside floods to that before: {what}"), ratio, None)
    }))
}
