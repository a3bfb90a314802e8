//! What a saved machine depends on besides its configuration.

use container_hypervisor::GuestArchitecture;

use super::record::HostRecord;
use super::system;
use crate::{Accelerator, DeviceSet};

/// What machines are made of here, apart from the program and the host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    pub(crate) architecture: GuestArchitecture,
    pub(crate) accelerator: Accelerator,
    pub(crate) devices: DeviceSet,
    /// Whether the agent's channel is vsock.
    pub(crate) has_vsock: bool,
}

/// The version of what this backend puts into a machine and into a file of its state. It changes when a machine made by an earlier release
/// of this program would not load here.
const FORMAT: u32 = 1;

/// In words: the program (path, size, time of its last change, version), what machines are made of, whether the rate of the
/// time-stamp counter is known, without which a board has more timers, and the host's processor and kernel.
pub(crate) fn template_identity(record: &HostRecord, made: Made) -> Option<String> {
    let Made {
        architecture,
        accelerator,
        devices,
        has_vsock,
    } = made;
    let program = record.program.describe();
    let version = &record.program_version;
    let channel = if has_vsock { "vsock" } else { "port" };
    let timers = record.tsc_khz.is_some();
    let host = system::processor_and_kernel();
    system::HAS_TEMPLATES.then(|| {
        format!(
            "format: {FORMAT}; {version}: {program}; {architecture} on {accelerator}, {} devices, agent on a {channel}, \
             counter's rate known: {timers}; {host}",
            devices.as_str()
        )
    })
}
