//! `image load`.

use std::io::Read;
use std::path::PathBuf;

use container_oci::{Digest, Reference};

use super::ImageProgress;
use super::progress::Forwarded;
use crate::{Engine, ImageError};

/// An archive to be loaded.
pub struct LoadRequest {
    /// Where it comes from.
    pub source: LoadSource,
    /// Leaves out members whose names are unsafe, and tells of them, instead of refusing the archive.
    pub skips_unsafe_members: bool,
}

/// Where an archive comes from.
pub enum LoadSource {
    /// An archive, or the directory of an OCI layout.
    Path(PathBuf),
    /// An archive from a stream, for example standard input.
    Stream(Box<dyn Read + Send>),
}

/// An image that has been loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedImage {
    /// Its name.
    pub reference: Reference,
    /// Digest of what the name points at: an index or a manifest.
    pub digest: Digest,
}

impl Engine {
    /// Loads every image of an archive, makes the layer disks of those that run on this machine, and gives the images their names.
    ///
    /// # Errors
    /// [`crate::ImageErrorKind::Archive`] says what is wrong with the archive, and leaves it to the caller to say which one it was.
    /// After any error names point at what they did before.
    pub async fn load_images(
        &self,
        request: LoadRequest,
        progress: &dyn ImageProgress,
    ) -> Result<Vec<LoadedImage>, ImageError> {
        let source = match request.source {
            LoadSource::Path(path) => container_image::LoadSource::Path(path),
            LoadSource::Stream(stream) => container_image::LoadSource::Stream(stream),
        };
        let options = container_image::LoadOptions {
            skips_unsafe_members: request.skips_unsafe_members,
            ..container_image::LoadOptions::default()
        };
        let loaded = self.images().load(source, &options, &Forwarded(progress)).await?;
        let loaded = loaded.into_iter().map(|image| LoadedImage {
            digest: image.descriptor.digest,
            reference: image.reference,
        });
        let loaded: Vec<LoadedImage> = loaded.collect();
        for image in &loaded {
            self.tell_of_image("load", &image.digest, &image.reference);
        }
        Ok(loaded)
    }
}
