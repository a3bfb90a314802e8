//! What can be wrong with volumes.

use container_model::{ContainerId, VolumeName};
use container_state::{CreateVolumeError, DeleteVolumeError, ListVolumesError, LoadVolumeError, VolumePlaceError};

use super::users::users;
use super::{Cause, FailureClass};

/// An operation on volumes failed.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// There is none of this name.
    #[error(transparent)]
    NotFound(Cause),
    /// There is one of this name.
    #[error("volume {name} exists already")]
    Exists {
        /// The name.
        name: VolumeName,
    },
    /// An option of it means nothing.
    #[error("cannot create volume {name}: {reason}")]
    Option {
        /// The name.
        name: VolumeName,
        /// What is wrong.
        reason: Cause,
    },
    /// It could not be made.
    #[error("cannot create volume {name}: {reason}")]
    Create {
        /// The name.
        name: VolumeName,
        /// Why.
        reason: Cause,
    },
    /// Containers refer to it.
    #[error("volume {name} cannot be deleted: {} it", users(containers))]
    InUse {
        /// The volume.
        name: VolumeName,
        /// The containers, at least one.
        containers: Vec<ContainerId>,
    },
    /// A container that cannot be read may refer to it.
    #[error("volume {name} cannot be deleted: the record of container {container} cannot be read, which may use it")]
    UnknownUsers {
        /// The volume.
        name: VolumeName,
        /// The container.
        container: ContainerId,
    },
    /// Records of volumes could not be read or written.
    #[error(transparent)]
    Records(Cause),
}

impl VolumeError {
    /// What kind of failure it is.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::NotFound(_) => FailureClass::NotFound,
            Self::Option { .. } => FailureClass::Usage,
            _ => FailureClass::Other,
        }
    }

    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound(_) => Some("container volume list".to_owned()),
            Self::InUse { containers, .. } => Some(format!("container delete {}", containers.first()?)),
            Self::UnknownUsers { container, .. } => Some(format!("container delete {container}")),
            _ => None,
        }
    }

    pub(crate) fn creating(name: VolumeName, error: CreateVolumeError) -> Self {
        match error {
            CreateVolumeError::Exists { name } => Self::Exists { name },
            CreateVolumeError::Option(error) => Self::Option {
                name,
                reason: Cause::new(error),
            },
            CreateVolumeError::Load(error) => error.into(),
            other => Self::Create {
                name,
                reason: Cause::new(other),
            },
        }
    }
}

impl From<LoadVolumeError> for VolumeError {
    fn from(error: LoadVolumeError) -> Self {
        match error {
            LoadVolumeError::NotFound { .. } => Self::NotFound(Cause::new(error)),
            other => Self::Records(Cause::new(other)),
        }
    }
}

impl From<ListVolumesError> for VolumeError {
    fn from(error: ListVolumesError) -> Self {
        Self::Records(Cause::new(error))
    }
}

impl From<VolumePlaceError> for VolumeError {
    fn from(error: VolumePlaceError) -> Self {
        Self::Records(Cause::new(error))
    }
}

impl From<DeleteVolumeError<VolumeError>> for VolumeError {
    fn from(error: DeleteVolumeError<VolumeError>) -> Self {
        match error {
            DeleteVolumeError::NotFound { .. } => Self::NotFound(Cause::new(error)),
            DeleteVolumeError::Refused(error) => error,
            other => Self::Records(Cause::new(other)),
        }
    }
}
