//! Flags that `run` and `create` share besides those of the process.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use container_engine::{CreateRequest, LimitRequest, PullOptions, PullPolicy};
use container_model::{ByteSize, ContainerId, Rlimit};
use container_oci::{Platform, Reference};

use super::cpus;
use super::label::Label;
use super::ulimit;
use super::{
    EndingFlags, GroupLimitFlags, HealthFlags, LabelFlags, LackOfMemoryFlags, LogFlags, MachineFlags, NamespaceFlags,
    NetworkingFlags, ProcessFlags, SecurityFlags, StorageFlags,
};
use crate::error::CommandError;
use crate::output;

/// What the container is to be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Container options")]
pub(crate) struct ContainerFlags {
    /// Name of the container; a random id otherwise
    #[arg(long)]
    pub(crate) name: Option<ContainerId>,

    /// Number of CPUs
    #[arg(short, long, value_name = "COUNT", value_parser = cpus::parse)]
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

    /// Boot at every start, even where a template of the image is at hand
    #[arg(long)]
    pub(crate) cold: bool,

    /// Run the program below a small PID 1 that passes signals on and reaps orphans
    #[arg(long)]
    pub(crate) init: bool,

    /// When to pull the image
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = PullWhen::Missing)]
    pub(crate) pull: PullWhen,

    #[command(flatten)]
    pub(crate) ending: EndingFlags,

    #[command(flatten)]
    pub(crate) health: HealthFlags,

    #[command(flatten)]
    pub(crate) labels: LabelFlags,

    #[command(flatten)]
    pub(crate) logging: LogFlags,

    #[command(flatten)]
    pub(crate) limits: GroupLimitFlags,

    #[command(flatten)]
    pub(crate) lack_of_memory: LackOfMemoryFlags,

    /// Add a supplementary group, by name or number
    #[arg(long, value_name = "GROUP")]
    pub(crate) group_add: Vec<String>,

    #[command(flatten)]
    pub(crate) security: SecurityFlags,

    #[command(flatten)]
    pub(crate) namespaces: NamespaceFlags,

    #[command(flatten)]
    pub(crate) machine: MachineFlags,

    #[command(flatten)]
    pub(crate) storage: StorageFlags,

    #[command(flatten)]
    pub(crate) networking: NetworkingFlags,
}

/// When the image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PullWhen {
    Always,
    Missing,
    Never,
}

impl ContainerFlags {
    /// Refuses what contradicts itself.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        if let Some(hint) = self.storage.hint() {
            output::note(&format!("Hint: {hint}"));
        }
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
        let storage_size = self.storage.storage_size();
        let (published_sockets, ssh) = (self.storage.publish_socket.clone(), self.storage.ssh);
        let mounts = self.storage.mounts();
        Ok(CreateRequest {
            image,
            pull,
            pull_policy: match self.pull {
                PullWhen::Always => PullPolicy::Always,
                PullWhen::Missing => PullPolicy::Missing,
                PullWhen::Never => PullPolicy::Never,
            },
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
            storage_size,
            labels: self.labels.labels(self.label)?,
            annotations: self.labels.annotations(),
            rlimits: self.ulimit,
            limits: LimitRequest {
                oom_score_adj: self.lack_of_memory.oom_score_adj,
                ..self.limits.request()
            },
            additional_groups: self.group_add,
            cap_add: self.cap_add,
            cap_drop: self.cap_drop,
            security: self.security.request()?,
            init: self.init,
            machine: self.machine.request(),
            mounts: mounts.memory,
            volumes: mounts.volumes,
            shares: mounts.shares,
            volumes_from,
            published_sockets,
            ssh,
            networking: self.networking.request()?,
            read_only: self.read_only,
            auto_remove: self.remove,
            log: self.logging.request(),
            stop_signal: self.ending.stop_signal,
            stop_timeout_seconds: self.ending.stop_timeout,
            restart: self.ending.restart,
            health: self.health.request(),
            kernel: self.kernel,
            cold: self.cold,
        })
    }
}
