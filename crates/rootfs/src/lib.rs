//! The root file system of a stopped container, on the host: no machine, no mount, no root.
//!
//! [`RootView`] stacks the disks of the layers, the container's own disk and those of its volumes as the guest's kernel does with overlayfs
//! (`Documentation/filesystems/overlayfs.rst`), and gives what is at a path, a tree as a tar, what differs from the image, and
//! these differences as a layer. Paths and symbolic links stay within the container's root, whatever they say.
//!
//! [`RootView::rewrite`] writes a new disk with the entries of a tar added, which takes the place of the old one by a rename.
//!
//! The disks are only read. A container may have written anything to its own: sizes, counts and depths are bounded, and damage ends in an error that says what is wrong.

mod archive;
mod budget;
mod changes;
mod entry;
mod error;
mod layer;
mod overlay;
mod path;
mod read_file;
mod rewrite;
mod tar_entry;
mod view;
mod walk;

pub use archive::ArchiveOptions;
pub use changes::{Change, ChangeKind};
pub use entry::Entry;
pub use error::{DiskRole, RootError};
pub use rewrite::{RewriteError, RewriteOptions};
pub use tar_entry::TarEntries;
pub use view::{Located, Mount, RootView, StepBase, TreeWalk, Visit};
