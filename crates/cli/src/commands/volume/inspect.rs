//! `container volume inspect`.

use clap::Args;
use container_engine::Engine;
use container_model::VolumeName;

use super::view::volume_json;
use crate::error::CommandError;
use crate::output::InspectFlags;

/// Show everything about volumes, as JSON
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Volumes
    #[arg(required = true, value_name = "VOLUME")]
    volumes: Vec<VolumeName>,

    #[command(flatten)]
    output: InspectFlags,
}

impl Inspect {
    /// Of these volumes.
    ///
    /// # Errors
    /// When one of them is no name.
    pub(crate) fn new(names: &[String], output: InspectFlags) -> Result<Self, CommandError> {
        let names = names.iter().map(|name| name.parse());
        let volumes = names.collect::<Result<Vec<VolumeName>, _>>();
        Ok(Self {
            volumes: volumes.map_err(|error| CommandError::usage(error.to_string()))?,
            output,
        })
    }

    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        for name in &self.volumes {
            match engine.volume(name) {
                Ok(volume) => found.push(volume_json(&volume)),
                Err(error) => errors.push(error.into()),
            }
        }
        if !errors.is_empty() {
            return Err(CommandError::joined(&errors));
        }
        self.output.print(found)?;
        Ok(0)
    }
}
