//! `commit`: a container's changes become a layer, and an image of it and those below.

mod changes;
mod defaults;

use std::io;

use container_image::CommitOptions;
use container_model::ContainerId;
use container_oci::{Digest, Reference};
use container_tar::Writer;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{Engine, EngineError, ImageError};

pub use changes::{ConfigChange, ConfigChangeError};

/// The verb in errors.
const COMMIT: &str = "commit";

/// An image to be made of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitRequest {
    /// Its name; without one it is known by its digest only.
    pub reference: Option<Reference>,
    /// A note for its history.
    pub message: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// Changes of how it is run, in order.
    pub changes: Vec<ConfigChange>,
}

impl Engine {
    /// Makes an image of a container's changes and the image that it was made from, run as the container is; returns the digest of its manifest. One that
    /// runs is taken as it is at one moment.
    ///
    /// From before its changes are read until the image has its name, no part of it is collected, and a container that does not run can be neither started nor
    /// deleted. The deletion of one that runs does no harm.
    ///
    /// # Errors
    /// [`EngineError::Image`] when content of the image below is gone, [`EngineError::Root`].
    pub async fn commit(&self, id: &ContainerId, request: CommitRequest) -> Result<Digest, EngineError> {
        let root = self.still_root(id, COMMIT).await?;
        let config = &root.container().config;
        let place = config.image.reference.clone();
        let base = self.images().commit_base(&config.image.manifest_digest);
        let base = base.map_err(ImageError::from)?;
        let mut defaults = defaults::of(config, base.defaults().clone());
        ConfigChange::apply_all(&request.changes, &mut defaults);
        let command = std::iter::once(&config.process.executable).chain(&config.process.arguments);
        let options = CommitOptions {
            defaults,
            created: OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
            author: request.author,
            created_by: Some(command.map(String::as_str).collect::<Vec<_>>().join(" ")),
            comment: request.message,
            reference: request.reference,
            place,
        };
        let committed = base.commit(options, move |output| {
            let mut tar = Writer::new(output);
            root.view().write_layer(&mut tar).map_err(io::Error::other)?;
            tar.finish().map(drop).map_err(io::Error::other)
        });
        Ok(committed.await.map_err(ImageError::from)?.digest)
    }
}
