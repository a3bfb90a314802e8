//! The guest kernel's command line.

use container_agent_api::{AGENT_CHANNEL_KEY, POWER_KEY};
use container_hypervisor::GuestArchitecture;

use super::board;
use super::setup::{AgentChannel, Setup};
use crate::{Accelerator, DeviceSet};

/// Rate of the emulated local APIC's timer, kHz: QEMU's APIC counts nanoseconds (hw/intc/apic_common.c).
const LAPIC_TIMER_KHZ: u32 = 1_000_000;

/// The command line; `further` are the arguments of the configuration.
pub(super) fn build(further: &[String], setup: &Setup) -> String {
    let mut arguments = own(setup);
    arguments.extend(further.iter().cloned());
    arguments.join(" ")
}

/// What the backend itself needs.
pub(super) fn own(setup: &Setup) -> Vec<String> {
    // A panic ends the machine at once: the host has the console's log.
    let mut arguments = vec!["quiet".to_owned(), "panic=-1".to_owned()];
    arguments.push(format!("console={}", board::console_name(setup)));
    // No device needs memory below 4 GiB, for which the kernel would write to 64 MiB of every machine with more memory than that.
    arguments.push("swiotlb=noforce".to_owned());
    if setup.architecture == GuestArchitecture::Amd64 {
        // A triple fault is the one reset that every board has.
        arguments.push("reboot=t".to_owned());
        if setup.devices == DeviceSet::Pci {
            // The board has ACPI, unlike the one that the agent expects on this architecture.
            arguments.push(format!("{POWER_KEY}=off"));
        }
        arguments.extend(timer_rates(setup));
    }
    if setup.accelerator == Accelerator::Tcg && setup.numbers.shares.is_some() {
        // The file server writes past QEMU, which would execute what it translated of a page's former content (kernel/virtiofs_emulated.patch).
        arguments.push("virtiofs.emulated=1".to_owned());
    }
    let channel = match setup.agent {
        AgentChannel::Port { .. } | AgentChannel::ClosedPort => "port",
        AgentChannel::Vsock { .. } => "vsock",
    };
    arguments.push(format!("{AGENT_CHANNEL_KEY}={channel}"));
    arguments
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
