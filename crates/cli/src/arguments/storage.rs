//! Flags about what is mounted in a container.

use clap::Args;
use container_engine::{PublishedSocketRequest, ShareMountRequest, VolumeMountRequest, VolumesFromRequest};
use container_model::{ByteSize, Mount, SizeError};

use super::mount::{self, MountArgument};
use super::volume::{self, VolumeArgument};
use super::without_effect::{self, Written};
use super::{publish_socket, tmpfs};

/// What is mounted in the container.
#[derive(Debug, Args)]
#[command(next_help_heading = "Storage options")]
pub(crate) struct StorageFlags {
    /// Mount a directory, file or socket of the host (a SOURCE with a slash), or a volume, which is made if it is not there; without a SOURCE
    /// one of the container's own. OPTIONS: ro, nocopy
    #[arg(short, long, value_name = "[SOURCE:]PATH[:OPTIONS]", value_parser = volume::parse)]
    pub(crate) volume: Vec<Written<VolumeArgument>>,

    /// Mount something, for example type=volume,source=data,target=/data,readonly
    #[arg(long, value_name = "KEY=VALUE,...", value_parser = mount::parse)]
    pub(crate) mount: Vec<Written<MountArgument>>,

    /// Mount the volumes of another container where that has them
    #[arg(long, value_name = "CONTAINER[:ro]", value_parser = volume::parse_from)]
    pub(crate) volumes_from: Vec<VolumesFromRequest>,

    /// Mount a temporary file system in memory, for example /run:size=64m,mode=755
    #[arg(long, value_name = "PATH[:OPTIONS]", value_parser = tmpfs::parse)]
    pub(crate) tmpfs: Vec<Mount>,

    /// Size of /dev/shm
    #[arg(long, value_name = "SIZE")]
    pub(crate) shm_size: Option<ByteSize>,

    /// Size of the container's writable disk; 64g otherwise. The host's disk has what is written
    #[arg(long, value_name = "SIZE", conflicts_with = "storage_opt")]
    pub(crate) storage_size: Option<ByteSize>,

    /// The same in Docker's words: size=SIZE
    #[arg(long, value_name = "KEY=VALUE", value_parser = storage_option)]
    pub(crate) storage_opt: Vec<ByteSize>,

    /// Make a Unix socket on the host that leads to one in the container
    #[arg(long, value_name = "HOST:CONTAINER", value_parser = publish_socket::parse)]
    pub(crate) publish_socket: Vec<PublishedSocketRequest>,

    /// Forward the SSH agent that SSH_AUTH_SOCK names when the container is started
    #[arg(long)]
    pub(crate) ssh: bool,
}

/// The only option of storage that there is.
fn storage_option(text: &str) -> Result<ByteSize, String> {
    match text.split_once('=') {
        Some(("size", size)) => size.parse().map_err(|error: SizeError| error.to_string()),
        Some((key, _)) => Err(format!("there is no option {key:?}: use size=SIZE")),
        None => Err("a key and a value are needed: size=SIZE".to_owned()),
    }
}

impl StorageFlags {
    /// Size of the writable disk, in whichever words; the last one counts.
    pub(crate) fn storage_size(&self) -> Option<ByteSize> {
        self.storage_size.or(self.storage_opt.last().copied())
    }

    /// What to say, once, about words that mean something to other tools only.
    pub(crate) fn hint(&self) -> Option<String> {
        let of_volumes = self.volume.iter().flat_map(|written| &written.without_effect);
        let of_mounts = self.mount.iter().flat_map(|written| &written.without_effect);
        without_effect::hint(of_volumes.chain(of_mounts))
    }

    /// What is mounted, by kind.
    pub(crate) fn mounts(self) -> Mounts {
        let mut mounts = Mounts {
            memory: self.tmpfs,
            ..Mounts::default()
        };
        for volume in self.volume {
            match volume.meant {
                VolumeArgument::Volume(volume) => mounts.volumes.push(volume),
                VolumeArgument::Share(share) => mounts.shares.push(share),
            }
        }
        for mount in self.mount {
            match mount.meant {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_the_only_option_of_storage() {
        assert_eq!(storage_option("size=2g"), Ok(ByteSize(2 << 30)));
        for (text, part) in [("inodes=5", "inodes"), ("2g", "size=SIZE"), ("size=x", "invalid size")] {
            let error = storage_option(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_command_says_once_what_changes_nothing() {
        let said = |volumes: &[&str], mounts: &[&str]| {
            let volumes = volumes
                .iter()
                .flat_map(|text| volume::parse(text).unwrap().without_effect);
            let mounts = mounts
                .iter()
                .flat_map(|text| mount::parse(text).unwrap().without_effect);
            let words: Vec<String> = volumes.chain(mounts).collect();
            without_effect::hint(words.iter())
        };
        assert_eq!(
            said(&["/z:/d:ro,rslave", "Z:/cached", "/Z"], &["type=bind,src=/z,dst=/d"]),
            None
        );
        let one = said(&["/a:/d:Z", "data:/e:ro,Z"], &[]).unwrap();
        assert!(one.starts_with("Z changes nothing here"), "{one}");
        let several = said(&["/a:/d:z,cached"], &["type=bind,src=/z,dst=/d,consistency=delegated"]).unwrap();
        assert!(
            several.starts_with("cached, consistency=delegated, z change nothing"),
            "{several}"
        );
    }
}
