//! One folder a noun, one file a verb. They do not know of the command tree that they hang in.

pub(crate) mod container;
pub(crate) mod image;
pub(crate) mod registry;
pub(crate) mod system;
