//! What can be wrong with a copy.

use container_model::ContainerId;

use super::{Cause, FailureClass};

/// Files could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Neither end is in a container.
    #[error("cannot copy: one side has to be CONTAINER:PATH")]
    NoContainer,
    /// The source is not there.
    #[error("cannot copy: there is no {place}")]
    NotFound {
        /// The source.
        place: String,
    },
    /// Something is no directory, and has to be one.
    #[error("cannot copy: {place} is not a directory")]
    NotADirectory {
        /// What.
        place: String,
    },
    /// The destination has to be a directory, and nothing is there.
    #[error("cannot copy: there is no directory {place}")]
    NoDirectory {
        /// The destination.
        place: String,
    },
    /// A directory does not replace a file.
    #[error("cannot copy directory {source_place}: {place} is a file")]
    DirectoryOverFile {
        /// The source.
        source_place: String,
        /// The destination.
        place: String,
    },
    /// A path of the host could not be looked at or opened.
    #[error("cannot copy: {place}: {source}")]
    Look {
        /// The path.
        place: String,
        /// The system's reason.
        source: Cause,
    },
    /// A file of the host could not be read or written.
    #[error("cannot copy: {0}")]
    Failed(Cause),
    /// A container could not read or write.
    #[error("cannot copy: in container {id}: {reason}")]
    Container {
        /// The container.
        id: ContainerId,
        /// Its words.
        reason: String,
    },
    /// The launcher is of a release that cannot copy.
    #[error("cannot copy: container {id} was started by an older version of this program")]
    OldLauncher {
        /// The container.
        id: ContainerId,
    },
    /// A container that does not run could not be read or written.
    #[error("cannot copy: in container {id}: {source}")]
    Root {
        /// The container.
        id: ContainerId,
        /// Why.
        source: Cause,
    },
    /// Whoever read the archive on standard output wants no more of it.
    #[error("cannot copy: nobody reads standard output any more")]
    ReaderGone,
    /// Standard input or standard output.
    #[error("cannot copy: {0}")]
    Standard(Cause),
    /// The other end failed, and says why.
    #[error("cannot copy: the other end has stopped")]
    Stopped,
}

impl CopyError {
    /// What kind of failure it is.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::NoContainer => FailureClass::Usage,
            Self::ReaderGone => FailureClass::ReaderGone,
            _ => FailureClass::Other,
        }
    }

    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::OldLauncher { id } => Some(format!("container stop {id}, then container start {id}")),
            _ => None,
        }
    }
}
