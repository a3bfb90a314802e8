//! Requests for locks, which the crate `virtiofsd` hands to no file system: the device brings them here.

use std::fs::File;
use std::io;

use super::marked::is_of_marked;
use super::{Filesystem, Place};
use crate::serve::locks::{LockKind, LockRequest, Obstacle, Patience, Span, Subject, Taken};
use crate::serve::names::error;

impl Filesystem {
    /// Locks or unlocks; see [`crate::serve::locks::Locks::take`].
    ///
    /// # Errors
    /// As there; `EBADF` when the machine's file is not open, or was not opened for what the lock is for.
    pub(in crate::serve) fn lock(&self, request: LockRequest, patience: Option<Patience>) -> io::Result<Taken> {
        let place = self.lockable(request.node, request.handle)?;
        let open = || match request.subject {
            Subject::Whole => place.opened_file(request.handle),
            Subject::Bytes { .. } => place.another_file(request.handle),
        };
        self.locks.take(request, patience, open)
    }

    /// What keeps an owner from locking bytes.
    ///
    /// # Errors
    /// The host's.
    pub(in crate::serve) fn obstacle(
        &self,
        (node, handle): (u64, u64),
        owner: u64,
        span: Span,
        kind: LockKind,
    ) -> io::Result<Option<Obstacle>> {
        let place = self.lockable(node, handle)?;
        let open = || place.another_file(handle);
        self.locks.obstacle((node, owner), span, kind, open)
    }

    /// Ends the wait of a request.
    pub(in crate::serve) fn interrupt(&self, unique: u64) {
        self.locks.interrupt(unique);
    }

    fn lockable(&self, node: u64, handle: u64) -> io::Result<Place<'_>> {
        if is_of_marked(handle) {
            return Err(error(libc::EBADF));
        }
        self.of(node)
    }
}

impl Place<'_> {
    fn opened_file(&self, handle: u64) -> io::Result<File> {
        self.tree.filesystem.opened_file(self.node, handle).map_err(too_many)
    }

    /// Another open file of what the machine has open.
    fn another_file(&self, handle: u64) -> io::Result<File> {
        self.opened_file(handle)?;
        self.tree.filesystem.another_file(self.node).map_err(too_many)
    }
}

/// Too many open files are too many locks.
fn too_many(refused: io::Error) -> io::Error {
    match refused.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => error(libc::ENOLCK),
        _ => refused,
    }
}
