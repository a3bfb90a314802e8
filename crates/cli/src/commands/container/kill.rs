//! `container kill`.

use clap::Args;
use container_engine::{ContainerView, Engine};
use container_model::{ContainerId, ContainerQuery, Signal};

use super::several;
use crate::error::CommandError;

/// Send a signal to the first process of containers
#[derive(Debug, Args)]
pub(crate) struct Kill {
    /// Signal all running containers
    #[arg(short, long)]
    all: bool,

    /// Signal: a name or a number
    #[arg(short, long, default_value = "KILL")]
    signal: Signal,

    /// Containers
    #[arg(value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Kill {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        several::check_operands(&self.containers, self.all)?;
        let engine = Engine::open()?;
        let (ids, errors) = match self.all {
            true => (several::all(&engine, ContainerView::is_live)?, Vec::new()),
            false => several::find(&engine, &self.containers),
        };
        let kill = |id: ContainerId| {
            let (engine, signal) = (engine.clone(), self.signal);
            async move { Ok(engine.kill(&id, signal).await?) }
        };
        several::each(ids, errors, kill).await
    }
}
