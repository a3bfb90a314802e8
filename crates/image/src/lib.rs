//! The image store: content, names, archives, registries and layer disks.
//!
//! Everything is a file below the app root, checked before it gets its name and written by rename, so that two processes
//! at once share work instead of harming each other and an interruption at any moment leaves a valid store. [`ImageStore`]
//! is the way in; each of its verbs has a file in `store/`.
//!
//! The library does not print; it reports to [`Progress`] and logs warnings with `tracing`.

pub mod archive;
mod content;
mod disk;
pub mod layer;
mod platform;
mod progress;
mod store;

pub use archive::{ArchiveError, ArchiveOutput, LoadSource, LoadedImage};
pub use content::{ContentError, allocated_bytes};
pub use disk::{DiskError, LayerDisk};
pub use progress::{NoProgress, Progress, ProgressEvent};
pub use store::{
    CachedUsage, CatalogError, CollectError, CollectScope, Collected, CommitBase, CommitError, CommitOptions,
    DeleteError, DeleteScope, Deletion, Dialect, DraftBase, DraftError, DraftImage, HistoryEntry, ImageDraft,
    ImageQuery, ImageStore, ImageSummary, ImageUsage, ImageVariant, ImagesInUse, LayerStack, Lease, LoadError,
    LoadOptions, NewLayerError, OneImageUsage, PlatformChoice, PruneScope, PullError, PullFailure, PullOptions,
    PulledImage, PushError, PushFailure, PushOptions, PushedImage, RemoteRepository, ResolveError, ResolvedImage,
    SaveError, SaveFormat, SaveTarget, SavedImage, SelectionError, StoredLayer, Untagged,
};
