//! Requests that no container can be made of.

use std::net::IpAddr;
use std::path::PathBuf;

use container_model::{ByteSize, HostNameError, NetworkName};

/// A [`crate::CreateRequest`] that no container can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Neither the image nor the command line names a program.
    #[error("image {image} has no command and none was given")]
    NoCommand {
        /// The image.
        image: String,
    },
    /// More networks than a machine has interfaces.
    #[error("{count} networks are too many: a container of this host can be on {maximum}")]
    TooManyNetworks {
        /// What was asked for.
        count: usize,
        /// The most.
        maximum: usize,
    },
    /// A place at which nothing can be mounted.
    #[error("nothing can be mounted at {target:?}: {reason}")]
    MountTarget {
        /// What was asked for.
        target: String,
        /// Why not.
        reason: &'static str,
    },
    /// A directory or file of the host that cannot be shared.
    #[error("cannot share {} with the container: {reason}", source_path.display())]
    ShareSource {
        /// What was asked for.
        source_path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Two mounts for one place.
    #[error("two mounts are asked for at {target}")]
    MountTwice {
        /// The place.
        target: String,
    },
    /// More volumes than a machine has room for disks.
    #[error("{count} volumes are too many: a container of this image can have {maximum} on this host")]
    TooManyVolumes {
        /// What was asked for.
        count: usize,
        /// The most.
        maximum: usize,
    },
    /// Less memory than a container needs.
    #[error("{asked} of memory is too little: at least {} is needed", ByteSize(*minimum_bytes))]
    Memory {
        /// What was asked for.
        asked: ByteSize,
        /// The floor.
        minimum_bytes: u64,
    },
    /// No processor.
    #[error("at least one CPU is needed")]
    NoCpu,
    /// `-u` together with `--uid` or `--gid`.
    #[error("--user cannot be combined with --uid or --gid")]
    TwoUsers,
    /// A working directory that is not absolute.
    #[error("working directory {path:?} is not absolute")]
    WorkingDirectory {
        /// What was given.
        path: String,
    },
    /// A network twice.
    #[error("network {network} is asked for twice")]
    NetworkTwice {
        /// The network.
        network: NetworkName,
    },
    /// An address that no container of the network can have.
    #[error("container address {address} cannot be had on network {network} ({subnet}): {reason}")]
    Address {
        /// The network.
        network: NetworkName,
        /// Its addresses.
        subnet: String,
        /// What was asked for.
        address: IpAddr,
        /// Why not.
        reason: &'static str,
    },
    /// Ports without a network by which they could be reached.
    #[error("ports cannot be published without a network")]
    PortsWithoutNetwork,
    /// More published ports than one container may have.
    #[error("at most {limit} ports or ranges of ports can be published, not {count}")]
    TooManyPorts {
        /// What was asked for.
        count: usize,
        /// The most that is possible.
        limit: usize,
    },
    /// Two that need the same port of the host.
    #[error("the published ports {first} and {second} overlap")]
    PortsOverlap {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// A range that is empty or goes beyond the last port.
    #[error("the published ports {ports} are no range of ports")]
    PortRange {
        /// What was asked for.
        ports: String,
    },
    /// A name that no host can have.
    #[error("host name: {0}")]
    HostName(#[from] HostNameError),
}
