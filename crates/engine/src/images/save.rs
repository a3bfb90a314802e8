//! `image save`.

use std::io::Write;
use std::path::PathBuf;

use container_oci::{Digest, Reference};

use super::progress::Forwarded;
use super::{ImageProgress, PlatformChoice};
use crate::{Engine, ImageError};

/// Images to be written into one archive.
pub struct SaveRequest {
    /// Their names.
    pub images: Vec<Reference>,
    /// Which images of an index are saved. [`PlatformChoice::Default`] takes an index whole when all of it is here, else the images
    /// of it that are here; a docker archive takes this machine's image of it then.
    pub platforms: PlatformChoice,
    /// The form of the archive.
    pub format: SaveFormat,
    /// Where it goes.
    pub target: SaveTarget,
}

/// The form of an archive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SaveFormat {
    /// An OCI layout as a tar file, which also has Docker's `manifest.json`: everybody can read it.
    #[default]
    OciArchive,
    /// An OCI layout as a directory.
    OciDirectory,
    /// What `docker save` wrote before it wrote OCI layouts: one platform per image, layers uncompressed.
    DockerArchive,
}

/// Where an archive goes.
pub enum SaveTarget {
    /// A file or directory, which is there whole or not at all.
    Path(PathBuf),
    /// A stream, for example standard output.
    Stream(Box<dyn Write + Send>),
}

/// An image that has been saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedImage {
    /// Its name.
    pub reference: Reference,
    /// Digest of what stands for it in the archive: an index or a manifest.
    pub digest: Digest,
}

impl Engine {
    /// Writes images into one archive.
    ///
    /// Dropping the future ends the writing; a file appears only when it is complete.
    ///
    /// # Errors
    /// [`ImageError`]; a file that was there before is as it was.
    pub async fn save_images(
        &self,
        request: SaveRequest,
        progress: &dyn ImageProgress,
    ) -> Result<Vec<SavedImage>, ImageError> {
        let SaveRequest {
            images,
            platforms,
            format,
            target,
        } = request;
        let target = match target {
            SaveTarget::Path(path) => container_image::SaveTarget::Path(path),
            SaveTarget::Stream(stream) => container_image::SaveTarget::Stream(stream),
        };
        let (platforms, progress) = (platforms.into(), Forwarded(progress));
        let saved = self
            .images()
            .save(&images, &platforms, format.into(), target, &progress)
            .await?;
        let saved = saved.into_iter().map(|image| SavedImage {
            digest: image.descriptor.digest,
            reference: image.reference,
        });
        let saved: Vec<SavedImage> = saved.collect();
        for image in &saved {
            self.tell_of_image("save", &image.digest, &image.reference);
        }
        Ok(saved)
    }
}

impl From<SaveFormat> for container_image::SaveFormat {
    fn from(format: SaveFormat) -> Self {
        match format {
            SaveFormat::OciArchive => Self::OciArchive,
            SaveFormat::OciDirectory => Self::OciDirectory,
            SaveFormat::DockerArchive => Self::DockerArchive,
        }
    }
}
