//! References, digests, platforms and documents of the OCI image specification. No I/O, no hashing, no C.
//!
//! Everything from outside is parsed into these types once. They cannot hold a path separator where a name belongs, an
//! upper-case repository, a digest of an algorithm we cannot check, or a document larger than the limits given here.
//!
//! The documents are our own structs rather than `oci-spec`'s, because Docker's dialect has to survive: its media types
//! (which `oci-spec` folds into OCI's), health checks, `null` for lists; and because they are written in a stable order, so
//! that equal images have equal digests. The tests hold them against `oci-spec`.

mod digest;
mod document;
pub mod media_type;
mod platform;
mod reference;
mod registry_host;
mod tree;

pub use digest::{Algorithm, Digest, DigestError};
pub use document::{
    CONFIG_LIMIT_BYTES, Descriptor, Document, DocumentError, Empty, HealthCheck, History, ImageConfig, Index,
    MANIFEST_LIMIT_BYTES, Manifest, ProcessDefaults, annotation,
};
pub use media_type::{LayerCompression, MediaType};
pub use platform::{Platform, PlatformError};
pub use reference::{Reference, ReferenceError};
pub use registry_host::{RegistryHost, RegistryHostError};
pub use tree::{Listed, Tree};
