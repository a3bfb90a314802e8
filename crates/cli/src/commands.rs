//! One folder a noun, one file a verb. They do not know the command tree.

pub(crate) mod build;
pub(crate) mod builder;
pub(crate) mod container;
pub(crate) mod doctor;
pub(crate) mod file_server;
pub(crate) mod image;
pub(crate) mod network;
pub(crate) mod registry;
pub(crate) mod switch;
pub(crate) mod system;
pub(crate) mod volume;
