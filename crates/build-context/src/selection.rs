//! What was selected.

use container_oci::Digest;

use crate::content_error::ContentError;
use crate::digest::digest;
use crate::directory::Directory;
use crate::found::{Part, Selected};
use crate::stat_cache::StatCache;
use crate::walk::Walk;

/// Files of a context in the order in which they are copied: sources as they were given, what one pattern matches by name, and a directory before what is
/// in it.
#[derive(Debug)]
pub struct Selection<'a> {
    root: &'a dyn Directory,
    /// What the context is called in the cache.
    context: Option<&'a [u8]>,
    parts: Vec<Part>,
}

impl<'a> Selection<'a> {
    pub(crate) fn new(root: &'a dyn Directory, context: Option<&'a [u8]>, parts: Vec<Part>) -> Self {
        Self { root, context, parts }
    }

    /// What was selected. It is nothing where all sources were patterns and none matched.
    pub fn selected(&self) -> impl ExactSizeIterator<Item = &Selected> {
        self.parts.iter().map(|part| &part.selected)
    }

    /// A digest of all that a copy can see: names, kinds, modes, targets of links, device numbers, extended attributes, sizes and bytes. Times and owners are
    /// not in it, nor that a file has another name too, nor where in the context something was.
    ///
    /// Content that `cache` knows is not read; what is read is hashed by a few threads, and noted in `cache`. A few small files are always read.
    ///
    /// # Errors
    /// [`ContentError`]
    pub fn digest(&self, cache: &mut StatCache) -> Result<Digest, ContentError> {
        digest(self.root, self.context, &self.parts, cache)
    }

    /// Entry by entry, with content.
    #[must_use]
    pub fn walk(&self) -> Walk<'_> {
        Walk::new(self.root, &self.parts)
    }
}
