//! What has gone over the machine's network devices.

use super::{InterfaceError, link, open, step};

/// Bytes since the boot, of all devices together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) received_bytes: u64,
    pub(crate) sent_bytes: u64,
}

/// Adds up the devices of the machine. Those of software alone, such as loopback or what a privileged container makes for others inside it, carry
/// nothing out, or what a device of the machine counts as well.
pub(crate) fn of_devices() -> Result<Traffic, InterfaceError> {
    let counted = link::list_counters(&mut open()?).map_err(step("read the counters of the network devices"))?;
    Ok(counted
        .into_iter()
        .fold(Traffic::default(), |sum, [received, sent]| Traffic {
            received_bytes: sum.received_bytes.saturating_add(received),
            sent_bytes: sum.sent_bytes.saturating_add(sent),
        }))
}
