//! A registry client for what a pull needs (distribution-spec, "Pull"), with anonymous bearer tokens.
//!
//! It stands directly on `reqwest` and not on `oci-client`, because that one reads manifests, tokens and error pages of any
//! length into memory and hides why a request failed: a registry is not trusted here. Every body has a limit, every wait has
//! a bound, and an `Authorization` header never follows a redirect to another host.

mod auth;
mod challenge;
mod client;
mod credential;
mod error;
mod registries;
mod retry;
mod scheme;
mod settings;

pub use client::{BlobBody, Fetched, RegistryClient};
pub use credential::{Credential, CredentialError, CredentialSource, NoCredentials, Secret};
pub use error::RegistryError;
pub use registries::{Access, Registries};
pub use retry::{Retry, retry};
pub use scheme::{Scheme, SchemeError};
pub use settings::{HostSettings, RegistrySettings};
