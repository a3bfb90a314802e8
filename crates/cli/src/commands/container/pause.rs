//! `container pause`.

use clap::Args;
use container_engine::Engine;
use container_model::{ContainerId, ContainerQuery};

use super::several;
use crate::error::CommandError;

/// Stop all processes of running containers where they are
///
/// They take no processor time then, and keep their memory and connections. Until unpause no program can be started in them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  container pause web && container unpause web")]
pub(crate) struct Pause {
    /// Containers
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Pause {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let (ids, errors) = several::find(&engine, &self.containers);
        let pause = |id: ContainerId| {
            let engine = engine.clone();
            async move { Ok(engine.pause(&id).await?) }
        };
        several::each(ids, errors, pause).await
    }
}
