//! Why an operation on a network's record failed.

use std::io;
use std::path::PathBuf;

use container_durable::{DirectoryError, LockError, RecordError};
use container_model::NetworkName;

use crate::{OptionError, SubnetError};

/// The directory of networks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It could not be made or made durable.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Its lock could not be asked for.
    #[error(transparent)]
    Lock(LockError),
    /// Another process keeps it locked.
    #[error("{} is locked by another process", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
}

/// A network could not be made. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum CreateNetworkError {
    /// There is one of this name.
    #[error("network {name} exists already")]
    Exists {
        /// The name.
        name: NetworkName,
    },
    /// Its addresses cannot be had.
    #[error(transparent)]
    Subnet(#[from] SubnetError),
    /// An option of it means nothing.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The host has no random numbers.
    #[error("no random number could be had: {0}")]
    Random(getrandom::Error),
    /// The other networks could not be looked at.
    #[error(transparent)]
    List(#[from] ListNetworksError),
    /// The directory of networks.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Its record could not be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It could not be put into its place.
    #[error("cannot make {}: {source}", path.display())]
    Rename {
        /// Its directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A network could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadNetworkError {
    /// There is none of this name.
    #[error("network {name:?} not found{}", near.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default(), name = name.as_str())]
    NotFound {
        /// The name.
        name: NetworkName,
        /// One that is there and looks like it.
        near: Option<NetworkName>,
    },
    /// Its record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record is another network's.
    #[error("{} is damaged: it belongs to {found}", path.display())]
    Foreign {
        /// The record.
        path: PathBuf,
        /// The name in it.
        found: NetworkName,
    },
}

/// The networks could not be listed at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot list {}: {source}", path.display())]
pub struct ListNetworksError {
    /// The directory of networks.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// A network could not be removed.
#[derive(Debug, thiserror::Error)]
pub enum DeleteNetworkError<E: std::error::Error + 'static> {
    /// There is none of this name.
    #[error(transparent)]
    NotFound(LoadNetworkError),
    /// The directory of networks.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Something speaks against it.
    #[error(transparent)]
    Refused(E),
    /// Its directory could not be taken away; it is still there.
    #[error("cannot remove {}: {source}", path.display())]
    Remove {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
