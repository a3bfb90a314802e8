//! `container volume inspect`.

use clap::Args;
use container_engine::Engine;
use container_model::VolumeName;

use super::view::volume_json;
use crate::error::CommandError;
use crate::output;

/// Show everything about volumes, as JSON
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Volumes
    #[arg(required = true, value_name = "VOLUME")]
    volumes: Vec<VolumeName>,
}

impl Inspect {
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
        output::text(&output::pretty(found.into()))?;
        Ok(0)
    }
}
