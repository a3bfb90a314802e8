//! The hidden sub-command that every launcher is: the same program, so that one signature covers both.

use std::process::ExitCode;

use clap::Args;
use container_model::ContainerId;

use crate::error::CommandError;

/// Own one container until it has ended
#[derive(Debug, Args)]
pub(crate) struct Launcher {
    /// The container
    id: ContainerId,
}

impl Launcher {
    /// Becomes the launcher. Must be called on the main thread before anything else was started.
    pub(crate) fn run(self) -> ExitCode {
        container_engine::launch(&self.id).unwrap_or_else(|error| CommandError::from(error).report())
    }
}
