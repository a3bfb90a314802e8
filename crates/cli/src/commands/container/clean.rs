//! `container clean`.

use clap::Args;
use container_engine::Engine;
use container_model::{ContainerId, ContainerQuery};

use super::several;
use crate::error::CommandError;

/// Give the disk space that running containers have freed, and memory with files that they have read, back to the host
///
/// What is deleted in a container is given back while it runs; this makes up for what was not. Disks that a container cannot write to are
/// left out. Files that are needed again are read again.
#[derive(Debug, Args)]
pub(crate) struct Clean {
    /// Containers
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Clean {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let (ids, errors) = several::find(&engine, &self.containers);
        let clean = |id: ContainerId| {
            let engine = engine.clone();
            async move {
                let trimmed_bytes = engine.clean(&id).await?;
                tracing::debug!(%id, trimmed_bytes, "gave free blocks back");
                Ok(())
            }
        };
        several::each(ids, errors, clean).await
    }
}
