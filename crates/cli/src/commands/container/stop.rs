//! `container stop`.

use std::time::Duration;

use clap::Args;
use container_engine::{ContainerView, Engine};
use container_model::{ContainerId, ContainerQuery, Signal};

use super::several;
use crate::arguments::seconds;
use crate::error::CommandError;

/// Stop containers: ask politely, then kill
#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// Stop all running containers
    #[arg(short, long)]
    all: bool,

    /// Signal to ask with; the container's stop signal or its image's, else TERM
    #[arg(short, long)]
    signal: Option<Signal>,

    /// Seconds to wait before the container is killed; the container's stop timeout, else 5
    #[arg(short, long, alias = "timeout", value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds::parse)]
    time: Option<u32>,

    /// Containers
    #[arg(value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Stop {
    /// Stops all that runs, as `container stop --all` does.
    pub(crate) fn every_container() -> Self {
        Self {
            all: true,
            signal: None,
            time: None,
            containers: Vec::new(),
        }
    }

    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        several::check_operands(&self.containers, self.all)?;
        let engine = Engine::open()?;
        let (ids, errors) = match self.all {
            true => (several::all(&engine, ContainerView::is_live)?, Vec::new()),
            false => several::find(&engine, &self.containers),
        };
        let timeout = self.time.map(|seconds| Duration::from_secs(seconds.into()));
        let stop = |id: ContainerId| {
            let (engine, signal) = (engine.clone(), self.signal);
            async move { Ok(engine.stop(&id, signal, timeout).await?) }
        };
        several::each(ids, errors, stop).await
    }
}
