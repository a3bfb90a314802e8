//! Kernel parameters below `/proc/sys`.

use std::io;
use std::path::Path;

/// A kernel parameter that could not be set.
#[derive(Debug, thiserror::Error)]
#[error("cannot set the kernel parameter {name}: {source}")]
pub(crate) struct SysctlError {
    name: String,
    source: io::Error,
}

impl SysctlError {
    /// Whether this kernel has no such parameter.
    pub(crate) fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// What Docker sets for every container with a network of its own: programs of every user may ping, and may listen on every port.
/// Each container has the machine's network for itself, so that neither is a right over anybody else.
const FOR_CONTAINERS: [(&str, &str); 2] = [
    ("net/ipv4/ping_group_range", "0 2147483647"),
    ("net/ipv4/ip_unprivileged_port_start", "0"),
];

/// Sets what every container is to find; its own parameters are set after these.
pub(crate) fn set_defaults() -> Result<(), SysctlError> {
    FOR_CONTAINERS.iter().try_for_each(|(name, value)| set(name, value))
}

/// Sets the parameter with this path below `/proc/sys`.
pub(crate) fn set(name: &str, value: &str) -> Result<(), SysctlError> {
    std::fs::write(Path::new("/proc/sys").join(name), value).map_err(|source| SysctlError {
        name: name.to_owned(),
        source,
    })
}
