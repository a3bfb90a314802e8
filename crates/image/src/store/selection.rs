//! Which part of an image is handed on, to a registry or into an archive, and everything that belongs to it.
//!
//! An index names images for many platforms, of which few may be here. What goes out is always complete: either the index
//! with all that it names, or images of it all of whose blobs are here. Attestations go with the index they are listed in.

mod walk;

use container_oci::{Descriptor, Document, Index, Manifest, Platform, Reference};

use self::walk::Walk;
use super::variant::read_config;
use super::{CatalogError, catalog};
use crate::content::{ContentError, OpenGate, Session, StorePaths};

/// Which platforms of an image are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PlatformChoice {
    /// In a pull the host's platform. In a push or save the whole index when everything that it names is here, else what is
    /// here of it.
    #[default]
    Default,
    /// The image for this platform, without the index that lists it.
    Only(Platform),
    /// The index whole, attestations included.
    All,
}

/// What [`PlatformChoice::Default`] does with an index of which several images are here, but not all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Partial {
    /// It is an error: a registry refuses an index that names what it has not.
    Refuse,
    /// The index goes out with what is here.
    Keep,
}

/// What is to be handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    /// The index or manifest that stands for the image.
    pub(crate) root: Descriptor,
    /// Everything that belongs to it, each once, children before parents: the last one is the root.
    pub(crate) parts: Vec<Part>,
}

/// One blob of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// What it is; with the platform, urls and annotations that its parent gives.
    pub(crate) descriptor: Descriptor,
    /// How a registry takes it.
    pub(crate) kind: PartKind,
}

/// How a registry takes a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartKind {
    /// A configuration, layer or other content.
    Blob,
    /// An index, a manifest, or something else that an index lists.
    Manifest,
}

/// Why an image cannot be handed on.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// The name.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A document of the image cannot be read.
    #[error("image {:?}: {source}", reference.familiar())]
    Content {
        /// The image.
        reference: Reference,
        /// What is wrong.
        source: Box<ContentError>,
    },
    /// The image is not made for the platform, or that part of it is not here.
    #[error(
        "image {:?} has no {platform}; here are: {available} (try: container image pull --platform {platform} {})",
        reference.familiar(), reference.familiar()
    )]
    Platform {
        /// The image.
        reference: Reference,
        /// Platform asked for.
        platform: Platform,
        /// Platforms that are here, with commas between.
        available: String,
    },
    /// The image was asked for whole, and is not.
    #[error(
        "image {:?} is not complete; missing: {missing} (try: container image pull --all-platforms {})",
        reference.familiar(), reference.familiar()
    )]
    Incomplete {
        /// The image.
        reference: Reference,
        /// What is not here, with commas between.
        missing: String,
    },
    /// Several images of the index are here, but not all; which are meant has to be said.
    #[error(
        "image {:?} is here for {available}, but not whole; choose one with --platform, or fetch the others first: \
         container image pull --all-platforms {}",
        reference.familiar(), reference.familiar()
    )]
    Several {
        /// The image.
        reference: Reference,
        /// Platforms that are here, with commas between.
        available: String,
    },
}

/// Chooses what of the image behind `reference` is handed on.
///
/// The session keeps it from being collected; it has to live for as long as the selection is used.
pub(crate) fn select(
    paths: &StorePaths,
    session: &Session,
    reference: &Reference,
    choice: &PlatformChoice,
    partial: Partial,
) -> Result<Selection, SelectionError> {
    let image = Image { paths, reference };
    let gate = OpenGate::hold(paths).map_err(|source| image.content(source))?;
    let selection = image.choose(choice, partial)?;
    let digests = selection.parts.iter().map(|part| part.descriptor.digest);
    session
        .pin_found(&gate, digests)
        .map_err(|source| image.content(source))?;
    Ok(selection)
}

/// The image that is asked for.
struct Image<'a> {
    paths: &'a StorePaths,
    reference: &'a Reference,
}

impl Image<'_> {
    fn choose(&self, choice: &PlatformChoice, partial: Partial) -> Result<Selection, SelectionError> {
        let descriptor = catalog::lookup(self.paths, self.reference)?.descriptor;
        let document = walk::document(self.paths, &descriptor).map_err(|source| self.content(source))?;
        match (document, choice) {
            (Some(Document::Index(index)), PlatformChoice::Only(platform)) => self.only(&index, platform),
            (Some(Document::Index(index)), PlatformChoice::Default) => self.what_is_here(descriptor, &index, partial),
            (Some(Document::Manifest(manifest)), PlatformChoice::Only(platform)) => {
                self.require_platform(&manifest, platform)?;
                self.complete(descriptor)
            }
            _ => self.complete(descriptor),
        }
    }

    fn only(&self, index: &Index, platform: &Platform) -> Result<Selection, SelectionError> {
        if let Some(chosen) = index.select(platform)
            && let Some(parts) = self.whole(chosen)?
        {
            let root = chosen.clone();
            return Ok(Selection { root, parts });
        }
        Err(SelectionError::Platform {
            reference: self.reference.clone(),
            platform: platform.clone(),
            available: platforms(&self.images_here(index)?),
        })
    }

    /// The whole index, else the only image that is here, else as `partial` says.
    fn what_is_here(&self, root: Descriptor, index: &Index, partial: Partial) -> Result<Selection, SelectionError> {
        if let Some(parts) = self.whole(&root)? {
            return Ok(Selection { root, parts });
        }
        let images = self.images_here(index)?;
        match (images.as_slice(), partial) {
            ([], _) => self.complete(root),
            ([only], _) => self.complete((*only).clone()),
            (_, Partial::Refuse) => Err(SelectionError::Several {
                reference: self.reference.clone(),
                available: platforms(&images),
            }),
            (_, Partial::Keep) => {
                let mut walk = Walk::new(self.paths);
                for listed in &index.manifests {
                    walk.add(listed).map_err(|source| self.content(source))?;
                }
                let mut parts = walk.into_parts();
                parts.push(Part {
                    descriptor: root.clone(),
                    kind: PartKind::Manifest,
                });
                Ok(Selection { root, parts })
            }
        }
    }

    fn complete(&self, root: Descriptor) -> Result<Selection, SelectionError> {
        match self.whole(&root)? {
            Some(parts) => Ok(Selection { root, parts }),
            None => Err(SelectionError::Incomplete {
                reference: self.reference.clone(),
                missing: self.missing(&root)?,
            }),
        }
    }

    /// `root` and everything below it; `None` when some of it is not here.
    fn whole(&self, root: &Descriptor) -> Result<Option<Vec<Part>>, SelectionError> {
        let mut walk = Walk::new(self.paths);
        let is_whole = walk.add(root).map_err(|source| self.content(source))?;
        Ok(is_whole.then(|| walk.into_parts()))
    }

    /// The images of the index all of whose blobs are here.
    fn images_here<'a>(&self, index: &'a Index) -> Result<Vec<&'a Descriptor>, SelectionError> {
        let mut here = Vec::new();
        for image in index.images() {
            if self.whole(image)?.is_some() {
                here.push(image);
            }
        }
        Ok(here)
    }

    fn require_platform(&self, manifest: &Manifest, platform: &Platform) -> Result<(), SelectionError> {
        let config = read_config(self.paths, &manifest.config.digest).map_err(|source| self.content(source))?;
        if platform.is_same_machine(&config.platform) {
            return Ok(());
        }
        Err(SelectionError::Platform {
            reference: self.reference.clone(),
            platform: platform.clone(),
            available: config.platform.to_string(),
        })
    }

    /// What of the root is not here, for people.
    fn missing(&self, root: &Descriptor) -> Result<String, SelectionError> {
        let Ok(Some(Document::Index(index))) = walk::document(self.paths, root) else {
            return Ok(root.digest.to_string());
        };
        let mut names = Vec::new();
        for descriptor in &index.manifests {
            if self.whole(descriptor)?.is_none() {
                names.push(describe(descriptor));
            }
        }
        Ok(names.join(", "))
    }

    fn content(&self, source: ContentError) -> SelectionError {
        SelectionError::Content {
            reference: self.reference.clone(),
            source: Box::new(source),
        }
    }
}

fn platforms(images: &[&Descriptor]) -> String {
    if images.is_empty() {
        return "no platform".to_owned();
    }
    let names: Vec<String> = images.iter().map(|image| describe(image)).collect();
    names.join(", ")
}

fn describe(descriptor: &Descriptor) -> String {
    match &descriptor.platform {
        _ if descriptor.is_attestation() => format!("attestation {}", descriptor.digest),
        Some(platform) => platform.to_string(),
        None => descriptor.digest.to_string(),
    }
}
