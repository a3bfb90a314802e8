//! `container volume create`.

use clap::Args;
use container_engine::{CreateVolumeRequest, Engine};
use container_model::{VolumeConfig, VolumeName};

use crate::arguments::{Label, collect_labels};
use crate::error::CommandError;
use crate::output;

/// The kind of volume that Docker and Apple's tool make unless they are told otherwise, and the only one here.
const DRIVER: &str = "local";

/// Create a volume, and print its name
///
/// A volume is a disk with a file system of its own. It outlives the containers that use it; one running container at a time can write to
/// it. Its file takes what was written to it, not its size. With --opt type=shared it is a directory that several running containers use.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Label the volume
    #[arg(short, long, value_name = "KEY=VALUE")]
    label: Vec<Label>,

    /// Option: size=SIZE; journal=ordered, writeback or journal, with :SIZE if you like; type=shared
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = option)]
    opt: Vec<Label>,

    /// Size of the volume, for example 10g; 512 GiB otherwise
    #[arg(short, long, value_name = "SIZE")]
    size: Option<String>,

    /// What makes the volume; only "local"
    #[arg(short, long, value_name = "NAME", hide = true)]
    driver: Option<String>,

    /// Name of the volume
    name: VolumeName,
}

impl Create {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        if let Some(driver) = self.driver.filter(|driver| driver != DRIVER) {
            return Err(CommandError::usage(format!(
                "there is no driver {driver:?} for volumes"
            )));
        }
        let mut options = collect_labels(self.opt);
        if let Some(size) = self.size {
            options.insert(VolumeConfig::SIZE_OPTION.to_owned(), size);
        }
        let made = Engine::open()?.create_volume(CreateVolumeRequest {
            name: self.name,
            labels: collect_labels(self.label),
            options,
        })?;
        output::line(made.config.name.as_str())?;
        Ok(0)
    }
}

fn option(text: &str) -> Result<Label, String> {
    match text.contains('=') {
        true => text.parse(),
        false => Err("an option is KEY=VALUE".to_owned()),
    }
}
