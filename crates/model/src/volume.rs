//! Volumes: what outlives the containers that use it.

mod config;
mod journal;
mod name;

pub use config::VolumeConfig;
pub use journal::{VolumeJournal, VolumeJournalError, VolumeJournalMode};
pub use name::{VolumeName, VolumeNameError};
