//! All volumes at a glance.

use std::io;

use container_model::{VolumeConfig, VolumeName};

use super::{ListVolumesError, LoadVolumeError, VolumeStore};

/// All volumes.
#[derive(Debug, Default)]
pub struct VolumeListing {
    /// Those that can be read, by name.
    pub volumes: Vec<VolumeConfig>,
    /// Those that cannot.
    pub damaged: Vec<DamagedVolume>,
}

/// A volume whose record cannot be read. It can still be deleted.
#[derive(Debug)]
pub struct DamagedVolume {
    /// Its name.
    pub name: VolumeName,
    /// What is wrong with it.
    pub error: LoadVolumeError,
}

impl VolumeStore {
    /// Reads all volumes.
    ///
    /// # Errors
    /// [`ListVolumesError`] when the directory cannot be read. One volume's damage is an entry of [`VolumeListing::damaged`].
    pub fn list(&self) -> Result<VolumeListing, ListVolumesError> {
        let mut listing = VolumeListing::default();
        for name in self.names()? {
            match self.load(&name) {
                Ok(volume) => listing.volumes.push(volume),
                // Deleted between the two looks.
                Err(LoadVolumeError::NotFound { .. }) => {}
                Err(error) => listing.damaged.push(DamagedVolume { name, error }),
            }
        }
        Ok(listing)
    }

    /// The names in the directory, sorted, without looking at any volume.
    fn names(&self) -> Result<Vec<VolumeName>, ListVolumesError> {
        let failed = |source| ListVolumesError {
            path: self.directory.clone(),
            source,
        };
        let entries = match std::fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(source)),
        };
        let mut names = Vec::new();
        for entry in entries {
            // Names that begin with a point are no volumes'.
            let name = entry.map_err(failed)?.file_name();
            names.extend(name.to_str().and_then(|name| name.parse().ok()));
        }
        names.sort();
        Ok(names)
    }
}
