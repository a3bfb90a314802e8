//! Reading a volume.

use container_durable::read_record;
use container_model::{VolumeConfig, VolumeName};

use super::{Body, LoadVolumeError, VolumeStore};

impl VolumeStore {
    /// Reads the volume of this name.
    ///
    /// # Errors
    /// [`LoadVolumeError::NotFound`].
    pub fn load(&self, name: &VolumeName) -> Result<VolumeConfig, LoadVolumeError> {
        let path = self.record(name);
        match read_record::<Body>(&path)? {
            Some(record) if record.body.0.name == *name => Ok(record.body.0),
            Some(record) => Err(LoadVolumeError::Foreign {
                path,
                found: record.body.0.name,
            }),
            None => Err(LoadVolumeError::NotFound { name: name.clone() }),
        }
    }
}
