//! Flags about what is mounted in a container.

use clap::Args;
use container_engine::{ShareMountRequest, VolumeMountRequest, VolumesFromRequest};
use container_model::{ByteSize, Mount};

use super::mount::{self, MountArgument};
use super::tmpfs;
use super::volume::{self, VolumeArgument};

/// What is mounted in the container.
#[derive(Debug, Args)]
#[command(next_help_heading = "Storage options")]
pub(crate) struct StorageFlags {
    /// Mount a directory or file of the host (a SOURCE with a slash), or a volume, which is made if it is not there; without a SOURCE one of the
    /// container's own. OPTIONS: ro, nocopy
    #[arg(short, long, value_name = "[SOURCE:]PATH[:OPTIONS]", value_parser = volume::parse)]
    pub(crate) volume: Vec<VolumeArgument>,

    /// Mount something, for example type=volume,source=data,target=/data,readonly
    #[arg(long, value_name = "KEY=VALUE,...", value_parser = mount::parse)]
    pub(crate) mount: Vec<MountArgument>,

    /// Mount the volumes of another container where that has them
    #[arg(long, value_name = "CONTAINER[:ro]", value_parser = volume::parse_from)]
    pub(crate) volumes_from: Vec<VolumesFromRequest>,

    /// Mount a temporary file system in memory, for example /run:size=64m,mode=755
    #[arg(long, value_name = "PATH[:OPTIONS]", value_parser = tmpfs::parse)]
    pub(crate) tmpfs: Vec<Mount>,

    /// Size of /dev/shm
    #[arg(long, value_name = "SIZE")]
    pub(crate) shm_size: Option<ByteSize>,
}

impl StorageFlags {
    /// What is mounted, by kind.
    pub(crate) fn mounts(self) -> Mounts {
        let mut mounts = Mounts {
            memory: self.tmpfs,
            ..Mounts::default()
        };
        for volume in self.volume {
            match volume {
                VolumeArgument::Volume(volume) => mounts.volumes.push(volume),
                VolumeArgument::Share(share) => mounts.shares.push(share),
            }
        }
        for mount in self.mount {
            match mount {
                MountArgument::Tmpfs(mount) => mounts.memory.push(mount),
                MountArgument::Volume(volume) => mounts.volumes.push(volume),
                MountArgument::Share(share) => mounts.shares.push(share),
            }
        }
        mounts
    }
}

/// What is mounted in a container.
#[derive(Debug, Default)]
pub(crate) struct Mounts {
    /// File systems in memory.
    pub(crate) memory: Vec<Mount>,
    pub(crate) volumes: Vec<VolumeMountRequest>,
    /// Directories and files of the host.
    pub(crate) shares: Vec<ShareMountRequest>,
}
