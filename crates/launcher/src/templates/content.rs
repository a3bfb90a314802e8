//! What a template's machine holds when it is saved.

use std::io;
use std::path::PathBuf;

use container_agent_api::v1::CreateContainerRequest;
use container_hypervisor::{Disk, DiskAccess, DiskSerial, FlushPolicy};
use container_state::{RootDiskError, RootDiskFormat, make_root_disk};
use container_templates::NewTemplate;

/// What the machine holds.
#[derive(Debug)]
pub(super) enum Content {
    /// A container of an image: a container continues from there that is new and has nothing of its own mounted.
    Container {
        /// What makes it.
        request: Box<CreateContainerRequest>,
        root_disk: RootDiskFormat,
    },
    /// None. The container that continues from there is made afterwards, on disks of its own.
    Machine { disks: Vec<BlankDisk> },
}

/// What the kernel of a machine knows of a disk that nobody has read: neither what is on it nor how the host keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BlankDisk {
    pub(super) serial: DiskSerial,
    pub(super) access: DiskAccess,
    pub(super) length_bytes: u64,
}

/// The disks of a template's machine cannot be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum DisksError {
    #[error(transparent)]
    Root(#[from] RootDiskError),
    #[error("cannot make a disk for its machine: {0}")]
    Blank(#[from] io::Error),
}

impl BlankDisk {
    /// What the kernel knows of each of the disks.
    ///
    /// # Errors
    /// The file that cannot be looked at.
    pub(super) fn all_of(disks: &[Disk]) -> Result<Vec<Self>, (PathBuf, io::Error)> {
        let blank = |disk: &Disk| {
            let metadata = std::fs::metadata(&disk.path).map_err(|source| (disk.path.clone(), source))?;
            Ok(Self {
                serial: disk.serial.clone(),
                access: disk.access,
                length_bytes: metadata.len(),
            })
        };
        disks.iter().map(blank).collect()
    }

    /// A disk of this kind on which nothing is.
    fn make(&self, new: &NewTemplate) -> io::Result<Disk> {
        Ok(Disk {
            serial: self.serial.clone(),
            path: new.make_blank_disk(self.serial.as_str(), self.length_bytes)?,
            access: self.access,
            flush: FlushPolicy::Never,
        })
    }
}

impl Content {
    /// Makes the disks of the template's machine; `None` where they are those of the container, and only the writable one is the template's.
    pub(super) fn make_disks(&self, new: &NewTemplate) -> Result<Option<Vec<Disk>>, DisksError> {
        match self {
            Self::Container { root_disk, .. } => {
                make_root_disk(new.disk(), root_disk)?;
                Ok(None)
            }
            Self::Machine { disks } => {
                // Each container has its own.
                std::fs::File::create_new(new.disk())?;
                let disks: io::Result<Vec<Disk>> = disks.iter().map(|disk| disk.make(new)).collect();
                Ok(Some(disks?))
            }
        }
    }

    /// What makes its container.
    pub(super) fn request(&self) -> Option<&CreateContainerRequest> {
        match self {
            Self::Container { request, .. } => Some(request),
            Self::Machine { .. } => None,
        }
    }
}
