//! `commit`: an image of another one and one more layer.

use std::io::{self, Write};
use std::sync::Arc;

use container_oci::{
    Descriptor, Digest, History, ImageConfig, Manifest, MediaType, ProcessDefaults, Reference, media_type,
};

use super::new_document::{NewDocumentError, store_document};
use super::new_layer::{Dialect, NewLayerError, write_layer};
use super::variant::{read_config, read_document};
use super::worker::blocking;
use super::{CatalogError, ImageStore, catalog, layers};
use crate::content::{ContentError, Session, StorePaths};
use crate::disk::DiskError;

/// The new layer and what is said of it.
#[derive(Debug, Clone)]
pub struct CommitOptions {
    /// How to run the new image.
    pub defaults: ProcessDefaults,
    /// When it is made, RFC 3339.
    pub created: String,
    /// Who made it.
    pub author: Option<String>,
    /// What the layer was made by, for the history.
    pub created_by: Option<String>,
    /// A note for the history.
    pub comment: Option<String>,
    /// Its name; without one it is an image that dangles, in the repository `place`.
    pub reference: Option<Reference>,
    /// A name of the image below.
    pub place: Reference,
}

/// Why no image was made. No name has changed then.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The image below is not here any more: not all of its documents, or not all of its layers.
    #[error(
        "cannot commit: content of the image that the container was made from is gone ({digest}): pull that image again"
    )]
    BaseGone {
        /// What is missing.
        digest: Digest,
    },
    /// The layer could not be written.
    #[error("cannot commit: {0}")]
    Layer(#[source] io::Error),
    /// A file of the store.
    #[error("cannot commit: {0}")]
    Content(#[from] ContentError),
    /// The layer's disk.
    #[error("cannot commit: {0}")]
    Disk(#[from] DiskError),
    /// The names.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl From<NewLayerError> for CommitError {
    fn from(error: NewLayerError) -> Self {
        match error {
            NewLayerError::Write(error) => Self::Layer(error),
            NewLayerError::Content(error) => Self::Content(error),
        }
    }
}

impl From<NewDocumentError> for CommitError {
    fn from(error: NewDocumentError) -> Self {
        match error {
            NewDocumentError::Json(error) => Self::Layer(error.into()),
            NewDocumentError::Content(error) => Self::Content(error),
        }
    }
}

/// An image below, all of whose content is here. Nothing of it is collected as long as this value lives.
#[derive(Debug)]
pub struct CommitBase {
    paths: StorePaths,
    session: Arc<Session>,
    manifest: Manifest,
    config: ImageConfig,
}

impl ImageStore {
    /// Finds the image with this manifest, to make another one of it.
    ///
    /// # Errors
    /// [`CommitError::BaseGone`].
    pub fn commit_base(&self, manifest: &Digest) -> Result<CommitBase, CommitError> {
        let session = Session::start(&self.paths)?;
        let (manifest, config) = documents(&self.paths, &session, manifest)?;
        Ok(CommitBase {
            paths: self.paths.clone(),
            session: Arc::new(session),
            manifest,
            config,
        })
    }
}

impl CommitBase {
    /// How the image below is run.
    #[must_use]
    pub fn defaults(&self) -> &ProcessDefaults {
        &self.config.config
    }

    /// Makes an image: that below with the layer whose tar `write` writes, and gives it its name. The layer's disk is made as well.
    ///
    /// Until it has its name, nothing of it is collected; what an interruption leaves is collected then.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn commit(
        self,
        options: CommitOptions,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<Descriptor, CommitError> {
        let Self {
            paths,
            session,
            manifest,
            config,
        } = self;
        let dialect = match &manifest.media_type {
            Some(own) if own.as_ref() == media_type::DOCKER_MANIFEST => Dialect::Docker,
            _ => Dialect::Oci,
        };
        let (at, writing) = (paths.clone(), Arc::clone(&session));
        let (layer, diff_id) = blocking(move || write_layer(&at, &writing, dialect, write)).await??;
        layers::ensure(&paths, &session, &layer, &diff_id).await?;
        let (at, committing) = (paths.clone(), Arc::clone(&session));
        let (reference, place) = (options.reference.clone(), options.place.clone());
        let documents = move || write_documents(&at, &committing, (manifest, config), options, layer, diff_id);
        let descriptor = blocking(documents).await??;
        catalog::update(&paths, |catalog| match reference {
            Some(reference) => catalog.give_name(&reference, descriptor.clone()),
            None => {
                catalog.keep_nameless(&place, descriptor.clone());
                Ok(())
            }
        })?;
        Ok(descriptor)
    }
}

/// The documents of the image below, all of which is kept.
fn documents(paths: &StorePaths, session: &Session, manifest: &Digest) -> Result<(Manifest, ImageConfig), CommitError> {
    let here = |digest: &Digest| match session.has_blob(digest)? {
        true => Ok(()),
        false => Err(CommitError::BaseGone { digest: *digest }),
    };
    here(manifest)?;
    let document = read_document(paths, manifest, None)?;
    let found = document.into_manifest().map_err(|source| ContentError::Document {
        digest: *manifest,
        source,
    })?;
    here(&found.config.digest)?;
    found
        .layers
        .iter()
        .filter(|layer| !layer.is_elsewhere())
        .try_for_each(|layer| here(&layer.digest))?;
    let config = read_config(paths, &found.config.digest)?;
    Ok((found, config))
}

/// Stores configuration and manifest; the manifest's descriptor.
fn write_documents(
    paths: &StorePaths,
    session: &Session,
    (manifest, config): (Manifest, ImageConfig),
    options: CommitOptions,
    layer: Descriptor,
    diff_id: Digest,
) -> Result<Descriptor, CommitError> {
    let mut diff_ids = config.diff_ids().to_vec();
    diff_ids.push(diff_id);
    let mut step = History::default();
    step.set_created(Some(options.created.clone()));
    step.set_author(options.author.clone());
    step.set_created_by(options.created_by);
    step.set_comment(options.comment);
    let mut history = config.history;
    history.push(step);
    let mut made = ImageConfig::new(config.platform, options.defaults, diff_ids);
    (made.created, made.author, made.history) = (Some(options.created), options.author, history);
    let config = store_document(paths, session, &manifest.config.media_type, &made)?;
    let mut layers = manifest.layers;
    layers.push(layer);
    let own = manifest
        .media_type
        .unwrap_or_else(|| MediaType::from(media_type::OCI_MANIFEST));
    let mut manifest = Manifest::new(config, layers);
    manifest.media_type = Some(own.clone());
    Ok(store_document(paths, session, &own, &manifest)?)
}
