//! `container image delete`.

use clap::Args;
use container_engine::{Engine, PruneReport};
use container_terminal::HumanSize;

use crate::error::{CommandError, cannot};
use crate::output;

/// Delete images, and print their names
///
/// The last name of an image that a container uses stays. What belongs to no image any more is removed with its last name.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Delete all images
    #[arg(short, long, conflicts_with = "images")]
    all: bool,

    /// Ignore images that are not here, and take the last name of used ones as well: containers keep their disks
    #[arg(short, long)]
    force: bool,

    /// Images
    #[arg(required_unless_present = "all", value_name = "IMAGE")]
    images: Vec<String>,
}

impl Delete {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let report = if self.all {
            engine.delete_all_images(self.force).await?
        } else {
            engine.delete_images(&self.images, self.force).await?
        };
        for reference in &report.untagged {
            output::line(&reference.to_string())?;
        }
        if !report.untagged.is_empty() {
            reclaimed(&report);
        }
        let refused = report.refused.into_iter();
        let errors: Vec<_> = refused
            .map(|(name, error)| cannot(format!("delete image {name}"), error))
            .collect();
        if errors.is_empty() {
            Ok(0)
        } else {
            Err(CommandError::joined(&errors))
        }
    }
}

/// Says what the disk got back.
pub(super) fn reclaimed(report: &PruneReport) {
    let size = HumanSize(report.reclaimed_bytes);
    output::note(&format!("Reclaimed {size} in disk space"));
}
