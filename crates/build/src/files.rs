//! Layers of files, written on the host: `COPY`, `ADD`, `WORKDIR`. No machine takes part.
//!
//! [`LayerWriter`] knows the root that the layer comes on top of and writes the tar of the layer; what is copied is given to it item by item, from the context
//! ([`copy_context`]), from the root of a stage or an image ([`copy_root`]), from a document or an archive. Directories that lead to what is copied are in
//! the layer as they are in the root below, so that the layer never changes whose they are.

mod archive;
mod context_files;
mod document;
mod error;
mod layer_writer;
mod owner;
mod root_files;
mod root_selection;
mod target;

pub(crate) use archive::{ArchiveContent, unpack};
pub(crate) use context_files::copy_context;
pub(crate) use document::copy_document;
pub use error::FilesError;
pub(crate) use layer_writer::{Dress, LayerWriter};
pub(crate) use owner::{Owner, find_owner};
pub(crate) use root_files::{copy_root, digest_root};
pub(crate) use root_selection::RootSelection;
pub(crate) use target::Target;
