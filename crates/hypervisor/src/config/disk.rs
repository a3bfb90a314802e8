//! Disks of a machine.

use std::fmt;
use std::path::PathBuf;

use super::ConfigError;

/// Longest disk serial, bytes: the size of virtio-blk's serial field (`VIRTIO_BLK_ID_BYTES`, virtio 1.2 section
/// 5.2.6.1), and of the identifier that Virtualization.framework takes.
pub(super) const DISK_SERIAL_MAX_BYTES: usize = 20;

/// One disk of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Name by which the guest finds it.
    pub serial: DiskSerial,
    /// Raw image.
    pub path: PathBuf,
    /// Whether the guest may write.
    pub access: DiskAccess,
    /// What a flush of the guest does on the host.
    pub flush: FlushPolicy,
}

/// Whether a guest may write to a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskAccess {
    /// Shared with any number of machines.
    ReadOnly,
    /// Owned by this machine; discards reach the host file.
    ReadWrite,
}

/// What a guest's flush of a disk does: what is lost when the host, not only the machine, loses its power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushPolicy {
    /// What was flushed is on the medium. The most that a backend can do; on macOS some 20 ms for each flush.
    Full,
    /// What was flushed is handed to the drive, as by fsync(2).
    Fsync,
    /// Nothing: for a disk that nobody reads after a crash of the host.
    Never,
}

/// A disk's serial: 1-20 characters of `[a-z0-9-]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DiskSerial(String);

impl DiskSerial {
    /// Parses a serial.
    ///
    /// # Errors
    /// [`ConfigError::DiskSerial`].
    pub fn new(text: impl Into<String>) -> Result<Self, ConfigError> {
        let text = text.into();
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || text.len() > DISK_SERIAL_MAX_BYTES || !text.bytes().all(allowed) {
            return Err(ConfigError::DiskSerial { serial: text });
        }
        Ok(Self(text))
    }

    /// The serial as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DiskSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_hold_only_what_every_backend_carries() {
        assert!(DiskSerial::new("layer-0").is_ok());
        for bad in ["", "Layer", "a_b", "../x", "123456789012345678901"] {
            assert!(DiskSerial::new(bad).is_err(), "{bad:?}");
        }
    }
}
