//! Which machines the framework takes.

use super::error::{self, Code};
use crate::description::{MachineDescription, NetworkDescription};
use crate::fault::faults;
use crate::runtime::Strong;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// How much memory a machine may have. A Mac's limits depend on the Mac; these are the same everywhere, so that tests are.
pub(super) const MEMORY_BYTES: RangeInclusive<u64> = (4 << 20)..=(64 << 30);
/// How many processors a machine may have; as with memory.
pub(super) const CPU_COUNT: RangeInclusive<u64> = 1..=32;
/// "The value must be a multiple of a 1 megabyte (1024 * 1024 bytes)", the documentation of `memorySize`.
const MEMORY_UNIT_BYTES: u64 = 1 << 20;
/// "The maximum MTU allowed is 65535, and the minimum MTU allowed is 1500", the documentation of `maximumTransmissionUnit`.
const MTU_BYTES: RangeInclusive<i64> = 1500..=65535;
/// The entitlement without which no configuration is valid.
const ENTITLEMENT: &str = "com.apple.security.virtualization";

/// An error that says why a configuration is invalid.
pub(super) fn invalid(reason: &str) -> Strong {
    error::framework(Code::InvalidVirtualMachineConfiguration, reason)
}

/// May this program run machines on this host?
pub(super) fn host() -> Result<(), Strong> {
    if faults().not_supported {
        return Err(invalid("Virtualization is not available on this hardware."));
    }
    if faults().not_entitled {
        return Err(invalid(&format!(
            "The process doesn\u{2019}t have the \u{201c}{ENTITLEMENT}\u{201d} entitlement."
        )));
    }
    Ok(())
}

/// Is this machine possible?
pub(super) fn machine(machine: &MachineDescription) -> Result<(), Strong> {
    let rules: [(bool, &str); 9] = [
        (
            machine.kernel.is_file(),
            "The boot loader is invalid: there is no kernel.",
        ),
        (
            machine.initramfs.as_ref().is_none_or(|path| path.is_file()),
            "The boot loader is invalid: there is no initial RAM disk.",
        ),
        (
            CPU_COUNT.contains(&machine.cpu_count),
            "The number of processors is out of range.",
        ),
        (
            MEMORY_BYTES.contains(&machine.memory_bytes),
            "The memory size is out of range.",
        ),
        (
            machine.memory_bytes.is_multiple_of(MEMORY_UNIT_BYTES),
            "The memory size is not a multiple of 1 MiB.",
        ),
        (machine.socket_devices <= 1, "There is more than one socket device."),
        (machine.balloon_devices <= 1, "There is more than one memory balloon."),
        (has_unique_tags(machine), "Two directory sharing devices have one tag."),
        (
            machine
                .shares
                .iter()
                .flat_map(|share| &share.directories)
                .all(|directory| directory.path.is_dir()),
            "A shared directory does not exist.",
        ),
    ];
    if let Some((_, reason)) = rules.iter().find(|(is_kept, _)| !is_kept) {
        return Err(invalid(reason));
    }
    machine.networks.iter().try_for_each(network)
}

fn has_unique_tags(machine: &MachineDescription) -> bool {
    let mut seen = BTreeSet::new();
    let tags = machine
        .shares
        .iter()
        .map(|share| &share.tag)
        .chain(&machine.rosetta_tag);
    tags.into_iter().all(|tag| seen.insert(tag))
}

fn network(network: &NetworkDescription) -> Result<(), Strong> {
    if !MTU_BYTES.contains(&network.mtu_bytes) {
        return Err(invalid(
            "The maximum transmission unit of a network device is out of range.",
        ));
    }
    // A device without an attachment is an interface without a cable.
    match network.descriptor {
        Some(descriptor) if !is_connected_datagram_socket(descriptor) => Err(invalid(
            "The file handle of a network device is no connected datagram socket.",
        )),
        _ => Ok(()),
    }
}

fn is_connected_datagram_socket(descriptor: i32) -> bool {
    let mut kind: libc::c_int = 0;
    let mut kind_bytes = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: zeros are a value of an address; both calls write no more than the lengths say.
    unsafe {
        let mut peer: libc::sockaddr_storage = std::mem::zeroed();
        let mut peer_bytes = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        libc::getsockopt(
            descriptor,
            libc::SOL_SOCKET,
            libc::SO_TYPE,
            (&raw mut kind).cast(),
            &raw mut kind_bytes,
        ) == 0
            && kind == libc::SOCK_DGRAM
            && libc::getpeername(descriptor, (&raw mut peer).cast(), &raw mut peer_bytes) == 0
    }
}

/// Can this machine be saved? Shared directories are what is known to be in the way.
pub(super) fn saving(machine: &MachineDescription) -> Result<(), Strong> {
    if faults().save_refused {
        return Err(error::framework(Code::NotSupported, "Saving is not supported."));
    }
    if !machine.shares.is_empty() || machine.rosetta_tag.is_some() {
        return Err(error::framework(
            Code::NotSupported,
            "A machine with a directory sharing device cannot be saved.",
        ));
    }
    Ok(())
}
