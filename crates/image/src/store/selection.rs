//! Which part of an image is handed on, to a registry or into an archive, and everything that belongs to it.
//!
//! An index names images for many platforms, of which few may be here. What goes out is always complete: either the index
//! with all that it names, or images of it all of whose blobs are here. Attestations go with the index they are listed in.

use std::collections::BTreeSet;

use container_oci::{Descriptor, Document, Index, Manifest, Platform, Reference};

use super::variant::{read_config, read_document};
use super::{CatalogError, catalog};
use crate::content::{ContentError, OpenGate, Session, StorePaths, has_blob};

/// Indexes within indexes that are followed. One is what some builders make; more are a trap.
const DEPTH_LIMIT: usize = 3;

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
    let content = |source| SelectionError::Content {
        reference: reference.clone(),
        source: Box::new(source),
    };
    let gate = OpenGate::hold(paths).map_err(content)?;
    let selection = choose(paths, reference, choice, partial)?;
    let digests = selection.parts.iter().map(|part| part.descriptor.digest);
    session.pin_found(&gate, digests).map_err(content)?;
    Ok(selection)
}

fn choose(
    paths: &StorePaths,
    reference: &Reference,
    choice: &PlatformChoice,
    partial: Partial,
) -> Result<Selection, SelectionError> {
    let descriptor = catalog::lookup(paths, reference)?.descriptor;
    let image = Image { paths, reference };
    match image.document(&descriptor)? {
        Some(Document::Index(index)) => image.of_index(descriptor, &index, choice, partial),
        Some(Document::Manifest(manifest)) => {
            if let PlatformChoice::Only(platform) = choice {
                image.require_platform(&manifest, platform)?;
            }
            image.complete(descriptor)
        }
        None => image.complete(descriptor),
    }
}

struct Image<'a> {
    paths: &'a StorePaths,
    reference: &'a Reference,
}

impl Image<'_> {
    fn of_index(
        &self,
        root: Descriptor,
        index: &Index,
        choice: &PlatformChoice,
        partial: Partial,
    ) -> Result<Selection, SelectionError> {
        let platform = match choice {
            PlatformChoice::Only(platform) => platform,
            PlatformChoice::All => return self.complete(root),
            PlatformChoice::Default => return self.what_is_here(root, index, partial),
        };
        let chosen = match index.select(platform) {
            Some(chosen) => self.whole(chosen, 1)?.map(|parts| selection(chosen.clone(), parts)),
            None => None,
        };
        chosen.map_or_else(
            || {
                Err(SelectionError::Platform {
                    reference: self.reference.clone(),
                    platform: platform.clone(),
                    available: platforms(&self.images_here(index)?),
                })
            },
            Ok,
        )
    }

    /// The whole index, else the only image that is here, else as `partial` says.
    fn what_is_here(&self, root: Descriptor, index: &Index, partial: Partial) -> Result<Selection, SelectionError> {
        if let Some(parts) = self.whole(&root, 0)? {
            return Ok(selection(root, parts));
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
                let mut parts = Vec::new();
                for listed in &index.manifests {
                    parts.extend(self.whole(listed, 1)?.unwrap_or_default());
                }
                parts.push(manifest_part(&root));
                Ok(selection(root, parts))
            }
        }
    }

    /// The images of the index all of whose blobs are here.
    fn images_here<'a>(&self, index: &'a Index) -> Result<Vec<&'a Descriptor>, SelectionError> {
        let mut here = Vec::new();
        for image in index.images() {
            if self.whole(image, 1)?.is_some() {
                here.push(image);
            }
        }
        Ok(here)
    }

    fn complete(&self, root: Descriptor) -> Result<Selection, SelectionError> {
        match self.whole(&root, 0)? {
            Some(parts) => Ok(selection(root, parts)),
            None => Err(SelectionError::Incomplete {
                reference: self.reference.clone(),
                missing: self.missing(&root)?,
            }),
        }
    }

    /// `root` and everything below it, children first; `None` when some of it is not here.
    fn whole(&self, root: &Descriptor, depth: usize) -> Result<Option<Vec<Part>>, SelectionError> {
        if depth > DEPTH_LIMIT || !has_blob(self.paths, &root.digest) {
            return Ok(None);
        }
        let mut parts = Vec::new();
        match self.document(root)? {
            Some(Document::Index(index)) => {
                for listed in &index.manifests {
                    match self.whole(listed, depth + 1)? {
                        Some(below) => parts.extend(below),
                        None => return Ok(None),
                    }
                }
            }
            Some(Document::Manifest(manifest)) => {
                for part in std::iter::once(&manifest.config).chain(&manifest.layers) {
                    if has_blob(self.paths, &part.digest) {
                        parts.push(Part {
                            descriptor: part.clone(),
                            kind: PartKind::Blob,
                        });
                    } else if !part.is_elsewhere() {
                        return Ok(None);
                    }
                }
            }
            None => {}
        }
        parts.push(manifest_part(root));
        Ok(Some(parts))
    }

    /// The index or manifest, which is here; `None` when it is something else that an index may list.
    fn document(&self, descriptor: &Descriptor) -> Result<Option<Document>, SelectionError> {
        let media_type = &descriptor.media_type;
        if !media_type.is_index() && !media_type.is_manifest() {
            return Ok(None);
        }
        read_document(self.paths, &descriptor.digest, Some(media_type))
            .map(Some)
            .map_err(|source| self.content(source))
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

    /// What of an index is not here, for people.
    fn missing(&self, root: &Descriptor) -> Result<String, SelectionError> {
        let listed = match has_blob(self.paths, &root.digest)
            .then(|| self.document(root))
            .transpose()?
        {
            Some(Some(Document::Index(index))) => index.manifests,
            _ => return Ok(root.digest.to_string()),
        };
        let mut names = Vec::new();
        for descriptor in &listed {
            if self.whole(descriptor, 1)?.is_none() {
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

/// Every part once; a first occurrence is before all parents, so leaving out later ones keeps the order.
fn selection(root: Descriptor, parts: Vec<Part>) -> Selection {
    let mut seen = BTreeSet::new();
    let once = |part: &Part| seen.insert(part.descriptor.digest);
    Selection {
        root,
        parts: parts.into_iter().filter(once).collect(),
    }
}

fn manifest_part(descriptor: &Descriptor) -> Part {
    Part {
        descriptor: descriptor.clone(),
        kind: PartKind::Manifest,
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
