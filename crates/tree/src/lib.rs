//! A tree of files as a tar stream, and a tar stream below a directory. The same code works on the host, as an ordinary user, and in the guest, as root.
//!
//! Other processes may change the trees meanwhile, and streams and trees may have been made with ill intent. So no symbolic link is ever followed: every
//! file is reached by its name in a directory that is open already, and `..` is no name. What is made lies below the directory that was given.
//!
//! [`pack`] keeps everything: kinds, owners, modes, times, hard links within the tree, holes, extended attributes. [`extract`] makes what the caller may make, and [`merge`]
//! puts what was made aside in its place.

mod attributes;
mod error;
mod extract;
mod merge;
mod owners;
mod pack;
mod permissions;
mod remove;
mod status;

pub use attributes::Attributes;
pub use error::{ExtractError, PackError};
pub use extract::{Extraction, extract};
pub use merge::{MergeError, merge};
pub use owners::Owners;
pub use pack::pack;
pub use remove::remove_tree;
pub use status::Status;
