//! The side of launchers and commands.

mod attachment;
mod query;
mod spawn;

pub use attachment::{AttachError, Attachment, tell_others};
pub use query::{Capture, CaptureEnd, QueryError};
pub(crate) use spawn::LOG_FILE;
pub use spawn::PROCESS_COMMAND;

use std::path::{Path, PathBuf};

use container_model::NetworkName;
use container_state::AppPaths;

/// The way to the process of one network. All calls block; callers that must not run them on a thread of their own.
#[derive(Debug, Clone)]
pub struct NetworkClient {
    paths: AppPaths,
    name: NetworkName,
    /// The program that becomes the network's process; the one that runs when there is none.
    program: Option<PathBuf>,
}

impl NetworkClient {
    /// The way to the process of the network `name`, which need not run.
    #[must_use]
    pub fn new(paths: AppPaths, name: NetworkName) -> Self {
        let program = None;
        Self { paths, name, program }
    }

    /// Starts the network's process from the program at `path`, whose command [`PROCESS_COMMAND`] has to end in [`execute`]. Otherwise it
    /// is the program that runs.
    ///
    /// [`execute`]: crate::execute
    #[must_use]
    pub fn with_program(mut self, path: &Path) -> Self {
        self.program = Some(path.to_owned());
        self
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &NetworkName {
        &self.name
    }
}
