//! References, digests, platforms and documents of the OCI image specification. No I/O, no hashing, no C.
//!
//! Input from outside is parsed into these types once. A [`Reference`], [`RegistryHost`] or [`Digest`] cannot be made of anything
//! that its grammar does not allow, so that its parts are safe as names of files. [`Platform`] and [`MediaType`] keep any text.
//! Documents above a size limit are not parsed.
//!
//! The documents are our own structs rather than `oci-spec`'s, because Docker's dialect has to be preserved: its media types
//! (which `oci-spec` folds into OCI's), health checks, `null` for lists; and because they are written in a stable order, so
//! that equal images have equal digests. The tests compare them with `oci-spec`.

mod digest;
mod document;
pub mod media_type;
mod platform;
mod reference;
mod registry_host;
mod shown;
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
