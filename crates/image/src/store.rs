//! The store and its verbs, one file each.

mod catalog;
mod choose;
mod collect;
mod commit;
mod delete;
mod draft;
mod draft_parts;
mod find;
mod history;
mod in_use;
mod layers;
mod lease;
mod list;
mod load;
mod lock;
mod make_room;
mod mark;
mod new_document;
mod new_layer;
mod present;
mod pull;
mod push;
mod resolve;
mod resolve_error;
mod save;
mod selection;
mod stack;
mod tag;
mod usage;
mod variant;
mod worker;

use std::path::Path;

use crate::content::{ContentError, StorePaths};

pub use catalog::CatalogError;
pub use collect::{CollectError, CollectScope, Collected};
pub use commit::{CommitBase, CommitError, CommitOptions};
pub use delete::{DeleteError, DeleteScope, Deletion, PruneScope, Untagged};
pub use draft::{DraftBase, DraftError, DraftImage, ImageDraft, StoredLayer};
pub use find::ImageQuery;
pub use history::HistoryEntry;
pub use in_use::ImagesInUse;
pub use lease::Lease;
pub use list::ImageSummary;
pub use load::{LoadError, LoadOptions};
pub use new_layer::{Dialect, NewLayerError};
pub use pull::{PullError, PullFailure, PullOptions, PulledImage, RemoteRepository};
pub use push::{PushError, PushFailure, PushOptions, PushedImage};
pub use resolve::ResolvedImage;
pub use resolve_error::ResolveError;
pub use save::{SaveError, SaveFormat, SaveTarget, SavedImage};
pub use selection::{PlatformChoice, SelectionError};
pub use stack::LayerStack;
pub use usage::{CachedUsage, ImageUsage, OneImageUsage};
pub use variant::ImageVariant;

/// Images below an app root. Cheap to open and to clone; any number of processes may have it open.
///
/// The asynchronous verbs need a Tokio runtime whose blocking pool allows a few threads (two per concurrent download).
#[derive(Debug, Clone)]
pub struct ImageStore {
    paths: StorePaths,
}

impl ImageStore {
    /// Opens the store below `app_root`, and makes its directories when they are missing.
    ///
    /// # Errors
    /// [`ContentError`] when a directory cannot be made.
    pub fn open(app_root: &Path) -> Result<Self, ContentError> {
        Ok(Self {
            paths: StorePaths::create(app_root)?,
        })
    }
}
