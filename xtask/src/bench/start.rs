//! Start-up: `container run --rm --network none IMAGE true`, booted and continued from a template, against the same kernel started bare, to PID 1
//! and off again, and against podman.
//!
//! The launcher itself reports the duration of each phase: it appends a line of JSON to the file that [`TIMINGS`] names.

use super::app_root::{AppRoot, IMAGE, TEMPLATES};
use super::bare_machine::BareMachine;
use super::podman::Podman;
use super::sample::{Report, Samples};
use super::tree::{RATIO_TO_OTHER, Trees, other_label};
use crate::architecture::Architecture;
use crate::{guest, process};
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// A boot takes at most this factor over the bare start …
const LIMIT_RATIO: f64 = 1.3;
/// … plus this, in milliseconds.
const LIMIT_EXTRA_MS: f64 = 150.0;
/// A start from a template takes at most this part of one that boots …
const LIMIT_OF_BOOT: f64 = 0.25;
/// … and at most this factor over podman's.
const LIMIT_OF_PODMAN: f64 = 1.0;

/// How long the first start may take to leave its template.
const TEMPLATE_LIMIT: Duration = Duration::from_secs(60);

/// PID 1 of the bare machine: restarts it, which `-no-reboot` turns into the end of QEMU. The number is RB_AUTOBOOT of reboot(2).
const POWER_OFF: &str = "
unsafe extern \"C\" { fn reboot(command: i32) -> i32; }
fn main() { unsafe { reboot(0x0123_4567); } }
";

/// Names the variable with the file that phases are written to.
const TIMINGS: &str = "CONTAINER_TIMINGS";

/// What is started.
const RUN: [&str; 6] = ["run", "--rm", "--network", "none", IMAGE, "true"];
/// The same with a network.
const RUN_WITH_NETWORK: [&str; 4] = ["run", "--rm", IMAGE, "true"];

pub(crate) fn measure(trees: &Trees, architecture: Architecture, runs: usize) -> Result<Report> {
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
    let podman = (architecture == Architecture::host() && Podman::is_usable())
        .then(|| Podman::with_image(&app_root))
        .transpose()?;
    let name = architecture.name();
    let mut bare = Samples::new(format!("bare QEMU, {name}, {accelerator}, to PID 1 and off"), "ms");
    let mut booted = Samples::new("container run, booted", "ms");
    let mut restored = Samples::new("container run, from a template", "ms");
    let mut networked = Samples::new("container run with a network, from a template", "ms");
    let mut podmans = Samples::new("podman run", "ms");
    let mut other_ms = Samples::new(other_label("container run, booted"), "ms");
    // Each is run once before measuring, so that all files are in the page cache.
    bare_machine.run()?;
    for app_root in [Some(&app_root), other.as_ref()].into_iter().flatten() {
        app_root.quietly(&RUN)?;
    }
    for words in [&RUN[..], &RUN_WITH_NETWORK] {
        leave_template(&app_root, words)?;
    }
    let mut phases = [Phases::new("booted"), Phases::new("from a template")];
    for _ in 0..runs {
        bare.time(|| bare_machine.run())?;
        phases[0].of(&app_root, app_root.container(&RUN), &mut booted)?;
        phases[1].of(&app_root, with_templates(&app_root, &RUN), &mut restored)?;
        networked.time(|| process::output(&mut with_templates(&app_root, &RUN_WITH_NETWORK)).map(drop))?;
        if let Some(podman) = &podman {
            podmans.time(|| process::output(&mut podman.run(&["--rm"], &["true"])).map(drop))?;
        }
        if let Some(other) = &other {
            other_ms.time(|| other.quietly(&RUN))?;
        }
    }
    let (bare_ms, booted_ms, restored_ms) = (bare.median(), booted.median(), restored.median());
    let limit_ms = LIMIT_RATIO.mul_add(bare_ms, LIMIT_EXTRA_MS);
    let to_other = other.is_some().then(|| booted.ratio_to(&other_ms));
    let to_podman = podman.is_some().then(|| restored.ratio_to(&podmans));
    let [of_boots, of_templates] = phases;
    let samples = [bare, booted, restored, networked]
        .into_iter()
        .chain(to_podman.map(|_| podmans))
        .chain(to_other.map(|_| other_ms))
        .chain(of_boots.samples)
        .chain(of_templates.samples)
        .collect();
    let mut report = Report::new("start", samples)
        .verdict("booted: ratio to the bare start", booted_ms / bare_ms, None)
        .verdict(
            format!("booted: median in ms, limit {LIMIT_RATIO} x bare + {LIMIT_EXTRA_MS}"),
            booted_ms,
            Some(limit_ms),
        )
        .verdict(
            "from a template: part of a boot",
            restored_ms / booted_ms,
            Some(LIMIT_OF_BOOT),
        )
        .verdict("from a template: ratio to the bare start", restored_ms / bare_ms, None);
    if let Some(ratio) = to_podman {
        report = report.verdict("from a template: ratio to podman", ratio, Some(LIMIT_OF_PODMAN));
    }
    Ok(match to_other {
        Some(ratio) => report.verdict(RATIO_TO_OTHER, ratio, None),
        None => report,
    })
}

/// A start that continues from a template where there is one.
fn with_templates(app_root: &AppRoot, words: &[&str]) -> Command {
    let mut command = app_root.container(words);
    command.env(TEMPLATES, "on");
    command
}

/// Runs a container, and waits until there is a template that others like it continue from.
fn leave_template(app_root: &AppRoot, words: &[&str]) -> Result<()> {
    let count = || {
        fs::read_dir(app_root.application_root().join("templates")).map_or(0, |entries| {
            entries
                .flatten()
                .filter(|entry| entry.path().join("manifest.json").exists())
                .count()
        })
    };
    let before = count();
    process::output(&mut with_templates(app_root, words))?;
    let begun = Instant::now();
    while count() == before {
        if begun.elapsed() > TEMPLATE_LIMIT {
            bail!("the first start has left no template");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// The phases of starts of one kind.
struct Phases {
    kind: &'static str,
    samples: Vec<Samples>,
}

impl Phases {
    fn new(kind: &'static str) -> Self {
        Self {
            kind,
            samples: Vec::new(),
        }
    }

    /// Runs a start, and adds its duration to `whole`.
    fn of(&mut self, app_root: &AppRoot, mut command: Command, whole: &mut Samples) -> Result<()> {
        let timings = app_root.path().join("timings");
        let started = SystemTime::now();
        whole.time(|| process::output(command.env(TIMINGS, &timings)).map(drop))?;
        add_phases(
            &mut self.samples,
            self.kind,
            &fs::read_to_string(&timings).unwrap_or_default(),
            started,
        );
        let _ = fs::remove_file(&timings);
        Ok(())
    }
}

/// The launcher's names of the phases, and their descriptions. The durations of the CLI and the boot are computed from the others.
const PHASES: [(&str, &str); 8] = [
    ("cli_ms", "CLI, until the launcher runs"),
    ("launcher_start_ms", "launcher"),
    ("machine_start_ms", "QEMU process, with a template loading it"),
    (
        "machine_boot_ms",
        "handshake around the guest's boot; with a template, becoming the container",
    ),
    ("guest_uptime_ms", "kernel and vminitd, until the agent listens"),
    ("mounts_ms", "disks, overlay, mounts"),
    ("exec_ms", "exec"),
    ("run_ms", "the workload"),
];

/// Adds the phases of one start of a kind.
fn add_phases(phases: &mut Vec<Samples>, kind: &str, timings: &str, started: SystemTime) {
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
    let teardown = ("teardown_ms", "teardown");
    if phases.is_empty() {
        phases.extend(
            PHASES
                .iter()
                .chain([&teardown])
                .map(|(_, label)| Samples::new(format!("  {kind}: {label}"), "ms")),
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
        add_phases(&mut phases, "booted", &line(260.5), UNIX_EPOCH);
        add_phases(&mut phases, "booted", &line(261.5), UNIX_EPOCH);
        add_phases(&mut phases, "booted", "nonsense", UNIX_EPOCH);
        assert_eq!(phases.len(), PHASES.len() + 1);
        let medians: Vec<f64> = phases.iter().map(Samples::median).collect();
        assert_eq!(medians[0], 5.0);
        assert_eq!(medians[3], 61.0);
        assert_eq!(medians[6], 7.0);
    }
}
