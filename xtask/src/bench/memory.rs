//! Resident memory of the command line and the launcher while a container runs, the size of the initramfs that every guest loads, and what idle
//! containers of one image take side by side.

mod side_by_side;

use super::app_root::{AppRoot, IMAGE};
use super::sample::{Report, Samples};
use super::tree::{RATIO_TO_OTHER, Tree, Trees, other_label};
use anyhow::{Context, Result, bail};
use side_by_side::SideBySide;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

/// The container's name.
const NAME: &str = "bench-memory";

/// Most resident memory of launcher and command line together, in MiB.
const LIMIT_MEMORY_MIB: f64 = 30.0;
/// Most that a further idle container takes which continues from a template, in MiB.
const LIMIT_FURTHER_MIB: f64 = 25.0;
/// Largest initramfs, which is vminitd and 500 bytes, in MiB.
const LIMIT_INITRAMFS_MIB: f64 = 4.0;

pub(crate) fn measure(trees: &Trees) -> Result<Report> {
    let ours = Footprint::of(&trees.built)?;
    let idle = SideBySide::measure(&trees.built)?;
    let mut samples = ours.samples(str::to_owned);
    samples.extend(idle.samples(str::to_owned));
    let mut verdicts = vec![
        ("resident MiB", ours.resident_mib, Some(LIMIT_MEMORY_MIB)),
        ("initramfs MiB", ours.initramfs_mib, Some(LIMIT_INITRAMFS_MIB)),
        (
            "a further idle container from a template, MiB",
            idle.restored.further_mib,
            Some(LIMIT_FURTHER_MIB),
        ),
        (
            "an idle container from a template to a booted one",
            idle.restored.each_mib / idle.booted.each_mib,
            None,
        ),
    ];
    if let Some(podman) = idle.podman {
        verdicts.push((
            "an idle container from a template to podman's",
            idle.restored.each_mib / podman.each_mib,
            None,
        ));
    }
    if let Some(tree) = &trees.other {
        let other = Footprint::of(tree)?;
        let other_idle = SideBySide::measure(tree)?;
        samples.extend(other.samples(other_label));
        samples.extend(other_idle.samples(other_label));
        verdicts.push((
            "idle containers from a template: ratio to the other tree",
            idle.restored.each_mib / other_idle.restored.each_mib,
            None,
        ));
        verdicts.push((RATIO_TO_OTHER, ours.resident_mib / other.resident_mib, None));
    }
    let report = Report::new("memory", samples);
    Ok(verdicts.into_iter().fold(report, |report, (label, value, limit)| {
        report.verdict(label, value, limit)
    }))
}

/// The memory of one running container.
struct Footprint {
    processes: u32,
    resident_mib: f64,
    initramfs_mib: f64,
}

impl Footprint {
    fn of(tree: &Tree) -> Result<Self> {
        let app_root = AppRoot::with_image(tree)?;
        let script = "echo up; exec sleep 600";
        let mut child = app_root
            .container(&["run", "--rm", "--name", NAME, IMAGE, "sh", "-c", script])
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the program")?;
        let outcome = wait_until_up(&mut child).and_then(|()| resident_mib(&tree.program()));
        // The first process of a container ignores the signals that it has no handler for, so it is killed.
        app_root.quietly(&["delete", "--force", NAME])?;
        child.wait()?;
        let (processes, resident_mib) = outcome?;
        Ok(Self {
            processes,
            resident_mib,
            initramfs_mib: mebibytes(fs::metadata(tree.initramfs())?.len()),
        })
    }

    fn samples(&self, label: impl Fn(&str) -> String) -> Vec<Samples> {
        let one = |name, unit, value| {
            let mut samples = Samples::new(label(name), unit);
            samples.add(value);
            samples
        };
        vec![
            one("processes of ours for one container", "", f64::from(self.processes)),
            one("their resident memory", "MiB", self.resident_mib),
            one("initramfs", "MiB", self.initramfs_mib),
        ]
    }
}

fn wait_until_up(child: &mut Child) -> Result<()> {
    let output = child.stdout.take().context("no output to read")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    if line.trim() != "up" {
        bail!("the container did not come up");
    }
    Ok(())
}

/// Number and summed resident memory of the processes that run `program`.
fn resident_mib(program: &Path) -> Result<(u32, f64)> {
    let program = program.canonicalize()?;
    let mut count = 0;
    let mut kibibytes = 0;
    for entry in fs::read_dir("/proc")? {
        let process = entry?.path();
        if fs::read_link(process.join("exe")).is_ok_and(|executable| executable == program) {
            count += 1;
            kibibytes += fs::read_to_string(process.join("status")).map_or(0, |status| resident_kib(&status));
        }
    }
    Ok((count, mebibytes(kibibytes * 1024)))
}

/// `VmRSS` of /proc/PID/status, proc(5).
fn resident_kib(status: &str) -> u64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_status() {
        assert_eq!(resident_kib("Name:\tx\nVmRSS:\t  1234 kB\nVmData:\t 9 kB\n"), 1234);
        assert_eq!(resident_kib("Name:\tkthread\n"), 0);
    }
}
