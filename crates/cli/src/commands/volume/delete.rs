//! `container volume delete`.

use clap::Args;
use container_engine::{Engine, FailureClass};
use container_model::VolumeName;

use crate::error::CommandError;
use crate::output;

/// Delete volumes that no container uses, with what is on them, and print their names
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Delete all volumes
    #[arg(short, long, conflicts_with = "volumes")]
    all: bool,

    /// Those that are not there are no error, as in Docker; used ones are
    #[arg(short, long)]
    force: bool,

    /// Volumes
    #[arg(required_unless_present = "all", value_name = "VOLUME")]
    volumes: Vec<VolumeName>,
}

impl Delete {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let names = match self.all {
            true => engine.volumes()?.into_iter().map(|volume| volume.config.name).collect(),
            false => self.volumes,
        };
        let mut errors = Vec::new();
        for name in &names {
            match engine.delete_volume(name) {
                Ok(()) => output::line(name.as_str())?,
                Err(error) if self.force && error.class() == FailureClass::NotFound => {}
                Err(error) => errors.push(CommandError::from(error)),
            }
        }
        match errors.len() {
            0 => Ok(0),
            _ => Err(CommandError::joined(&errors)),
        }
    }
}
