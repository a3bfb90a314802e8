//! Templates: machines that were saved before anything was started in them, from which starts of containers continue instead of booting. In one there is a
//! container already, from which the first starts of other containers of the same image continue; in another one there is none yet, and any container
//! is made in it whose machine is the same.
//!
//! A template is built when nobody waits for it, in a machine that no container ever ran in, so that nothing of a container is in it.

mod build;
mod content;
mod continuation;
mod disk;
mod find;
mod key;
mod later;
mod parked;

pub(crate) use build::WantedTemplate;
pub(crate) use continuation::Suspect;
pub(crate) use disk::SpareDisk;
pub(crate) use find::{Container, find_template};
pub(crate) use later::TemplateLater;
