//! The roots of stages and images, to be read on the host.

use std::fs::File;
use std::path::PathBuf;

use container_rootfs::RootView;

use super::{Execution, StageRoot};
use crate::{FilesError, StepError};

/// The disks that make up a root, the lowest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct RootDisks(Vec<PathBuf>);

impl RootDisks {
    /// Opens them; `None` for a root of nothing. This blocks.
    pub(crate) fn open(&self) -> Result<Option<RootView>, FilesError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let files = self.0.iter().map(File::open).collect::<Result<_, _>>()?;
        Ok(Some(RootView::open(files, None, Vec::new())?))
    }
}

impl Execution<'_> {
    /// The disks of a root, however many; those that are missing are made.
    pub(crate) async fn disks(&self, root: &StageRoot) -> Result<RootDisks, StepError> {
        if root.layers.is_empty() {
            return Ok(RootDisks::default());
        }
        let disks = self.draft.disks(&root.layers, usize::MAX).await?;
        Ok(RootDisks(disks.into_iter().map(|disk| disk.path).collect()))
    }
}

/// Runs work that blocks.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StepError> + Send + 'static,
) -> Result<T, StepError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(StepError::Interrupted),
    }
}
