//! `container inspect`.

use clap::Args;
use container_engine::Engine;
use container_model::ContainerQuery;

use crate::error::CommandError;
use crate::output::{self, container_json};

/// Show everything about containers, as JSON
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Containers
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<ContainerQuery>,
}

impl Inspect {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        for query in &self.containers {
            match engine.find(query).and_then(|id| engine.load(&id)) {
                Ok(view) => found.push(container_json(&view, &engine)),
                Err(error) => errors.push(error.into()),
            }
        }
        if !errors.is_empty() {
            return Err(CommandError::joined(&errors));
        }
        output::text(&output::pretty(found.into()))?;
        Ok(0)
    }
}
