//! The side of launchers and commands.

mod attachment;
mod query;
mod spawn;

pub use attachment::{AttachError, Attachment, tell_others};
pub use query::{Capture, CaptureEnd, QueryError};
pub(crate) use spawn::LOG_FILE;
pub use spawn::PROCESS_COMMAND;

use container_model::NetworkName;
use container_state::AppPaths;

/// The way to the process of one network. All calls block; callers that must not run them on a thread of their own.
#[derive(Debug, Clone)]
pub struct NetworkClient {
    paths: AppPaths,
    name: NetworkName,
}

impl NetworkClient {
    /// The way to the process of the network `name`, which need not run.
    #[must_use]
    pub fn new(paths: AppPaths, name: NetworkName) -> Self {
        Self { paths, name }
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &NetworkName {
        &self.name
    }
}
