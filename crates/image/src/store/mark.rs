//! What belongs to an image: the blobs and layer disks that its documents name.
//!
//! Documents do not change, so each is read once and remembered. So the garbage collection reads most of them before it shuts
//! the gate.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use container_oci::{Descriptor, Digest, Document, Index, Tree};

use super::variant::{read_config, read_document};
use crate::content::{ContentError, StorePaths};
use crate::disk::{chain_ids, cover_ids};

/// What is needed, by digest.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) blobs: BTreeSet<Digest>,
    /// Diff ids, chain ids of merged disks, and covers of stacks.
    pub(super) disks: BTreeSet<Digest>,
    /// The indexes and manifests, and what else indexes list.
    documents: BTreeSet<Digest>,
}

impl Marks {
    /// The indexes and manifests among the marks.
    pub(super) fn documents(&self) -> &BTreeSet<Digest> {
        &self.documents
    }

    /// Marks what is marked in `other`, too.
    pub(super) fn extend(&mut self, other: &Self) {
        self.blobs.extend(&other.blobs);
        self.disks.extend(&other.disks);
        self.documents.extend(&other.documents);
    }
}

/// What one index or manifest is, and names.
#[derive(Debug, Default)]
struct Named {
    /// The document, where it is an index.
    index: Option<Index>,
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
        // Every image is walked on its own: what is too deep to be followed in one may stand higher in another.
        let named = self.named(root)?;
        let tree = Tree::read(root.clone(), named.index.as_ref(), |listed| {
            Ok::<_, ContentError>(self.named(listed)?.index.clone())
        })?;
        for listed in tree.iter() {
            let digest = listed.descriptor.digest;
            marks.blobs.insert(digest);
            marks.documents.insert(digest);
            let named = self.named(&listed.descriptor)?;
            marks.blobs.extend(&named.blobs);
            marks.disks.extend(&named.disks);
        }
        Ok(())
    }

    fn named(&mut self, descriptor: &Descriptor) -> Result<Rc<Named>, ContentError> {
        if let Some(named) = self.read.get(&descriptor.digest) {
            return Ok(Rc::clone(named));
        }
        let (named, is_final) = read(self.paths, descriptor)?;
        let named = Rc::new(named);
        if is_final {
            self.read.insert(descriptor.digest, Rc::clone(&named));
        }
        Ok(named)
    }
}

/// What the document names, and whether a later look cannot find more.
fn read(paths: &StorePaths, descriptor: &Descriptor) -> Result<(Named, bool), ContentError> {
    let mut named = Named::default();
    match unless_missing(read_document(paths, &descriptor.digest, Some(&descriptor.media_type)))? {
        Found::Here(Document::Index(index)) => named.index = Some(index),
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
