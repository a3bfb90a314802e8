//! What can go wrong in reading an archive.

use std::io;
use std::path::PathBuf;

use container_oci::{Digest, DocumentError, Reference, ReferenceError};

use crate::content::ContentError;

/// Why an archive could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file or directory cannot be opened.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The archive.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The stream ended early, is no tar archive, or cannot be read.
    #[error("cannot read the archive: {source}")]
    Read {
        /// What the reader said.
        source: io::Error,
    },
    /// Too many members for an image archive.
    #[error("the archive has more than {limit} members, or names that are much too long")]
    TooManyMembers {
        /// The limit.
        limit: usize,
    },
    /// It is no tar archive, or a damaged one.
    #[error("cannot read the archive: {0}")]
    Tar(#[from] container_tar::ReadError),
    /// More images than an archive may have.
    #[error("the archive has more than {limit} images")]
    TooManyImages {
        /// The limit.
        limit: usize,
    },
    /// A member's name, or what it links to, leaves the archive, or it is a link where there may be none.
    #[error("the archive has a member with the unsafe name {name:?} (--force leaves such members out)")]
    UnsafeName {
        /// The name.
        name: String,
    },
    /// A member is stored with holes.
    #[error("the archive has {name:?} as a sparse file; make it again without GNU tar's --sparse")]
    Sparse {
        /// The name.
        name: String,
    },
    /// The layers of an old docker archive form a ring, or an endless chain.
    #[error("the layers below {id} in the archive have no end")]
    LayerChain {
        /// The layer.
        id: String,
    },
    /// A layer cannot be unpacked.
    #[error("cannot unpack {name} in the archive: {source}")]
    Layer {
        /// The member.
        name: String,
        /// What is wrong with it.
        source: io::Error,
    },
    /// A layer unpacks to more than any layer may.
    #[error("{name} in the archive unpacks to more than {limit_bytes} bytes")]
    LayerTooLarge {
        /// The member.
        name: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// It is neither an OCI layout nor a `docker save` archive.
    #[error(
        "the archive is neither an OCI layout (index.json) nor a docker archive (manifest.json); files alone, as export writes them, become an image with ADD in a Dockerfile"
    )]
    Unknown,
    /// There is no image in it.
    #[error("the archive has no image in it")]
    Empty,
    /// Something that is referred to is not there.
    #[error("the archive has no {name}")]
    Missing {
        /// Member or blob.
        name: String,
    },
    /// A blob is not what its name says.
    #[error("{name} is corrupt: expected {expected}, got {actual}")]
    DigestMismatch {
        /// The member.
        name: String,
        /// Digest in its name.
        expected: Digest,
        /// Digest of its bytes.
        actual: Digest,
    },
    /// A blob is larger or smaller than its descriptor says.
    #[error("{name} is corrupt: expected {expected_bytes} bytes, got {actual_bytes}")]
    SizeMismatch {
        /// The member.
        name: String,
        /// Size in the descriptor.
        expected_bytes: u64,
        /// Size of the member.
        actual_bytes: u64,
    },
    /// A document cannot be understood.
    #[error("cannot read {name} in the archive: {source}")]
    Document {
        /// The member.
        name: String,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// An image's name is none.
    #[error("the archive names an image badly: {source}")]
    Name {
        /// What is wrong with it.
        source: ReferenceError,
    },
    /// A name has a digest, and the image that it is given to has another.
    #[error("the archive gives the name {:?} to an image with the digest {actual}", reference.familiar())]
    OtherDigest {
        /// The name.
        reference: Reference,
        /// Digest of the image.
        actual: Digest,
    },
    /// There is no end to the indexes within indexes, or to what they list.
    #[error(
        "an index in the archive lists more than any image has, or indexes within indexes without end; {digest} is too much"
    )]
    EndlessIndex {
        /// The first index or entry that was not read.
        digest: Digest,
    },
    /// Layers and diff ids do not match.
    #[error("{name} is damaged: {layers} layers, but {diff_ids} diff ids")]
    LayerCount {
        /// The image's configuration or manifest.
        name: String,
        /// Layers in the manifest.
        layers: usize,
        /// Diff ids in the configuration.
        diff_ids: usize,
    },
    /// A file of the store.
    #[error(transparent)]
    Content(#[from] ContentError),
}
