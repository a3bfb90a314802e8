//! `container delete`.

use clap::Args;
use container_engine::Engine;
use container_model::{ContainerId, ContainerQuery};

use super::several;
use crate::error::CommandError;

/// Delete containers
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Delete all containers; running ones only with --force
    #[arg(short, long)]
    all: bool,

    /// Kill containers that run
    #[arg(short, long)]
    force: bool,

    /// Delete the volumes that were made for them alone, too
    #[arg(short, long)]
    volumes: bool,

    /// Containers
    #[arg(value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Delete {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        several::check_operands(&self.containers, self.all)?;
        let engine = Engine::open()?;
        let (ids, errors) = match self.all {
            true => (several::all(&engine, |view| self.force || !view.is_live())?, Vec::new()),
            false => several::find(&engine, &self.containers),
        };
        let delete = |id: ContainerId| {
            let (engine, force, volumes) = (engine.clone(), self.force, self.volumes);
            async move { Ok(engine.delete(&id, force, volumes).await?) }
        };
        several::each(ids, errors, delete).await
    }
}
