//! How large the machines of a backend can be.

use std::ops::RangeInclusive;

/// Limits of a backend's machines on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineLimits {
    /// Most disks of a machine, writable ones included.
    pub disk_slots: usize,
    /// Most network interfaces of a machine.
    pub frame_ports: usize,
    /// Guest memory, bytes.
    pub memory_bytes: RangeInclusive<u64>,
    /// Virtual processors.
    pub vcpu_count: RangeInclusive<u32>,
}

impl MachineLimits {
    /// Unit of guest memory, bytes.
    pub const MEMORY_UNIT_BYTES: u64 = 1 << 20;

    /// The memory nearest to `wanted_bytes` that is not less than a machine can have, in whole units. More than it can have stays as
    /// it is, for [`crate::MachineConfig::validate`] to refuse.
    #[must_use]
    pub fn memory_at_least(&self, wanted_bytes: u64) -> u64 {
        let unit = Self::MEMORY_UNIT_BYTES;
        wanted_bytes
            .max(*self.memory_bytes.start())
            .div_ceil(unit)
            .saturating_mul(unit)
    }
}

/// Tag of the file-system device with the translator, where a machine has it ([`crate::MachineConfig::translation`]).
pub const TRANSLATOR_TAG: &str = "rosetta";

/// Whether programs of the other architecture can be translated by the host (Rosetta on Apple silicon).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Translation {
    /// Not with this backend on this host.
    Unavailable,
    /// It could be, once the user has installed the translator.
    NotInstalled,
    /// Yes.
    Installed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_rounded_up_to_what_a_machine_can_have() {
        let limits = MachineLimits {
            disk_slots: 4,
            frame_ports: 4,
            memory_bytes: 128 << 20..=1 << 30,
            vcpu_count: 1..=4,
        };
        assert_eq!(limits.memory_at_least(1), 128 << 20);
        assert_eq!(limits.memory_at_least((200 << 20) + 1), 201 << 20);
        assert_eq!(limits.memory_at_least(2 << 30), 2 << 30);
    }
}
