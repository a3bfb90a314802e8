//! What becomes of an image.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;

use container_engine::{SaveFormat, Scheme};
use container_oci::{Descriptor, Digest, Platform, Reference};

/// Where the result goes.
#[derive(Debug)]
pub enum BuildOutput {
    /// Into the image store, where it has its names.
    Image(ImageOutput),
    /// Nowhere: only the cache is filled.
    CacheOnly,
    /// Into the store, and as an archive too.
    Archive {
        /// The form of the archive.
        format: SaveFormat,
        /// Where it goes.
        target: OutputTarget,
        /// Further names, and what is special about this image.
        image: ImageOutput,
    },
    /// The files of the root, as a tar.
    Tar {
        /// Where it goes.
        target: OutputTarget,
        /// Whether the files of each platform are in a directory of their own, `linux_amd64`; without a word that is so when there are several.
        splits_platforms: Option<bool>,
    },
    /// The files of the root, in a directory, as the calling user's.
    Local {
        /// The directory; made if it is missing. What is in it and not in the root stays.
        directory: PathBuf,
        /// As of a tar.
        splits_platforms: Option<bool>,
    },
}

impl BuildOutput {
    /// Whether the standard output, or another stream, is written to.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(
            self,
            Self::Archive {
                target: OutputTarget::Stream(_),
                ..
            } | Self::Tar {
                target: OutputTarget::Stream(_),
                ..
            }
        )
    }
}

impl Default for BuildOutput {
    fn default() -> Self {
        Self::Image(ImageOutput::default())
    }
}

/// An image of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageOutput {
    /// Names besides those that the build gives.
    pub names: Vec<Reference>,
    /// Whether it is sent to the registries of all its names, and how they are spoken to.
    pub push: Option<Scheme>,
    /// Whether it is sent without a tag, and found by its digest only.
    pub pushes_by_digest: bool,
    /// Whether each name has another one beside it in the store, with the digest in the place of the tag.
    pub has_canonical_names: bool,
    /// What its documents and layers are like.
    pub form: ImageForm,
}

/// What an image is like, beyond what the Dockerfile says.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageForm {
    /// Annotations besides those of the build.
    pub annotations: Vec<Annotation>,
    /// Whether files in the layers of this build are no newer than `SOURCE_DATE_EPOCH`.
    pub rewrites_times: bool,
}

/// A word about an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Annotation {
    /// Which document has it.
    pub place: AnnotationPlace,
    /// The only platform whose image has it; without one all have it.
    pub platform: Option<Platform>,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A document, or an entry of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnnotationPlace {
    /// The manifest of an image.
    Manifest,
    /// What an index, or the index of an archive, says of a manifest.
    ManifestDescriptor,
    /// The index of images for several platforms.
    Index,
    /// What the index of an archive says of that index.
    IndexDescriptor,
}

/// Where bytes go.
pub enum OutputTarget {
    /// A file that is there whole or not at all; a directory for an archive that is one.
    Path(PathBuf),
    /// A stream: standard output.
    Stream(Box<dyn Write + Send>),
}

impl fmt::Debug for OutputTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.debug_tuple("Path").field(path).finish(),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// What was built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildOutcome {
    /// The image; `None` where only files were written, or the cache was filled.
    pub image: Option<BuiltImage>,
}

/// An image that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// Its manifest, or the index of an image for several platforms.
    pub descriptor: Descriptor,
    /// Digest of the configuration, by which Docker names images; `None` where there are several platforms.
    pub config_digest: Option<Digest>,
    /// Its names.
    pub names: Vec<Reference>,
}

impl BuiltImage {
    /// What Docker calls the image's ID: the digest of the configuration, or of an index.
    #[must_use]
    pub fn id(&self) -> Digest {
        self.config_digest.unwrap_or(self.descriptor.digest)
    }
}
