//! Pausing fake machines and saving them as templates.

use std::io::{self, Write as _};
use std::path::Path;

use async_trait::async_trait;

use super::machine::FakeMachine;
use super::template::{MEMORY, new_file};
use crate::capability::{Pause, Template};
use crate::{GuestMemory, MachineError};

#[async_trait]
impl Pause for FakeMachine {
    async fn pause(&self) -> Result<(), MachineError> {
        self.paused.send_replace(true);
        Ok(())
    }

    async fn resume(&self) -> Result<(), MachineError> {
        self.paused.send_replace(false);
        Ok(())
    }
}

#[async_trait]
impl Template for FakeMachine {
    async fn save(&self, state: &Path) -> Result<(), MachineError> {
        let failed = |step| {
            move |error: io::Error| MachineError::Save {
                step,
                reason: error.to_string(),
            }
        };
        self.paused.send_replace(true);
        let text = self.agent.to_text();
        let mut file = new_file(state).map_err(failed("making the file of the state"))?;
        file.write_all(text.as_bytes()).map_err(failed("writing the state"))?;
        match &self.memory {
            GuestMemory::Template { path, .. } => std::fs::write(path, MEMORY).map_err(failed("writing the memory")),
            GuestMemory::Own | GuestMemory::Restored { .. } => Ok(()),
        }
    }
}
