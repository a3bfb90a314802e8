//! Flags about what is mounted in a container.

use clap::Args;
use container_engine::{VolumeMountRequest, VolumesFromRequest};
use container_model::{ByteSize, Mount};

use super::mount::{self, MountArgument};
use super::{tmpfs, volume};

/// What is mounted in the container.
#[derive(Debug, Args)]
#[command(next_help_heading = "Storage options")]
pub(crate) struct StorageFlags {
    /// Mount a volume, which is made if it is not there; without a name one of the container's own. OPTIONS: ro, nocopy
    #[arg(short, long, value_name = "[NAME:]PATH[:OPTIONS]", value_parser = volume::parse)]
    pub(crate) volume: Vec<VolumeMountRequest>,

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
    /// File systems in memory, and volumes.
    pub(crate) fn mounts(self) -> (Vec<Mount>, Vec<VolumeMountRequest>) {
        let (mut memory, mut volumes) = (self.tmpfs, self.volume);
        for mount in self.mount {
            match mount {
                MountArgument::Tmpfs(mount) => memory.push(mount),
                MountArgument::Volume(volume) => volumes.push(volume),
            }
        }
        (memory, volumes)
    }
}
