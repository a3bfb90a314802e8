//! What the unit's commands say of each container, to the journal.

use container_engine::EngineError;
use container_model::{ContainerId, exit_code};

use crate::error::CommandError;
use crate::output;

/// What has become of the containers so far.
pub(super) struct Told {
    verb: &'static str,
    errors: Vec<CommandError>,
}

impl Told {
    /// Nothing yet of what a command does to each, `start` for example.
    pub(super) fn new(verb: &'static str) -> Self {
        Self {
            verb,
            errors: Vec::new(),
        }
    }

    /// Prints the id of a container for which it worked.
    pub(super) fn add(&mut self, id: &ContainerId, result: Result<(), EngineError>) {
        match result {
            // Where nobody reads it, the others have their turn all the same.
            Ok(()) => drop(output::line(id.as_str())),
            Err(error) => {
                let hint = error.hint();
                let told = CommandError::new(format!("cannot {} container {id}: {error}", self.verb));
                self.errors.push(match hint {
                    Some(hint) => told.with_hint(hint),
                    None => told,
                });
            }
        }
    }

    /// The end of the command, which has failed when it has for one container.
    pub(super) fn result(self) -> Result<u8, CommandError> {
        match self.errors.is_empty() {
            true => Ok(0),
            false => Err(CommandError::joined(&self.errors).with_code(exit_code::FAILURE)),
        }
    }
}
