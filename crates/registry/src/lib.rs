//! A client of image registries: pulling, pushing, logging in (distribution-spec; distribution token specification).
//!
//! It stands directly on `reqwest` and not on `oci-client`, because that one reads manifests, tokens and error pages of any
//! length into memory and hides why a request failed: a registry is not trusted here. Every body has a limit, every wait has
//! a bound, and nobody hears a credential but the registry that it is for and the token server which that one names, over
//! https unless the registry itself is talked to without. [`Registries`] is the way in.

mod auth;
mod client;
mod endpoint;
mod error;
mod http;
mod login;
mod mirror;
mod registries;
mod retry;
mod scheme;
mod settings;

pub use auth::credential::{Credential, CredentialError, CredentialSource, NoCredentials, Secret};
pub use client::{BlobBody, BlobFile, Fetched, Mount, RegistryClient, Upload};
pub use error::RegistryError;
pub use registries::{Access, Registries};
pub use retry::{Retry, retry, retry_transfer};
pub use scheme::{Scheme, SchemeError};
pub use settings::{HostSettings, RegistrySettings};
