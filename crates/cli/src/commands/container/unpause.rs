//! `container unpause`.

use clap::Args;
use container_engine::Engine;
use container_model::{ContainerId, ContainerQuery};

use super::several;
use crate::error::CommandError;

/// Let the processes of paused containers go on
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  container unpause web")]
pub(crate) struct Unpause {
    /// Containers
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Unpause {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let (ids, errors) = several::find(&engine, &self.containers);
        let unpause = |id: ContainerId| {
            let engine = engine.clone();
            async move { Ok(engine.unpause(&id).await?) }
        };
        several::each(ids, errors, unpause).await
    }
}
