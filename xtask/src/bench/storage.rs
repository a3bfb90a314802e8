//! Files: a shared directory against the same device in a machine without our program, `cp` and `commit` against podman and gzip, what
//! `volume create` takes, and what an idle container with shares costs.

mod bare_share;
mod copies;
mod idle;
mod shares;

use super::app_root::AppRoot;
use super::podman::Podman;
use super::sample::{Report, Samples};
use super::tree::Tree;
use crate::architecture::Architecture;
use crate::{debian, guest, process};
use anyhow::{Result, bail};

/// Time of work on a shared directory over that in the bare machine.
const LIMIT_SHARE: f64 = 1.1;
/// Speed of `cp` over podman's.
const AIM_COPY: f64 = 0.7;
/// Time of `commit` over that of `gzip -1` for the same bytes.
const LIMIT_COMMIT: f64 = 1.0;
/// Time of `volume create`, milliseconds.
const LIMIT_VOLUME_MS: f64 = 10.0;

/// Most rounds of what takes half a minute each.
const LONG_ROUNDS: usize = 3;

/// Measures all of it.
///
/// # Errors
/// When this is not root, or anything that is to be measured does not work.
pub(super) fn measure(tree: &Tree, runs: usize) -> Result<Report> {
    if !rustix::process::geteuid().is_root() {
        bail!("run as root: podman and QEMU's own file server need it");
    }
    debian::install(&debian::for_image_bench())?;
    let app_root = AppRoot::with_image(tree)?;
    let program = guest::static_program(Architecture::host(), "container-files-load", "files-load")?;
    let podman = Podman::with_image(&app_root)?;
    let volumes = volume_create(&app_root, runs)?;
    let create_ms = volumes.median();
    let shares = shares::measure(&app_root, &podman, &program, runs.min(LONG_ROUNDS))?;
    let copies = copies::measure(&app_root, &podman, runs.min(LONG_ROUNDS))?;
    let idle = idle::measure(&app_root)?;
    let samples = [vec![volumes], shares.samples, copies.samples, idle].concat();
    let report = Report::new("storage", samples).verdict("volume create, ms", create_ms, Some(LIMIT_VOLUME_MS));
    let report = shares.to_bare.into_iter().fold(report, |report, (kind, ratio)| {
        report.verdict(format!("to the bare machine: {kind}"), ratio, Some(LIMIT_SHARE))
    });
    let report = copies.speeds.into_iter().fold(report, |report, (what, ratio)| {
        report.aim(format!("speed to podman: {what}"), ratio, AIM_COPY)
    });
    Ok(report.verdict("commit to gzip -1, time", copies.commit_to_gzip, Some(LIMIT_COMMIT)))
}

fn volume_create(app_root: &AppRoot, runs: usize) -> Result<Samples> {
    let mut samples = Samples::new("volume create", "ms");
    for _ in 0..runs.max(9) {
        samples.time(|| process::output(&mut app_root.container(&["volume", "create", "bench"])).map(drop))?;
        app_root.quietly(&["volume", "delete", "bench"])?;
    }
    Ok(samples)
}
