//! `container rename`.

use clap::Args;
use container_engine::Engine;
use container_model::{ContainerId, ContainerQuery};

use crate::error::CommandError;

/// Give a container that does not run another name
///
/// Its host name follows, unless --hostname has said one, and so do the names under which others on its networks find it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  container rename web web-old")]
pub(crate) struct Rename {
    /// Container
    #[arg(value_name = "CONTAINER")]
    container: ContainerQuery,

    /// Its new name
    #[arg(value_name = "NAME")]
    name: ContainerId,
}

impl Rename {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let id = engine.find(&self.container)?;
        engine.rename(&id, &self.name)?;
        Ok(0)
    }
}
