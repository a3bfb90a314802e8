//! Start-up: `container run --rm IMAGE true` against the same kernel started bare, to PID 1 and off again.
//!
//! The launcher itself reports the duration of each phase: it appends a line of JSON to the file that [`TIMINGS`] names.

use super::app_root::{AppRoot, IMAGE};
use super::bare_machine::BareMachine;
use super::sample::{Report, Samples};
use super::tree::{RATIO_TO_OTHER, Trees, other_label};
use crate::architecture::Architecture;
use crate::{guest, process};
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// At most this factor over the bare start …
const LIMIT_RATIO: f64 = 1.3;
/// … plus this, in milliseconds.
const LIMIT_EXTRA_MS: f64 = 150.0;

/// PID 1 of the bare machine: restarts it, which `-no-reboot` turns into the end of QEMU. The number is RB_AUTOBOOT of reboot(2).
const POWER_OFF: &str = "
unsafe extern \"C\" { fn reboot(command: i32) -> i32; }
fn main() { unsafe { reboot(0x0123_4567); } }
";

/// Names the variable with the file that phases are written to.
const TIMINGS: &str = "CONTAINER_TIMINGS";

/// What is started.
const RUN: [&str; 4] = ["run", "--rm", IMAGE, "true"];

pub(crate) fn measure(trees: &Trees, architecture: Architecture, runs: usize) -> Result<Report> {
    let label = "container run --rm IMAGE true";
    let app_root = AppRoot::with_image_for(&trees.built, architecture)?;
    let other = trees.other.as_ref();
    let other = other
        .map(|tree| AppRoot::with_image_for(tree, architecture))
        .transpose()?;
    let (accelerator, kernel) = app_root.machine()?;
    let bare_machine = BareMachine {
        architecture,
        accelerator,
        kernel,
        initramfs: power_off_initramfs(architecture, app_root.path())?,
    };
    let name = architecture.name();
    let mut bare = Samples::new(format!("bare QEMU, {name}, {accelerator}, to PID 1 and off"), "ms");
    let mut ours = Samples::new(label, "ms");
    let mut other_ms = Samples::new(other_label(label), "ms");
    // Each is run once before measuring, so that all files are in the page cache.
    bare_machine.run()?;
    for app_root in [Some(&app_root), other.as_ref()].into_iter().flatten() {
        app_root.quietly(&RUN)?;
    }
    let timings = app_root.path().join("timings");
    let mut phases: Vec<Samples> = Vec::new();
    for _ in 0..runs {
        bare.time(|| bare_machine.run())?;
        let started = SystemTime::now();
        ours.time(|| process::output(app_root.container(&RUN).env(TIMINGS, &timings)).map(drop))?;
        add_phases(&mut phases, &fs::read_to_string(&timings).unwrap_or_default(), started);
        let _ = fs::remove_file(&timings);
        if let Some(other) = &other {
            other_ms.time(|| other.quietly(&RUN))?;
        }
    }
    let (bare_ms, ours_ms) = (bare.median(), ours.median());
    let limit_ms = LIMIT_RATIO.mul_add(bare_ms, LIMIT_EXTRA_MS);
    let ratio = ours.ratio_to(&other_ms);
    let other_ms = other.is_some().then_some(other_ms);
    let samples = [bare, ours].into_iter().chain(other_ms).chain(phases).collect();
    let report = Report::new("start", samples)
        .verdict("ratio to the bare start", ours_ms / bare_ms, None)
        .verdict(
            format!("median in ms, limit {LIMIT_RATIO} x bare + {LIMIT_EXTRA_MS}"),
            ours_ms,
            Some(limit_ms),
        );
    Ok(match other {
        Some(_) => report.verdict(RATIO_TO_OTHER, ratio, None),
        None => report,
    })
}

/// The launcher's names of the phases, and their descriptions. The durations of the CLI and the boot are computed from the others.
const PHASES: [(&str, &str); 8] = [
    ("cli_ms", "  CLI, until the launcher runs"),
    ("launcher_start_ms", "  launcher"),
    ("machine_start_ms", "  QEMU process"),
    ("machine_boot_ms", "  QEMU and handshake around the guest's boot"),
    ("guest_uptime_ms", "  kernel and vminitd, until the agent listens"),
    ("mounts_ms", "  disks, overlay, mounts"),
    ("exec_ms", "  exec"),
    ("run_ms", "  the workload"),
];

/// Adds the phases of one start.
fn add_phases(phases: &mut Vec<Samples>, timings: &str, started: SystemTime) {
    let Some(mut record) = timings
        .lines()
        .last()
        .and_then(|line| serde_json::from_str::<Value>(line).ok())
    else {
        return;
    };
    let number = |record: &Value, key: &str| record[key].as_f64().unwrap_or_default();
    let started_us = started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e6;
    record["cli_ms"] = ((number(&record, "launcher_started_unix_us") - started_us) / 1e3).into();
    record["machine_boot_ms"] = (number(&record, "agent_ready_ms") - number(&record, "guest_uptime_ms")).into();
    let teardown = ("teardown_ms", "  teardown");
    if phases.is_empty() {
        phases.extend(
            PHASES
                .iter()
                .chain([&teardown])
                .map(|(_, label)| Samples::new(*label, "ms")),
        );
    }
    for (phase, (key, _)) in phases.iter_mut().zip(PHASES.iter().chain([&teardown])) {
        phase.add(number(&record, key));
    }
}

fn power_off_initramfs(architecture: Architecture, scratch: &Path) -> Result<PathBuf> {
    let target = format!("{}-unknown-linux-musl", architecture.name());
    if !guest::ensure_std(&target) {
        bail!("the bare start needs the Rust target {target}");
    }
    let source = scratch.join("power_off.rs");
    let program = scratch.join("power_off");
    fs::write(&source, POWER_OFF)?;
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    process::run(
        Command::new(rustc)
            .args([
                "--edition=2024",
                "-O",
                "-Cpanic=abort",
                "-Cstrip=symbols",
                "-Clinker=rust-lld",
                "--target",
                &target,
                "-o",
            ])
            .arg(&program)
            .arg(&source),
    )?;
    let initramfs = scratch.join("power_off.cpio");
    fs::write(&initramfs, guest::initramfs(&fs::read(&program)?)?)?;
    Ok(initramfs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_of_several_starts_are_collected_by_name() {
        let mut phases = Vec::new();
        let line = |boot: f64| {
            format!(
                "{{\"launcher_started_unix_us\":5000,\"agent_ready_ms\":{boot},\"guest_uptime_ms\":200,\"exec_ms\":7}}\n"
            )
        };
        add_phases(&mut phases, &line(260.5), UNIX_EPOCH);
        add_phases(&mut phases, &line(261.5), UNIX_EPOCH);
        add_phases(&mut phases, "nonsense", UNIX_EPOCH);
        assert_eq!(phases.len(), PHASES.len() + 1);
        let medians: Vec<f64> = phases.iter().map(Samples::median).collect();
        assert_eq!(medians[0], 5.0);
        assert_eq!(medians[3], 61.0);
        assert_eq!(medians[6], 7.0);
    }
}
