//! What of an image is here, and whether that is all.

use std::collections::BTreeSet;

use container_oci::{Descriptor, Document, Listed, MediaTypeKind as _, Tree};

use super::{Part, PartKind};
use crate::content::{ContentError, StorePaths, has_blob};
use crate::store::variant::{read_manifest, read_tree};

/// An image, and the store that it is looked for in.
pub(super) struct Here<'a> {
    paths: &'a StorePaths,
    tree: Tree,
}

impl<'a> Here<'a> {
    pub(super) fn new(paths: &'a StorePaths, root: &Descriptor, document: &Document) -> Result<Self, ContentError> {
        let tree = read_tree(paths, root, document)?;
        Ok(Self { paths, tree })
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What stands in this place, with the parts of it that no index lists, children first; `None` when some of it is not here.
    pub(super) fn leaf(&self, listed: &Listed) -> Result<Option<Vec<Part>>, ContentError> {
        let descriptor = &listed.descriptor;
        let mut parts = Vec::new();
        if descriptor.media_type.is_index() {
            if !self.tree.has_index(&descriptor.digest) {
                return Ok(None);
            }
        } else if !has_blob(self.paths, &descriptor.digest) {
            return Ok(None);
        } else if descriptor.media_type.is_manifest() {
            let manifest = read_manifest(self.paths, descriptor)?;
            for part in std::iter::once(&manifest.config).chain(&manifest.layers) {
                if has_blob(self.paths, &part.digest) {
                    parts.push(Part::new(part, PartKind::Blob));
                } else if !part.is_elsewhere() {
                    return Ok(None);
                }
            }
        }
        parts.push(Part::new(descriptor, PartKind::Manifest));
        Ok(Some(parts))
    }

    /// Everything; `None` when some of it is not here.
    pub(super) fn whole(&self) -> Result<Option<Vec<Part>>, ContentError> {
        match self.tree.beyond().is_none() && self.missing()?.is_empty() {
            true => self.parts().map(Some),
            false => Ok(None),
        }
    }

    /// Everything that is here whole, and the indexes that list it: each once, children before parents.
    pub(super) fn parts(&self) -> Result<Vec<Part>, ContentError> {
        let (mut seen, mut parts) = (BTreeSet::new(), Vec::new());
        for listed in self.tree.bottom_up() {
            let leaf = self.leaf(listed)?.unwrap_or_default();
            parts.extend(leaf.into_iter().filter(|part| seen.insert(part.descriptor.digest)));
        }
        Ok(parts)
    }

    /// The images that are complete here.
    pub(super) fn images(&self) -> Result<Vec<&Listed>, ContentError> {
        let mut here = Vec::new();
        for image in self.tree.images() {
            if self.leaf(image)?.is_some() {
                here.push(image);
            }
        }
        Ok(here)
    }

    /// What is not here, or not whole.
    pub(super) fn missing(&self) -> Result<Vec<&Listed>, ContentError> {
        let mut missing = Vec::new();
        for listed in self.tree.iter() {
            if self.leaf(listed)?.is_none() {
                missing.push(listed);
            }
        }
        Ok(missing)
    }
}
