//! Requests that no container can be made of.

use std::net::IpAddr;
use std::path::PathBuf;

use container_model::{ByteSize, HostNameError, LimitConflict, NetworkName, Resources, UpdateError};

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
    /// A socket of the host that cannot be published.
    #[error("cannot publish a socket at {}: {reason}", host_path.display())]
    PublishedSocket {
        /// What was asked for.
        host_path: PathBuf,
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
    /// A writable disk that is smaller or larger than one can be.
    #[error(
        "a writable disk of {asked} cannot be made: its size is {} to {}",
        ByteSize(Resources::MINIMUM_STORAGE_BYTES),
        ByteSize(Resources::MAXIMUM_STORAGE_BYTES)
    )]
    Storage {
        /// What was asked for.
        asked: ByteSize,
    },
    /// Less memory than a container needs.
    #[error("{asked} of memory is too little: at least {} is needed", ByteSize(*minimum_bytes))]
    Memory {
        /// What was asked for.
        asked: ByteSize,
        /// The floor.
        minimum_bytes: u64,
    },
    /// A word that the kernel cannot be told.
    #[error("the kernel cannot be told {argument:?} with --kernel-arg: {reason}")]
    KernelArgument {
        /// The word.
        argument: String,
        /// Why not.
        reason: &'static str,
    },
    /// A path in the container that is none.
    #[error("{flag} {path:?}: an absolute path without \"..\" is needed, or NONE")]
    GuestPath {
        /// The flag.
        flag: &'static str,
        /// What was given.
        path: String,
    },
    /// A limit that cannot be.
    #[error("{flag} {given}: {allowed} can be had")]
    Limit {
        /// The flag.
        flag: &'static str,
        /// What was asked for.
        given: String,
        /// What can be.
        allowed: String,
    },
    /// A kernel parameter that a container cannot set.
    #[error("--sysctl {name}: {reason}")]
    Sysctl {
        /// Its name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// A seccomp profile that cannot be used.
    #[error("--security-opt seccomp={}: {reason}", file.display())]
    SeccompProfile {
        /// The file that it is in.
        file: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A device that cannot be asked for.
    #[error("--device {device}: {reason}")]
    Device {
        /// What was asked for.
        device: String,
        /// Why not.
        reason: &'static str,
    },
    /// A way to keep output that there is not.
    #[error("--log-driver {name}: {reason}; json-file, local and none can be had")]
    LogDriver {
        /// What was asked for.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// An option of the log that cannot be.
    #[error("--log-opt {option}: {reason}")]
    LogOption {
        /// What was given.
        option: String,
        /// Why not.
        reason: String,
    },
    /// A group that is neither a name nor a number.
    #[error("--group-add {group:?}: the name or the number of a group is needed")]
    Group {
        /// What was asked for.
        group: String,
    },
    /// The machines of this host cannot run machines.
    #[error(
        "--virtualization: the machines of {backend} on this host cannot run machines of their own; \
         it takes KVM on an x86-64 host, or macOS 15 with an M3 or a later processor; leave the flag out"
    )]
    NoVirtualization {
        /// What runs the machines.
        backend: String,
    },
    /// The translator could be there.
    #[error(
        "--rosetta: Rosetta is not installed; install it with `softwareupdate --install-rosetta --agree-to-license`"
    )]
    RosettaNotInstalled,
    /// The translator cannot be there.
    #[error(
        "--rosetta: {backend} has no Rosetta, which is a part of macOS on Apple silicon; \
         leave the flag out: images of another platform are emulated (--platform)"
    )]
    NoRosetta {
        /// What runs the machines.
        backend: String,
    },
    /// A container that is removed at its end and started again. The message is Docker's.
    #[error("conflicting options: cannot specify both --restart and --rm")]
    RemovedAndRestarted,
    /// Checks that are switched off and asked for. The message is Docker's.
    #[error("--no-healthcheck conflicts with --health-* options")]
    HealthCheckAndNone,
    /// A value of a check that there cannot be.
    #[error("{flag}: it cannot be {reason}; 0 is the image's value, or else the usual one")]
    HealthCheck {
        /// What asks for it.
        flag: &'static str,
        /// What it is.
        reason: &'static str,
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

impl From<LimitConflict> for RequestError {
    fn from(conflict: LimitConflict) -> Self {
        let LimitConflict { flag, given, allowed } = conflict;
        Self::Limit { flag, given, allowed }
    }
}

impl From<UpdateError> for RequestError {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::Limit(conflict) => conflict.into(),
            UpdateError::RemovedAndRestarted => Self::RemovedAndRestarted,
        }
    }
}
