//! `container wait`.

use clap::Args;
use container_engine::{Engine, EngineError};
use container_model::ContainerQuery;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;

use crate::error::CommandError;
use crate::output;

/// Wait until containers do not run, and print their exit codes
///
/// One line for each container, in the order of their names; 0 for one that never ran.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  container run -d --name job my/job && exit $(container wait job)")]
pub(crate) struct Wait {
    /// Containers
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Wait {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        // All at once: one that is removed at its end has to be waited for before that.
        let mut waits: FuturesOrdered<_> = self.containers.iter().map(|query| wait(&engine, query)).collect();
        let mut errors: Vec<CommandError> = Vec::new();
        while let Some(waited) = waits.next().await {
            match waited {
                Ok(exit_code) => output::line(&exit_code.to_string())?,
                Err(error) => errors.push(error.into()),
            }
        }
        match errors.len() {
            0 => Ok(0),
            _ => Err(CommandError::joined(&errors)),
        }
    }
}

async fn wait(engine: &Engine, query: &ContainerQuery) -> Result<u8, EngineError> {
    engine.wait(&engine.find(query)?).await
}
