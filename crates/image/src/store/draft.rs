//! An image in the making: a build puts layers into the store one after the other, and gives the image its name at the end.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};
use std::sync::Arc;

use container_model::Layer;
use container_oci::{Descriptor, Digest, ImageConfig, Index, Manifest, MediaType, Platform, Reference, media_type};
use flate2::bufread::MultiGzDecoder;

use super::choose::choose;
use super::new_document::{NewDocumentError, store_document};
use super::new_layer::{Dialect, NewLayerError, write_layer};
use super::worker::blocking;
use super::{CatalogError, ImageStore, Lease, ResolveError, catalog, layers};
use crate::content::{ContentError, OpenGate, Session, StorePaths, has_blob, open_blob};
use crate::disk::{Arrangement, DiskError, LayerDisk, arrange, find_disk};

/// Keeps all that it has made or found from being collected, until the last clone of it is dropped. What has no name by then is garbage.
#[derive(Debug, Clone)]
pub struct ImageDraft {
    pub(super) paths: StorePaths,
    pub(super) session: Arc<Session>,
}

/// A layer of which the blob is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLayer {
    /// The blob, compressed.
    pub descriptor: Descriptor,
    /// Digest of its tar.
    pub diff_id: Digest,
}

/// An image that others start from.
#[derive(Debug, Clone)]
pub struct DraftBase {
    /// What its name means: its manifest, or the index that lists it.
    pub named_digest: Digest,
    /// Its manifest.
    pub manifest_digest: Digest,
    /// Its configuration, with a platform that is complete.
    pub config: ImageConfig,
    /// Its layers, the lowest first.
    pub layers: Vec<StoredLayer>,
}

/// What becomes an image.
#[derive(Debug, Clone)]
pub struct DraftImage {
    /// Its configuration; the layers in it are those of `layers`.
    pub config: ImageConfig,
    /// Its layers, the lowest first.
    pub layers: Vec<StoredLayer>,
    /// Annotations of its manifest.
    pub annotations: BTreeMap<String, String>,
}

/// Why a draft could not be worked on. No name has changed then.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// A layer.
    #[error(transparent)]
    Layer(#[from] NewLayerError),
    /// A file of the store.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// A layer's disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The names.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The bytes of a layer cannot be read where they come from.
    #[error("cannot read the layer {digest}: {source}")]
    Unreadable {
        /// Digest of the blob.
        digest: Digest,
        /// What the system said.
        source: io::Error,
    },
    /// A document cannot be written as JSON.
    #[error("cannot write a document of the image: {0}")]
    Document(#[from] serde_json::Error),
}

impl From<NewDocumentError> for DraftError {
    fn from(error: NewDocumentError) -> Self {
        match error {
            NewDocumentError::Json(error) => Self::Document(error),
            NewDocumentError::Content(error) => Self::Content(error),
        }
    }
}

/// A layer with the media type that the image specification has for it: one of a base in Docker's dialect is the same bytes.
fn in_oci_words(mut layer: Descriptor) -> Descriptor {
    if layer.media_type.as_ref() == media_type::DOCKER_LAYER_GZIP {
        layer.media_type = MediaType::from(media_type::OCI_LAYER_GZIP);
    }
    layer
}

impl ImageStore {
    /// Begins an image.
    ///
    /// # Errors
    /// [`ContentError`] when the store cannot be written to.
    pub fn draft(&self) -> Result<ImageDraft, ContentError> {
        Ok(ImageDraft {
            paths: self.paths.clone(),
            session: Arc::new(Session::start(&self.paths)?),
        })
    }
}

impl ImageDraft {
    /// Finds an image to start from or to copy from, and keeps it. Its layers' blobs are here, or were found missing by the pull that brought it.
    ///
    /// # Errors
    /// [`ResolveError`]
    pub fn base(&self, reference: &Reference, platform: &Platform) -> Result<DraftBase, ResolveError> {
        let content = |source| ResolveError::Content {
            reference: reference.clone(),
            source: Box::new(source),
        };
        let gate = OpenGate::hold(&self.paths).map_err(content)?;
        let image = choose(&self.paths, reference, platform)?;
        let (layers, diff_ids) = (&image.manifest.layers, image.config.diff_ids());
        if layers.len() != diff_ids.len() {
            return Err(ResolveError::LayerCount {
                reference: reference.clone(),
                layers: layers.len(),
                diff_ids: diff_ids.len(),
            });
        }
        let blobs = layers
            .iter()
            .chain([&image.descriptor, &image.manifest_descriptor, &image.manifest.config]);
        let found = blobs.map(|blob| blob.digest).chain(diff_ids.iter().copied());
        self.session.pin_found(&gate, found).map_err(content)?;
        let pairs = layers.iter().zip(diff_ids);
        let layers = pairs.map(|(descriptor, diff_id)| StoredLayer {
            descriptor: descriptor.clone(),
            diff_id: *diff_id,
        });
        Ok(DraftBase {
            named_digest: image.descriptor.digest,
            manifest_digest: image.manifest_descriptor.digest,
            layers: layers.collect(),
            config: image.config,
        })
    }

    /// Adds the layer whose tar `write` writes, and makes its disk.
    ///
    /// # Errors
    /// [`DraftError`]
    pub async fn write_layer(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<StoredLayer, DraftError> {
        let (paths, session) = (self.paths.clone(), Arc::clone(&self.session));
        let written = blocking(move || write_layer(&paths, &session, Dialect::Oci, write)).await?;
        let (descriptor, diff_id) = written?;
        layers::ensure(&self.paths, &self.session, &descriptor, &diff_id).await?;
        Ok(StoredLayer { descriptor, diff_id })
    }

    /// Whether a layer that was made before is still here, from now on to stay: its blob and its disk.
    ///
    /// # Errors
    /// [`DraftError`]
    pub fn keep(&self, layer: &StoredLayer) -> Result<bool, DraftError> {
        self.session.pin([layer.descriptor.digest, layer.diff_id])?;
        let disk = find_disk(&self.paths, Layer::Single { diff_id: layer.diff_id })?;
        Ok(has_blob(&self.paths, &layer.descriptor.digest) && disk.is_some())
    }

    /// The disks of a stack of layers, `max_disks` at most and the lowest first; makes those that are missing.
    ///
    /// # Errors
    /// [`DraftError`]
    pub async fn disks(&self, stack: &[StoredLayer], max_disks: usize) -> Result<Vec<LayerDisk>, DraftError> {
        let diff_ids: Vec<Digest> = stack.iter().map(|layer| layer.diff_id).collect();
        let mut ids = Vec::new();
        let gate = OpenGate::hold(&self.paths)?;
        let found = arrange(&self.paths, &diff_ids, max_disks, &mut ids)?;
        self.session.pin_found(&gate, ids)?;
        drop(gate);
        match found {
            Arrangement::Ready(disks) => Ok(disks),
            Arrangement::Missing(_) => {
                let pairs: Vec<_> = stack
                    .iter()
                    .map(|layer| (layer.descriptor.clone(), layer.diff_id))
                    .collect();
                Ok(layers::unpack_stack(&self.paths, &self.session, &pairs, max_disks, &crate::NoProgress).await?)
            }
        }
    }

    /// The tar of a layer that a draft has written, decompressed while it is read.
    ///
    /// # Errors
    /// [`DraftError::Content`] when the blob is not here.
    pub fn tar_of(&self, layer: &StoredLayer) -> Result<impl Read + Send + 'static, DraftError> {
        let blob = open_blob(&self.paths, &layer.descriptor.digest)?;
        Ok(MultiGzDecoder::new(BufReader::new(blob)))
    }

    /// Stores the documents of an image; the descriptors of its manifest and of its configuration.
    ///
    /// # Errors
    /// [`DraftError`]
    pub fn store(&self, image: DraftImage) -> Result<(Descriptor, Descriptor), DraftError> {
        let config_type = MediaType::from(media_type::OCI_CONFIG);
        let config = store_document(&self.paths, &self.session, &config_type, &image.config)?;
        let layers = image.layers.into_iter().map(|layer| in_oci_words(layer.descriptor));
        let mut manifest = Manifest::new(config.clone(), layers.collect());
        let own = MediaType::from(media_type::OCI_MANIFEST);
        manifest.media_type = Some(own.clone());
        manifest.annotations = image.annotations;
        let manifest = store_document(&self.paths, &self.session, &own, &manifest)?;
        Ok((manifest, config))
    }

    /// Stores the index of images for several platforms; its descriptor.
    ///
    /// # Errors
    /// [`DraftError`]
    pub fn store_index(
        &self,
        manifests: Vec<Descriptor>,
        annotations: BTreeMap<String, String>,
    ) -> Result<Descriptor, DraftError> {
        let own = MediaType::from(media_type::OCI_INDEX);
        let mut index = Index::new(manifests);
        index.media_type = Some(own.clone());
        index.annotations = annotations;
        Ok(store_document(&self.paths, &self.session, &own, &index)?)
    }

    /// Gives names to an image that [`Self::store`] has stored; without any it is one that dangles, in the repository `place`.
    ///
    /// # Errors
    /// [`DraftError::Catalog`]
    pub fn name(&self, image: &Descriptor, names: &[Reference], place: &Reference) -> Result<(), DraftError> {
        catalog::update(&self.paths, |catalog| {
            if names.is_empty() {
                catalog.keep_nameless(place, image.clone());
            }
            names.iter().try_for_each(|name| catalog.give_name(name, image.clone()))
        })?;
        Ok(())
    }

    /// Keeps what the draft keeps, for a container that is made of its layers.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease::new(Arc::clone(&self.session))
    }
}
