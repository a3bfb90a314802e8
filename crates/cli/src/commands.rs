//! One folder a noun, one file a verb. They do not know the command tree.

pub(crate) mod container;
pub(crate) mod image;
pub(crate) mod registry;
pub(crate) mod system;
