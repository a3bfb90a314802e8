//! `diff`: what a container has changed in its root.

use container_model::ContainerId;

use crate::error::StillError;
use crate::images::blocking;
use crate::{Engine, EngineError};

/// The verb in errors.
const DIFF: &str = "compare";

/// A path that differs from the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootChange {
    /// `A` for added, `C` for changed, `D` for deleted.
    pub letter: char,
    /// The absolute path, as bytes of no encoding.
    pub path: Vec<u8>,
}

impl Engine {
    /// What a container has changed in its root since it was made, in the order of the paths' bytes. What is mounted in it is not part of that.
    ///
    /// # Errors
    /// [`EngineError::Root`]
    pub async fn changes(&self, id: &ContainerId) -> Result<Vec<RootChange>, EngineError> {
        let root = self.still_root(id, DIFF).await?;
        let changes = blocking(move || root.view().changes().map_err(StillError::from)).await;
        let changes = changes.map_err(|source| EngineError::root(DIFF, id, source))?;
        let shown = changes.into_iter().map(|change| RootChange {
            letter: change.kind.letter(),
            path: change.path,
        });
        Ok(shown.collect())
    }
}
