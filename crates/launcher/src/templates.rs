//! Templates: machines that were saved with a container made and nothing started in it, from which the first starts of other containers of
//! the same image continue instead of booting.
//!
//! A template is built when nobody waits for it, in a machine that no container ever ran in, so that nothing of a container is in it.

mod build;
mod continuation;
mod disk;
mod find;
mod key;
mod later;
mod parked;

pub(crate) use build::WantedTemplate;
pub(crate) use disk::SpareDisk;
pub(crate) use find::{Container, Found, find_template};
pub(crate) use later::TemplateLater;
