//! What can be wrong with the app root and the settings.

use container_image::ContentError;
use container_settings::SettingsError;
use container_state::PathsError;

use crate::{Cause, ImageError};

/// The engine could not be opened or configured.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directories of the app root are not known, are named by relative paths, or cannot be made.
    #[error(transparent)]
    Place(Cause),
    /// The image store in it cannot be used.
    #[error(transparent)]
    Images(ImageError),
    /// `config.toml` cannot be used.
    #[error(transparent)]
    Settings(Cause),
}

impl From<PathsError> for OpenError {
    fn from(error: PathsError) -> Self {
        Self::Place(Cause::new(error))
    }
}

impl From<ContentError> for OpenError {
    fn from(error: ContentError) -> Self {
        Self::Images(error.into())
    }
}

impl From<SettingsError> for OpenError {
    fn from(error: SettingsError) -> Self {
        Self::Settings(Cause::new(error))
    }
}
