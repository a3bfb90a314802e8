//! `image push`.

use container_oci::{Digest, Reference};

use super::progress::Forwarded;
use super::{ImageProgress, PlatformChoice};
use crate::{ConfiguredEngine, ImageError, Scheme};

/// An image to be sent to the registry in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// Its name.
    pub image: Reference,
    /// Which images of an index are pushed.
    pub platforms: PlatformChoice,
    /// http or https.
    pub scheme: Scheme,
    /// Whether the registry is to know it by its digest alone: its tag there stays what it is.
    pub by_digest: bool,
}

/// What has been pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedImage {
    /// The name.
    pub reference: Reference,
    /// Digest of what the name points at in the registry now.
    pub digest: Digest,
}

impl ConfiguredEngine {
    /// Sends an image to the registry in its name.
    ///
    /// Dropping the future ends the push. What has been sent stays in the registry, without a name.
    ///
    /// # Errors
    /// [`ImageError`]; the name in the registry then points at what it did.
    pub async fn push_image(
        &self,
        request: PushRequest,
        progress: &dyn ImageProgress,
    ) -> Result<PushedImage, ImageError> {
        let options = container_image::PushOptions {
            registries: self.registries.clone(),
            scheme: request.scheme.into(),
            platforms: request.platforms.into(),
            by_digest: request.by_digest,
            ..container_image::PushOptions::default()
        };
        let pushed = self
            .images()
            .push(&request.image, &options, &Forwarded(progress))
            .await?;
        self.tell_of_image("push", &pushed.reference.familiar(), &pushed.reference);
        Ok(PushedImage {
            reference: pushed.reference,
            digest: pushed.digest,
        })
    }
}
