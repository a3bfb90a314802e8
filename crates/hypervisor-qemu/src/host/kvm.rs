//! Whether KVM can be used.

use std::os::unix::fs::MetadataExt as _;

use serde::{Deserialize, Serialize};

/// KVM's device.
const DEVICE_PATH: &str = "/dev/kvm";

/// What trying it out said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KvmVerdict {
    /// Which device was tried: another one means another host below.
    device: DeviceIdentity,
    /// Whether it ran a guest at a real processor's speed.
    pub(crate) usable: bool,
    /// One line on why.
    pub(crate) reason: String,
}

/// The device behind [`DEVICE_PATH`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeviceIdentity {
    file_system: u64,
    inode: u64,
    number: u64,
}

impl KvmVerdict {
    pub(crate) fn new(device: DeviceIdentity, usable: bool, reason: String) -> Self {
        Self { device, usable, reason }
    }

    /// Whether it was found with this device.
    pub(crate) fn is_of(&self, device: &DeviceIdentity) -> bool {
        self.device == *device
    }
}

/// The device, if this user may use it; else one line on why not. Cheap, so it is asked at every start.
pub(crate) fn open_device() -> Result<DeviceIdentity, String> {
    let file = std::fs::File::options()
        .read(true)
        .write(true)
        .open(DEVICE_PATH)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("there is no {DEVICE_PATH}"),
            std::io::ErrorKind::PermissionDenied => format!("this user may not open {DEVICE_PATH}"),
            _ => format!("{DEVICE_PATH} does not open: {error}"),
        })?;
    let metadata = file.metadata().map_err(|error| format!("{DEVICE_PATH}: {error}"))?;
    Ok(DeviceIdentity {
        file_system: metadata.dev(),
        inode: metadata.ino(),
        number: metadata.rdev(),
    })
}
