//! `container restart`.

use std::time::Duration;

use clap::Args;
use container_engine::Engine;
use container_model::{ContainerId, ContainerQuery, Signal};

use super::several;
use super::ssh_agent::warn_without_agent;
use crate::arguments::seconds;
use crate::error::CommandError;

/// Stop containers as stop does, and start them again, detached
///
/// One that does not run is started.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  container restart --time 30 web")]
pub(crate) struct Restart {
    /// Signal to ask with; the container's stop signal or its image's, else TERM
    #[arg(short, long)]
    signal: Option<Signal>,

    /// Seconds to wait before the container is killed; the container's stop timeout, else 5
    #[arg(short, long, alias = "timeout", value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds::parse)]
    time: Option<u32>,

    /// Containers
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Restart {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let (ids, errors) = several::find(&engine, &self.containers);
        let timeout = self.time.map(|seconds| Duration::from_secs(seconds.into()));
        let restart = |id: ContainerId| {
            let (engine, signal) = (engine.clone(), self.signal);
            async move {
                warn_without_agent(engine.load(&id)?.config.ssh);
                Ok(engine.restart(&id, signal, timeout).await?)
            }
        };
        several::each(ids, errors, restart).await
    }
}
