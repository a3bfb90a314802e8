//! `container system property list`.

use clap::{Args, ValueEnum};
use container_engine::Engine;

use crate::error::{CommandError, cannot};
use crate::output::{self, Format};

/// Show the settings in effect, in the shape of config.toml
#[derive(Debug, Args)]
pub(crate) struct List {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: PropertyFormat,
}

/// There is no table of what is a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum PropertyFormat {
    #[default]
    Toml,
    Json,
}

impl List {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let settings = engine.settings().map_err(|error| cannot("print the settings", error))?;
        let format = match self.format {
            PropertyFormat::Toml => Format::Toml,
            PropertyFormat::Json => Format::Json,
        };
        output::text(&format.render(settings)?)?;
        Ok(0)
    }
}
