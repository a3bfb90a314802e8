//! What belongs to an image: the blobs and layer disks that its documents name.
//!
//! Content never changes, so what has been read once is remembered: a second walk costs no reading. That is how the
//! collector of garbage gets the long part of its work done before it holds anybody up.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use container_oci::{Descriptor, Digest, Document, MediaType};

use super::variant::{read_config, read_document};
use crate::content::{ContentError, StorePaths};
use crate::disk::{chain_ids, cover_ids};

/// What is needed, by digest.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) blobs: BTreeSet<Digest>,
    /// Diff ids, chain ids of merged disks, and covers of stacks.
    pub(super) disks: BTreeSet<Digest>,
    /// The documents that have been walked. Not the same as the blobs: what one image calls a layer may be the manifest of
    /// another, whose children must not be missed.
    walked: BTreeSet<Digest>,
}

impl Marks {
    /// The indexes and manifests among the marks.
    pub(super) fn documents(&self) -> &BTreeSet<Digest> {
        &self.walked
    }
}

/// What one index or manifest names.
#[derive(Debug, Default)]
struct Named {
    documents: Vec<(Digest, MediaType)>,
    blobs: Vec<Digest>,
    disks: Vec<Digest>,
}

/// Walks images.
pub(super) struct Marker<'a> {
    paths: &'a StorePaths,
    read: HashMap<Digest, Rc<Named>>,
}

impl<'a> Marker<'a> {
    pub(super) fn new(paths: &'a StorePaths) -> Self {
        Self {
            paths,
            read: HashMap::new(),
        }
    }

    /// Marks the image that `root` describes, with everything that it names, whether it is here or not.
    ///
    /// A document that is missing or damaged names nothing.
    ///
    /// # Errors
    /// [`ContentError`] when a document is here but cannot be read: what it names is then unknown.
    pub(super) fn mark(&mut self, marks: &mut Marks, root: &Descriptor) -> Result<(), ContentError> {
        let mut open = vec![(root.digest, root.media_type.clone())];
        while let Some((digest, media_type)) = open.pop() {
            marks.blobs.insert(digest);
            if !marks.walked.insert(digest) {
                continue;
            }
            let named = self.named(&digest, &media_type)?;
            marks.blobs.extend(&named.blobs);
            marks.disks.extend(&named.disks);
            open.extend(named.documents.iter().cloned());
        }
        Ok(())
    }

    fn named(&mut self, digest: &Digest, media_type: &MediaType) -> Result<Rc<Named>, ContentError> {
        if let Some(named) = self.read.get(digest) {
            return Ok(Rc::clone(named));
        }
        let (named, is_final) = read(self.paths, digest, media_type)?;
        let named = Rc::new(named);
        if is_final {
            self.read.insert(*digest, Rc::clone(&named));
        }
        Ok(named)
    }
}

/// What the document names, and whether a later look cannot find more.
fn read(paths: &StorePaths, digest: &Digest, media_type: &MediaType) -> Result<(Named, bool), ContentError> {
    let mut named = Named::default();
    match unless_missing(read_document(paths, digest, Some(media_type)))? {
        Found::Here(Document::Index(index)) => {
            let documents = index.manifests.into_iter();
            named.documents = documents.map(|child| (child.digest, child.media_type)).collect();
        }
        Found::Here(Document::Manifest(manifest)) => {
            named.blobs = manifest.layers.iter().map(|layer| layer.digest).collect();
            named.blobs.push(manifest.config.digest);
            match unless_missing(read_config(paths, &manifest.config.digest))? {
                Found::Here(config) => {
                    named.disks = config.diff_ids().to_vec();
                    named.disks.extend(chain_ids(config.diff_ids()));
                    named.disks.extend(cover_ids(config.diff_ids()));
                }
                Found::Damaged => {}
                Found::Missing => return Ok((named, false)),
            }
        }
        Found::Damaged => {}
        Found::Missing => return Ok((named, false)),
    }
    Ok((named, true))
}

enum Found<T> {
    Here(T),
    Damaged,
    Missing,
}

fn unless_missing<T>(read: Result<T, ContentError>) -> Result<Found<T>, ContentError> {
    match read {
        Ok(document) => Ok(Found::Here(document)),
        Err(ContentError::MissingBlob { .. }) => Ok(Found::Missing),
        Err(ContentError::Document { .. }) => Ok(Found::Damaged),
        Err(error) => Err(error),
    }
}
