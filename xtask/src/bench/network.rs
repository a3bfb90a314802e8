//! Networks: what their process carries and takes, what goes through one to and from real machines, and what one adds to a start.

mod machine;
mod process;

use super::sample::Report;
use super::tree::Tree;
use anyhow::Result;

/// Throughput of the process both ways with the largest packets, Gbit/s.
const AIM_GIGABITS: f64 = 12.0;
/// Resident memory of a process whose machine is idle, KiB.
const LIMIT_IDLE_KIB: f64 = 10_240.0;
/// What a network may add to a start when its process is there already, and when it is not; milliseconds.
const LIMIT_PRESENT_MS: f64 = 25.0;
const LIMIT_ABSENT_MS: f64 = 60.0;

pub(crate) fn measure(tree: &Tree, runs: usize) -> Result<Report> {
    let alone = process::measure()?;
    let machines = machine::measure(tree, runs)?;
    let samples = alone.samples.into_iter().chain(machines.samples).collect();
    let aim = format!("the process, slower way at MTU 65520 in Gbit/s, aim {AIM_GIGABITS}");
    Ok(Report::new("network", samples)
        .verdict(aim, alone.slowest_gigabits, None)
        .verdict("idle process, resident, KiB", alone.idle_kib, Some(LIMIT_IDLE_KIB))
        .verdict("to a machine, ratio to loopback", machines.ratio_to_loopback, None)
        .verdict(
            "added to a start, process there, ms",
            machines.present_ms,
            Some(LIMIT_PRESENT_MS),
        )
        .verdict(
            "added to a start, process not there, ms",
            machines.absent_ms,
            Some(LIMIT_ABSENT_MS),
        ))
}
