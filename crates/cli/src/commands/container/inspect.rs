//! `container inspect`.

use clap::Args;
use container_engine::Engine;

use crate::error::CommandError;
use crate::output::{self, container_json};

/// Show everything about containers, as JSON
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Containers
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Inspect {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in &self.containers {
            match engine.find(name) {
                Ok(view) => found.push(container_json(&view)),
                Err(container_engine::EngineError::NoSuchContainer { name }) => missing.push(name),
                Err(error) => return Err(error.into()),
            }
        }
        if !missing.is_empty() {
            return Err(CommandError::new(format!("no such container: {}", missing.join(", ")))
                .with_hint("container list --all"));
        }
        output::text(&output::pretty(found.into()))?;
        Ok(0)
    }
}
