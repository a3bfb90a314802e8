//! A client of image registries: pulling, pushing, logging in (distribution-spec; distribution token specification).
//!
//! It stands directly on `reqwest` and not on `oci-client`, because that one reads manifests, tokens and error pages of any
//! length into memory and hides why a request failed: a registry is not trusted here. `oci-client` is the counterpart in the
//! tests, which let each pull what the other pushed. Documents have a size limit here, blobs at the caller, who knows their
//! size from the descriptor. Every wait for the network is bounded. A credential is sent only to the registry that it is for and
//! to the token server that this registry names, over https unless the registry itself is asked without. [`Registries`] is the
//! entry point; [`Downloads`] is the one for files that are no registry's.

mod access;
mod auth;
mod client;
mod credential;
mod download;
mod endpoint;
mod error;
mod http;
mod login;
mod mirror;
mod registries;
mod retry;
mod scheme;
mod settings;

pub use access::Access;
pub use client::{BlobBody, BlobFile, Fetched, Mount, RegistryClient, Upload};
pub use credential::{Credential, CredentialError, CredentialSource, NoCredentials, Secret};
pub use download::{Download, DownloadedFile, Downloads, FileVersion};
pub use error::RegistryError;
pub use registries::Registries;
pub use retry::{Retry, retry, retry_transfer};
pub use scheme::{Scheme, SchemeError};
pub use settings::{HostSettings, RegistrySettings};
