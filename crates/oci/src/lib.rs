//! References, digests, platforms and documents of the OCI image specification. No I/O, no hashing, no C.
//!
//! Input from outside is parsed into these types once. A [`Reference`], [`RegistryHost`] or [`Digest`] cannot be made of anything
//! that its grammar does not allow, so that its parts are safe as names of files. [`Platform`] and [`MediaType`] keep any text.
//! Documents above a size limit are not parsed.
//!
//! [`MediaType`] and [`History`] are `oci-spec`'s types, which carry all that is met. Where `oci-spec` loses something that is met
//! (Docker's dialect, `null`, missing parts, an order that keeps the digests of equal documents equal), the type is our own and says what;
//! `tests/oci_spec_loses.rs` shows it. Values convert in both directions, and documents without a dialect mean the same to both.

mod digest;
mod document;
pub mod media_type;
mod platform;
mod reference;
mod registry_host;
mod shown;
mod standard;
mod tree;

pub use digest::{Algorithm, Digest, DigestError};
pub use document::{
    CONFIG_LIMIT_BYTES, Descriptor, Document, DocumentError, Empty, HealthCheck, History, ImageConfig, Index,
    MANIFEST_LIMIT_BYTES, Manifest, ProcessDefaults, annotation,
};
pub use media_type::{LayerCompression, MediaType, MediaTypeKind};
pub use platform::{Platform, PlatformError};
pub use reference::{Reference, ReferenceError};
pub use registry_host::{RegistryHost, RegistryHostError};
pub use tree::{Listed, Tree};
