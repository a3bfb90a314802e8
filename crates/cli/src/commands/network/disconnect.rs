//! `container network disconnect`.

use clap::Args;
use container_engine::Engine;
use container_model::{ContainerQuery, NetworkName};

use crate::error::CommandError;

/// Take a container from a network
#[derive(Debug, Args)]
pub(crate) struct Disconnect {
    /// Do not fail when the container is not on the network
    #[arg(short, long)]
    force: bool,

    /// Network
    network: NetworkName,

    /// Container
    container: ContainerQuery,
}

impl Disconnect {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let id = engine.find(&self.container)?;
        engine.disconnect_network(&id, &self.network, self.force).await?;
        Ok(0)
    }
}
