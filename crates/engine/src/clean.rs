//! Giving disk space back to the host.

use container_launcher::control::v1;
use container_model::ContainerId;

use crate::{Engine, EngineError};

impl Engine {
    /// Gives free blocks of the disks of a running container back to the host: of its own, and of those of volumes, as far as it can write to
    /// them. Returns how many bytes; blocks that were given back before do not count again.
    ///
    /// # Errors
    /// [`EngineError::Phase`] when the container does not run, [`EngineError::Control`] when the guest cannot do it.
    pub async fn clean(&self, id: &ContainerId) -> Result<u64, EngineError> {
        let mut client = self.running_client(id, "clean").await?;
        let response = client.trim(v1::TrimRequest {}).await;
        let response = response.map_err(EngineError::control("clean the container"))?;
        Ok(response.into_inner().trimmed_bytes)
    }
}
