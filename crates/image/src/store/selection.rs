//! Which part of an image is handed on, to a registry or into an archive, and everything that belongs to it.
//!
//! An index names images for many platforms, of which few may be here. What goes out is always complete: either the index
//! with all that it names, or images of it all of whose blobs are here. Attestations go with the index they are listed in.

mod here;

use container_oci::{Descriptor, Document, Listed, Platform, Reference};

use self::here::Here;
use super::choose::choose;
use super::variant::read_document;
use super::{CatalogError, ResolveError, catalog};
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
    /// It is an error: a registry may refuse an index that names manifests it does not have.
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

impl Part {
    fn new(descriptor: &Descriptor, kind: PartKind) -> Self {
        let descriptor = descriptor.clone();
        Self { descriptor, kind }
    }
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
    #[error(transparent)]
    Platform(Box<ResolveError>),
    /// That part of the image is here, but not all of it.
    #[error(
        "image {:?} is not complete for {platform}; complete are: {available} (try: container image pull --platform {platform} {})",
        reference.familiar(), reference.familiar()
    )]
    PlatformIncomplete {
        /// The image.
        reference: Reference,
        /// Platform asked for.
        platform: Platform,
        /// Platforms that are here whole, with commas between.
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
/// The session keeps it from being collected, and has to be kept for as long as the selection is used.
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
        let root = catalog::lookup(self.paths, self.reference)?.descriptor;
        let document = read_document(self.paths, &root.digest, Some(&root.media_type));
        let document = document.map_err(|source| self.content(source))?;
        let here = Here::new(self.paths, &root, &document).map_err(|source| self.content(source))?;
        match (document, choice) {
            (_, PlatformChoice::Only(platform)) => self.only(&here, platform),
            (Document::Index(_), PlatformChoice::Default) => self.what_is_here(&here, root, partial),
            _ => self.complete(&here, root),
        }
    }

    /// The image that would run for the platform.
    fn only(&self, here: &Here<'_>, platform: &Platform) -> Result<Selection, SelectionError> {
        let chosen = choose(self.paths, self.reference, platform);
        let root = chosen.map_err(|error| self.unsuitable(error))?.manifest_descriptor;
        let place = here
            .tree()
            .images()
            .find(|image| image.descriptor.digest == root.digest);
        let parts = place.map(|image| here.leaf(image)).transpose();
        match parts.map_err(|source| self.content(source))?.flatten() {
            Some(parts) => Ok(Selection { root, parts }),
            None => Err(SelectionError::PlatformIncomplete {
                reference: self.reference.clone(),
                platform: platform.clone(),
                available: self.available(here)?,
            }),
        }
    }

    /// The whole index, else the only image that is here, else as `partial` says.
    fn what_is_here(&self, here: &Here<'_>, root: Descriptor, partial: Partial) -> Result<Selection, SelectionError> {
        let content = |source| self.content(source);
        if let Some(parts) = here.whole().map_err(content)? {
            return Ok(Selection { root, parts });
        }
        let images = here.images().map_err(content)?;
        match (images.as_slice(), partial) {
            ([], _) => self.complete(here, root),
            ([only], _) => {
                let root = only.descriptor.clone();
                let parts = here.leaf(only).map_err(content)?.unwrap_or_default();
                Ok(Selection { root, parts })
            }
            (_, Partial::Refuse) => Err(SelectionError::Several {
                reference: self.reference.clone(),
                available: names(&images),
            }),
            (_, Partial::Keep) => {
                let parts = here.parts().map_err(content)?;
                Ok(Selection { root, parts })
            }
        }
    }

    fn complete(&self, here: &Here<'_>, root: Descriptor) -> Result<Selection, SelectionError> {
        let content = |source| self.content(source);
        match here.whole().map_err(content)? {
            Some(parts) => Ok(Selection { root, parts }),
            None => {
                let mut missing = here.missing().map_err(content)?;
                // What the others are missing from needs no mention, unless it is all that is.
                missing.retain(|listed| listed.descriptor.digest != root.digest || here.tree().iter().count() == 1);
                Err(SelectionError::Incomplete {
                    reference: self.reference.clone(),
                    missing: match (missing.is_empty(), here.tree().beyond()) {
                        (true, Some(beyond)) => format!("{beyond}, and what else such a long index lists"),
                        _ => names(&missing),
                    },
                })
            }
        }
    }

    fn available(&self, here: &Here<'_>) -> Result<String, SelectionError> {
        let images = here.images().map_err(|source| self.content(source))?;
        Ok(names(&images))
    }

    /// Why the image cannot be chosen for a platform.
    fn unsuitable(&self, error: ResolveError) -> SelectionError {
        match error {
            ResolveError::Catalog(error) => SelectionError::Catalog(error),
            ResolveError::Content { reference, source } => SelectionError::Content { reference, source },
            error => SelectionError::Platform(Box::new(error)),
        }
    }

    fn content(&self, source: ContentError) -> SelectionError {
        SelectionError::Content {
            reference: self.reference.clone(),
            source: Box::new(source),
        }
    }
}

/// Places in the tree for people, with commas between.
fn names(places: &[&Listed]) -> String {
    if places.is_empty() {
        return "no platform".to_owned();
    }
    let names: Vec<String> = places.iter().map(|listed| describe(listed)).collect();
    names.join(", ")
}

fn describe(listed: &Listed) -> String {
    match &listed.platform {
        _ if listed.is_attestation() => format!("attestation {}", listed.descriptor.digest),
        Some(platform) if listed.is_image() => platform.to_string(),
        _ => listed.descriptor.digest.to_string(),
    }
}
