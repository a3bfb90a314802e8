//! The templates of one app root.

mod begin;
mod discard;
mod failure;
mod list;
mod new_template;
mod open;
mod prune;
mod room;
mod sweep;

use std::path::PathBuf;
use std::time::Duration;

use container_state::AppPaths;

pub use list::TemplateInfo;
pub use new_template::NewTemplate;
pub use open::Opened;
pub use prune::Pruned;

/// What all templates may take on disk together unless the store is told otherwise, bytes.
const DEFAULT_LIMIT_BYTES: u64 = 4 << 30;

/// How long the lock of the store is waited for. It is held for renames.
const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// How long a lock of a template is waited for that is not in use: somebody may just be looking whether it is.
const LOOK_LIMIT: Duration = Duration::from_millis(20);

/// The templates below an app root. Any number of processes may use it at once.
#[derive(Debug, Clone)]
pub struct TemplateStore {
    directory: PathBuf,
    limit_bytes: u64,
}

impl TemplateStore {
    /// The templates below `paths`, which may take 4 GiB together; nothing is touched yet.
    #[must_use]
    pub fn new(paths: &AppPaths) -> Self {
        Self {
            directory: paths.templates(),
            limit_bytes: DEFAULT_LIMIT_BYTES,
        }
    }

    /// The same, with another limit, bytes on disk. It is kept whenever a template is made.
    #[must_use]
    pub fn limited_to(self, limit_bytes: u64) -> Self {
        Self { limit_bytes, ..self }
    }
}
