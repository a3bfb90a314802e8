//! How large the framework's machines can be.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use std::ops::RangeInclusive;

use container_hypervisor::{MachineConfig, MachineLimits};
use objc2_virtualization::VZVirtualMachineConfiguration;

/// Most disks of a machine.
///
/// How many the framework takes is documented nowhere. A machine's devices are functions of one PCI bus, which has 32 slots (PCI Local
/// Bus 3.0, section 3.2.2.3.2), one of them the bridge's; and a machine has up to ten devices that are no disks: console, socket,
/// entropy, balloon, network interfaces and two with directories. Images with more layers than fit are given some of them merged.
const DISK_SLOTS: usize = 21;

/// Most network interfaces of a machine: as many as with the other backend.
const FRAME_PORTS: usize = 4;

/// What this host allows, as far as our machines can use it.
pub(crate) fn limits() -> MachineLimits {
    // SAFETY: properties of the class that any thread may read.
    let (memory_bytes, vcpu_count) = unsafe {
        (
            VZVirtualMachineConfiguration::minimumAllowedMemorySize()
                ..=VZVirtualMachineConfiguration::maximumAllowedMemorySize(),
            VZVirtualMachineConfiguration::minimumAllowedCPUCount()
                ..=VZVirtualMachineConfiguration::maximumAllowedCPUCount(),
        )
    };
    let unit = MachineLimits::MEMORY_UNIT_BYTES;
    let least_bytes = memory_bytes.start().next_multiple_of(unit);
    let most_bytes = memory_bytes.end() / unit * unit;
    MachineLimits {
        disk_slots: DISK_SLOTS,
        frame_ports: FRAME_PORTS,
        memory_bytes: least_bytes.max(MachineConfig::MINIMUM_MEMORY_BYTES)..=most_bytes,
        vcpu_count: counted(vcpu_count),
    }
}

fn counted(counts: RangeInclusive<usize>) -> RangeInclusive<u32> {
    let [least, most] = [*counts.start(), *counts.end()].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    least.max(1)..=most
}
