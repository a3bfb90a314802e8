//! Everything below an index or manifest, as far as it is whole.

use std::collections::BTreeSet;

use container_oci::{Descriptor, Digest, Document};

use super::{Part, PartKind};
use crate::content::{ContentError, StorePaths, has_blob};
use crate::store::variant::read_document;

/// Indexes below an index that are followed. Some builders make one; more are a trap.
const DEPTH_LIMIT: usize = 3;

/// Collects parts, each once and children before parents. Every document is read once, however often it is listed.
pub(super) struct Walk<'a> {
    paths: &'a StorePaths,
    parts: Vec<Part>,
    collected: BTreeSet<Digest>,
    incomplete: BTreeSet<Digest>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(paths: &'a StorePaths) -> Self {
        Self {
            paths,
            parts: Vec::new(),
            collected: BTreeSet::new(),
            incomplete: BTreeSet::new(),
        }
    }

    pub(super) fn into_parts(self) -> Vec<Part> {
        self.parts
    }

    /// Adds `root` and everything below it; nothing of it, and `false`, when some is not here.
    pub(super) fn add(&mut self, root: &Descriptor) -> Result<bool, ContentError> {
        self.add_document(root, 0)
    }

    fn add_document(&mut self, root: &Descriptor, depth: usize) -> Result<bool, ContentError> {
        if self.collected.contains(&root.digest) {
            return Ok(true);
        }
        if self.incomplete.contains(&root.digest) {
            return Ok(false);
        }
        let before = self.parts.len();
        let is_whole = depth <= DEPTH_LIMIT && has_blob(self.paths, &root.digest) && self.add_children(root, depth)?;
        if is_whole {
            self.push(root, PartKind::Manifest);
        } else {
            for part in self.parts.drain(before..) {
                self.collected.remove(&part.descriptor.digest);
            }
            self.incomplete.insert(root.digest);
        }
        Ok(is_whole)
    }

    fn add_children(&mut self, root: &Descriptor, depth: usize) -> Result<bool, ContentError> {
        match document(self.paths, root)? {
            Some(Document::Index(index)) => {
                for listed in &index.manifests {
                    if !self.add_document(listed, depth + 1)? {
                        return Ok(false);
                    }
                }
            }
            Some(Document::Manifest(manifest)) => {
                for part in std::iter::once(&manifest.config).chain(&manifest.layers) {
                    if has_blob(self.paths, &part.digest) {
                        self.push(part, PartKind::Blob);
                    } else if !part.is_elsewhere() {
                        return Ok(false);
                    }
                }
            }
            None => {}
        }
        Ok(true)
    }

    fn push(&mut self, descriptor: &Descriptor, kind: PartKind) {
        if self.collected.insert(descriptor.digest) {
            self.parts.push(Part {
                descriptor: descriptor.clone(),
                kind,
            });
        }
    }
}

/// The index or manifest, which is here; `None` when it is something else that an index may list.
pub(super) fn document(paths: &StorePaths, descriptor: &Descriptor) -> Result<Option<Document>, ContentError> {
    let media_type = &descriptor.media_type;
    if !media_type.is_index() && !media_type.is_manifest() {
        return Ok(None);
    }
    read_document(paths, &descriptor.digest, Some(media_type)).map(Some)
}
