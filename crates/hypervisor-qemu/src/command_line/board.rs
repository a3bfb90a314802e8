//! The board: machine type, processors, memory.

use std::ffi::OsString;

use container_hypervisor::MachineConfig;

use super::setup::Setup;
use crate::Accelerator;

/// virtio-mmio transports of the board: microvm has 8 behind its single I/O APIC, virt 32 (hw/i386/microvm.c,
/// hw/arm/virt.c).
pub(super) const TRANSPORT_COUNT: usize = if cfg!(target_arch = "x86_64") { 8 } else { 32 };

pub(super) fn arguments(config: &MachineConfig, setup: &Setup) -> Vec<OsString> {
    let machine = if cfg!(target_arch = "x86_64") {
        microvm(setup)
    } else {
        virt(setup)
    };
    let accelerator = match setup.accelerator {
        Accelerator::Kvm => "kvm",
        Accelerator::Tcg => "tcg,thread=multi",
    };
    let processor = match setup.accelerator {
        Accelerator::Kvm => "host",
        // Without them the kernel copies memory by a string instruction, which the translator executes byte by byte.
        Accelerator::Tcg if cfg!(target_arch = "x86_64") => "max,erms=off,fsrm=off",
        // The architected algorithm of pointer authentication is slow to emulate.
        Accelerator::Tcg => "max,pauth-impdef=on",
    };
    let vcpus = config.vcpu_count.to_string();
    let memory = format!("{}M", config.memory_bytes >> 20);
    let modern = "virtio-mmio.force-legacy=false";
    [
        ["-M", machine],
        ["-accel", accelerator],
        ["-cpu", processor],
        ["-smp", &vcpus],
        ["-m", &memory],
        ["-global", modern],
    ]
    .iter()
    .flatten()
    .map(OsString::from)
    .collect()
}

/// The clock stays: without one the kernel waits 1.8 s for it. The interval timer and its interrupt controller go
/// where the kernel is told the rates that it would measure with them.
fn microvm(setup: &Setup) -> &'static str {
    if told_timer_rates(setup) {
        "microvm,x-option-roms=off,acpi=off,rtc=on,pit=off,pic=off"
    } else {
        "microvm,x-option-roms=off,acpi=off,rtc=on"
    }
}

fn virt(setup: &Setup) -> &'static str {
    match setup.accelerator {
        Accelerator::Kvm => "virt,gic-version=host",
        Accelerator::Tcg => "virt,gic-version=3",
    }
}

/// Whether the guest's kernel takes the rates of its timers from the command line.
pub(super) fn told_timer_rates(setup: &Setup) -> bool {
    setup.accelerator == Accelerator::Tcg && setup.emulated_kernel && setup.tsc_khz.is_some()
}
