//! Networks: what their process carries and takes, what goes through one to and from real machines, and what one adds to a start; each
//! against who does the same.

mod bare_guest;
mod container;
mod http_load;
mod loopback;
mod machine;
mod network_process;
mod process;
mod services;
mod start;

use super::app_root::AppRoot;
use super::sample::Report;
use super::tree::Tree;
use crate::architecture::Architecture;
use crate::progress::say;
use crate::{debian, guest};
use anyhow::{Context, Result};
use std::fs;

/// Throughput of the process both ways with the largest packets, Gbit/s.
const AIM_GIGABITS: f64 = 12.0;
/// Processor time of the process over passt's for as many bytes, and latency over that of QEMU's user network.
const LIMIT_PASST_CPU: f64 = 1.0;
const LIMIT_LATENCY: f64 = 1.0;
/// Throughput to and from a machine over that of QEMU's user network.
const AIM_USER_NETWORK: f64 = 1.5;
/// Resident memory of a process whose machine is idle, and private memory of each idle connection, KiB.
const LIMIT_IDLE_KIB: f64 = 10_240.0;
const LIMIT_FLOW_KIB: f64 = 64.0;
/// What a network may add to a start when its process is there already, and when it is not; milliseconds.
const LIMIT_PRESENT_MS: f64 = 25.0;
const LIMIT_ABSENT_MS: f64 = 60.0;

/// Most rounds with the process alone, each of which takes half a minute.
const PROCESS_ROUNDS: usize = 3;
/// Starts of each kind: so many for each run asked for, and at least this many.
const STARTS_PER_RUN: usize = 3;
const LEAST_STARTS: usize = 21;

/// A network with a container that stays, and one that is used by nobody else.
const BUSY: &str = "busy";
const IDLE: &str = "idle";

pub(super) fn measure(tree: &Tree, runs: usize) -> Result<Report> {
    // Those who compare are left out where they are missing: the rest is measured without root.
    if let Err(error) = debian::install(&debian::for_network_bench()) {
        say(error);
    }
    let wire = process::build()?;
    let alone = process::measure(&wire, runs.min(PROCESS_ROUNDS))?;
    let peer = guest::static_program(Architecture::host(), "container-peer", "peer")?;
    let peer = fs::read(&peer).with_context(|| format!("cannot read {}", peer.display()))?;
    let app_root = AppRoot::with_image(tree)?;
    for network in [BUSY, IDLE] {
        app_root.quietly(&["network", "create", network])?;
    }
    let machines = machine::measure(&app_root, &peer, &wire, BUSY, runs)?;
    let starts = start::measure(&app_root, BUSY, IDLE, (runs * STARTS_PER_RUN).max(LEAST_STARTS))?;
    let samples = [alone.samples, machines.samples, starts.samples].concat();
    let report = Report::new("network", samples)
        .aim(
            "process, slower way, MTU 65520, Gbit/s",
            alone.slowest_gigabits,
            AIM_GIGABITS,
        )
        .verdict("idle process, resident, KiB", alone.idle_kib, Some(LIMIT_IDLE_KIB))
        .verdict("an idle connection, KiB", alone.flow_kib, Some(LIMIT_FLOW_KIB));
    let report = alone.cpu_to_passt.into_iter().fold(report, |report, (label, ratio)| {
        report.verdict(format!("to passt: {label}"), ratio, Some(LIMIT_PASST_CPU))
    });
    Ok(report
        .aim(
            "to user network: throughput to a guest",
            machines.to_machine,
            AIM_USER_NETWORK,
        )
        .aim(
            "to user network: throughput from a guest",
            machines.from_machine,
            AIM_USER_NETWORK,
        )
        .verdict(
            "to user network: connection and byte",
            machines.first_byte,
            Some(LIMIT_LATENCY),
        )
        .verdict("to user network: round trip", machines.round_trip, Some(LIMIT_LATENCY))
        .verdict("to user network: requests a second", machines.requests, None)
        .verdict(
            "added to a start, process there, ms",
            starts.present_ms,
            Some(LIMIT_PRESENT_MS),
        )
        .verdict(
            "added to a start, process not there, ms",
            starts.absent_ms,
            Some(LIMIT_ABSENT_MS),
        ))
}
