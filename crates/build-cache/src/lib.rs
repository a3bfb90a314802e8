//! Which steps of builds have been done, and the layers that they made.
//!
//! A [`CacheKey`] is the digest of everything that the result of a step depends on. [`BuildCache`] keeps one small record per key, which names the layer
//! that the step has made; the layer itself is in the image store. Whoever holds a [`StepClaim`] does the step, everybody else waits for it, also in other
//! processes.
//!
//! What steps take from other machines is kept here as well: files under their addresses ([`FetchClaim`]), and trees of repositories ([`TreesClaim`]).
//!
//! A record is a hint: that its layer is still in the store is the caller's to check. A record that is damaged, or that a newer program has written, counts as
//! missing.

mod claim;
mod config;
mod error;
mod fetched;
mod key;
mod mounts;
mod prune;
mod record;
mod sources;
mod store;
mod traces;
mod trees;

pub use claim::StepClaim;
pub use config::{CACHE_CONFIG, CACHE_CONFIG_LIMIT_BYTES, CacheConfig};
pub use error::CacheError;
pub use fetched::{FetchClaim, FetchedFile, NewFile};
pub use key::CacheKey;
pub use mounts::{CacheMountClaim, CacheMountUse, StoredMount};
pub use prune::{Kept, least_recently_used};
pub use record::{CachedLayer, CachedStep};
pub use sources::{SourceId, StoredSource};
pub use store::{BuildCache, Found, StoredStep};
pub use trees::{HeldTree, NewTree, TreesClaim};
