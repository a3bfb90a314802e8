//! The guest kernel's command line.

use container_agent_api::AGENT_CHANNEL_KEY;
use container_hypervisor::MachineConfig;

use super::board;
use super::setup::{AgentChannel, Setup};
use crate::Accelerator;

/// Rate of the emulated local APIC's timer, kHz: QEMU's APIC counts nanoseconds (hw/intc/apic_common.c).
const LAPIC_TIMER_KHZ: u32 = 1_000_000;

pub(super) fn build(config: &MachineConfig, setup: &Setup) -> String {
    // A panic ends the machine at once: the host has the console's log.
    let mut arguments = vec!["quiet".to_owned(), "panic=-1".to_owned()];
    if cfg!(target_arch = "x86_64") {
        // A triple fault is the one reset that every board has.
        arguments.extend(["console=ttyS0", "reboot=t"].map(str::to_owned));
        arguments.extend(timer_rates(setup));
    } else {
        arguments.push("console=ttyAMA0".to_owned());
    }
    let channel = match setup.agent {
        AgentChannel::Port { .. } => "port",
        AgentChannel::Vsock { .. } => "vsock",
    };
    arguments.push(format!("{AGENT_CHANNEL_KEY}={channel}"));
    arguments.extend(config.kernel_arguments.iter().cloned());
    arguments.join(" ")
}

/// Under emulation measuring the timers takes long and goes wrong on a busy host; the counter's rate is known.
fn timer_rates(setup: &Setup) -> Vec<String> {
    let (Accelerator::Tcg, Some(tsc_khz)) = (setup.accelerator, setup.tsc_khz) else {
        return Vec::new();
    };
    let mut arguments = vec![format!("tsc_early_khz={tsc_khz}")];
    arguments.extend(["tsc=reliable", "no_timer_check", "noreplace-smp"].map(str::to_owned));
    if board::told_timer_rates(setup) {
        arguments.push(format!("lapic_timer_khz={LAPIC_TIMER_KHZ}"));
    }
    arguments
}
