//! Caches that builds of several machines share: in directories, in registries, and within images.
//!
//! What travels is `BuildKit`'s cache manifest: its configuration lists the keys of steps ([`container_build_cache::CacheConfig`]), its layers are theirs. A build reads the
//! lists of its sources at its beginning, and fetches a layer when it comes to the step. Whoever can write to a source can say what steps have made.

mod export;
mod import;
mod layout;
mod origin;

use std::fmt;
use std::path::PathBuf;

use container_engine::Scheme;
use container_oci::{Digest, Reference};

pub use export::{CacheExportError, ExportError};
pub(crate) use export::{Exported, export, inline};
pub(crate) use import::Imported;

/// Where steps of other builds are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheSource {
    /// A directory that `--cache-to type=local` has written.
    Local {
        /// The directory.
        directory: PathBuf,
        /// Which of its caches.
        tag: String,
        /// The same by the digest of its manifest, which then counts alone.
        digest: Option<Digest>,
    },
    /// A cache or an image with a cache in a registry.
    Registry {
        /// Its name.
        reference: Reference,
        /// http or https.
        scheme: Scheme,
    },
}

/// Where the steps of a build are to be found by others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheTarget {
    /// Where.
    pub place: CachePlace,
    /// Which steps.
    pub mode: CacheMode,
    /// Whether a failure is only a warning.
    pub ignores_errors: bool,
}

/// Where a cache goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CachePlace {
    /// Into the configuration of the image, which then has to be pushed. Always [`CacheMode::Min`].
    Inline,
    /// Beside the image.
    Apart(CacheDestination),
}

/// Where a cache goes that is in no image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheDestination {
    /// Into a directory.
    Local {
        /// The directory; made if it is missing.
        directory: PathBuf,
        /// What it is called there.
        tag: String,
    },
    /// To a registry.
    Registry {
        /// Its name.
        reference: Reference,
        /// http or https.
        scheme: Scheme,
    },
}

impl fmt::Display for CacheDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { directory, .. } => directory.display().fmt(f),
            Self::Registry { reference, .. } => f.write_str(&reference.familiar()),
        }
    }
}

/// Which steps go into a cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CacheMode {
    /// Those whose layers are in the image.
    #[default]
    Min,
    /// All of them.
    Max,
}
