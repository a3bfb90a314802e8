//! Directories of the host on virtiofs devices.

use container_hypervisor::{CreateError, SHARES_TAG, ShareAccess, SharedDirectory, TRANSLATOR_TAG};

use super::paths;

/// A `VZVirtioFileSystemDeviceConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SharePlan {
    /// `VZMultipleDirectoryShare`, also for a single directory: where the guest finds one does not depend on how many there are.
    Directories {
        /// Tag of the device.
        tag: &'static str,
        /// What it shows.
        directories: Vec<DirectoryPlan>,
    },
    /// `VZLinuxRosettaDirectoryShare` with the tag [`TRANSLATOR_TAG`].
    Translation,
}

/// `VZSharedDirectory` under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryPlan {
    /// Its name within the device.
    pub name: String,
    /// Host directory.
    pub path: String,
    /// Whether the guest may only read.
    pub read_only: bool,
}

impl SharePlan {
    /// The one device with all directories, if there are any.
    pub(super) fn directories(shares: Vec<SharedDirectory>) -> Result<Option<Self>, CreateError> {
        let directories = shares
            .into_iter()
            .map(DirectoryPlan::new)
            .collect::<Result<Vec<_>, _>>()?;
        Ok((!directories.is_empty()).then_some(Self::Directories {
            tag: SHARES_TAG,
            directories,
        }))
    }

    /// Tag by which the guest finds the device.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self {
            Self::Directories { tag, .. } => tag,
            Self::Translation => TRANSLATOR_TAG,
        }
    }
}

impl DirectoryPlan {
    fn new(share: SharedDirectory) -> Result<Self, CreateError> {
        let SharedDirectory { name, path, access, .. } = share;
        Ok(Self {
            name: name.as_str().to_owned(),
            path: paths::text("shared directory", path)?,
            read_only: access == ShareAccess::ReadOnly,
        })
    }
}
