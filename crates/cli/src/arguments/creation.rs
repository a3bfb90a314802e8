//! Flags that `run` and `create` share besides those of the process.

use std::path::PathBuf;

use clap::Args;
use container_engine::{CreateRequest, PullOptions};
use container_model::{ByteSize, ContainerId, Rlimit};
use container_oci::{Platform, Reference};

use super::label::{self, Label};
use super::ulimit;
use super::{LaterFlags, NetworkingFlags, ProcessFlags, StorageFlags};
use crate::error::CommandError;

/// What the container is to be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Container options")]
pub(crate) struct ContainerFlags {
    /// Name of the container; a random id otherwise
    #[arg(long)]
    pub(crate) name: Option<ContainerId>,

    /// Number of CPUs
    #[arg(short, long, value_name = "COUNT")]
    pub(crate) cpus: Option<u32>,

    /// Memory, for example 512m or 2g
    #[arg(short, long, value_name = "SIZE")]
    pub(crate) memory: Option<ByteSize>,

    /// Program to run instead of the image's entrypoint and command
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) entrypoint: Option<String>,

    /// Write the container's id to a new file
    #[arg(long, value_name = "FILE")]
    pub(crate) cidfile: Option<PathBuf>,

    /// Detach: print the id and leave the container running
    #[arg(short, long)]
    pub(crate) detach: bool,

    /// Delete the container once it has ended
    #[arg(long = "rm", visible_alias = "remove")]
    pub(crate) remove: bool,

    /// Make the root file system read-only
    #[arg(long)]
    pub(crate) read_only: bool,

    /// Label the container
    #[arg(short, long, value_name = "KEY=VALUE")]
    pub(crate) label: Vec<Label>,

    /// Limit a resource, for example nofile=1024:4096
    #[arg(long, value_name = "TYPE=SOFT[:HARD]", value_parser = ulimit::parse)]
    pub(crate) ulimit: Vec<Rlimit>,

    /// Add a capability, or ALL
    #[arg(long, value_name = "CAPABILITY")]
    pub(crate) cap_add: Vec<String>,

    /// Drop a capability, or ALL
    #[arg(long, value_name = "CAPABILITY")]
    pub(crate) cap_drop: Vec<String>,

    /// Kernel image to boot
    #[arg(short, long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) storage: StorageFlags,

    #[command(flatten)]
    pub(crate) networking: NetworkingFlags,

    #[command(flatten)]
    pub(crate) later: LaterFlags,
}

impl ContainerFlags {
    /// Refuses what this release cannot do and what contradicts itself.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        self.later.refuse()?;
        ulimit::check_unique(&self.ulimit).map_err(CommandError::usage)
    }

    /// The container that all flags together ask for.
    pub(crate) fn request(
        self,
        process: &ProcessFlags,
        image: Reference,
        pull: PullOptions,
        platform: Option<Platform>,
        arguments: Vec<String>,
    ) -> Result<CreateRequest, CommandError> {
        let (shm_size, volumes_from) = (self.storage.shm_size, self.storage.volumes_from.clone());
        let mounts = self.storage.mounts();
        Ok(CreateRequest {
            image,
            pull,
            platform,
            arguments,
            entrypoint: self.entrypoint,
            environment: process.environment()?,
            working_directory: process.workdir.clone(),
            user: process.user_request(),
            terminal: process.tty,
            stdin: process.interactive,
            cpus: self.cpus,
            memory: self.memory,
            shm_size,
            labels: label::collect(self.label),
            rlimits: self.ulimit,
            cap_add: self.cap_add,
            cap_drop: self.cap_drop,
            mounts: mounts.memory,
            volumes: mounts.volumes,
            shares: mounts.shares,
            volumes_from,
            networking: self.networking.request()?,
            read_only: self.read_only,
            auto_remove: self.remove,
            stop_signal: None,
            kernel: self.kernel,
        })
    }
}
