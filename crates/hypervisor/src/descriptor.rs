//! Open files and sockets that a machine's configuration carries.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// An open file or socket that clones share. It is closed when the last clone is dropped.
///
/// Two are equal when they are of the same file, pipe or socket, also under different numbers.
#[derive(Clone)]
pub struct SharedDescriptor(Arc<OwnedFd>);

impl SharedDescriptor {
    /// A descriptor of its own for the same open file, closed on exec.
    ///
    /// # Errors
    /// When this process has no number left.
    pub fn duplicate(&self) -> io::Result<OwnedFd> {
        self.0.try_clone()
    }

    /// The descriptor itself, if this is the last clone.
    #[must_use]
    pub fn into_owned(self) -> Option<OwnedFd> {
        Arc::into_inner(self.0)
    }
}

impl<T: Into<OwnedFd>> From<T> for SharedDescriptor {
    fn from(descriptor: T) -> Self {
        Self(Arc::new(descriptor.into()))
    }
}

impl AsFd for SharedDescriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl PartialEq for SharedDescriptor {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.0, &other.0) {
            return true;
        }
        match (rustix::fs::fstat(self), rustix::fs::fstat(other)) {
            (Ok(ours), Ok(theirs)) => (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino),
            _ => false,
        }
    }
}

impl fmt::Debug for SharedDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn duplicates_are_equal_and_the_ends_of_a_pair_are_not() {
        let (near, far) = UnixDatagram::pair().unwrap();
        let (near, far) = (SharedDescriptor::from(near), SharedDescriptor::from(far));
        assert_eq!(near, SharedDescriptor::from(near.duplicate().unwrap()));
        assert_ne!(near, far);
        let clone = near.clone();
        assert!(near.into_owned().is_none(), "there is a clone");
        assert!(clone.into_owned().is_some());
    }
}
