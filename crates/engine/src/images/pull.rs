//! `image pull`.

use container_oci::{Digest, Reference};

use super::progress::Forwarded;
use super::{ImageProgress, PlatformChoice};
use crate::{ConfiguredEngine, ImageError, PullOptions};

/// An image to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its name.
    pub image: Reference,
    /// Which images of an index are fetched. With [`PlatformChoice::All`] that is everything it lists, attestations included;
    /// layer disks are made for this machine's image only, the others' when they are needed.
    pub platforms: PlatformChoice,
    /// How.
    pub options: PullOptions,
}

/// What has been pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledImage {
    /// The name.
    pub reference: Reference,
    /// Digest of what the name points at: an index or a manifest.
    pub digest: Digest,
}

impl ConfiguredEngine {
    /// Fetches an image, makes its layer disks and gives it its name.
    ///
    /// Dropping the future ends the pull. What has arrived stays for the next one, without a name.
    ///
    /// # Errors
    /// [`ImageError`]; the name then points at what it did.
    pub async fn pull_image(
        &self,
        request: PullRequest,
        progress: &dyn ImageProgress,
    ) -> Result<PulledImage, ImageError> {
        let pulled = self.pull(request, progress).await?;
        Ok(PulledImage {
            digest: pulled.descriptor.digest,
            reference: pulled.reference,
        })
    }

    pub(super) async fn pull(
        &self,
        request: PullRequest,
        progress: &dyn ImageProgress,
    ) -> Result<container_image::PulledImage, ImageError> {
        let options = container_image::PullOptions {
            registries: self.registries.clone(),
            scheme: request.options.scheme.into(),
            max_concurrent_downloads: request.options.max_concurrent_downloads,
            platforms: request.platforms.into(),
        };
        let progress = Forwarded(progress);
        let pulled = self.images().pull(&request.image, &options, &progress).await?;
        self.tell_of_image("pull", &pulled.reference.familiar(), &pulled.reference);
        Ok(pulled)
    }
}
