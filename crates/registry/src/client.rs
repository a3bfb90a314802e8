//! Requests to one repository of one registry.

mod digest;
mod pull;
mod push;
mod upload;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::HeaderValue;

use crate::auth::Scopes;
use crate::endpoint::Endpoint;
use crate::{Access, RegistryError};

pub use pull::{BlobBody, Fetched};
pub use push::Mount;
pub use upload::{BlobFile, Upload};

/// A client for one repository.
pub struct RegistryClient {
    registry: Endpoint,
    mirrors: Vec<Mirror>,
    repository: String,
    access: Access,
    scopes: Scopes,
}

/// A mirror of the registry.
pub(crate) struct Mirror {
    endpoint: Endpoint,
    /// It has failed and is not asked again by this client.
    has_failed: Arc<AtomicBool>,
}

impl Mirror {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            has_failed: Arc::default(),
        }
    }
}

impl RegistryClient {
    pub(crate) fn new(registry: Endpoint, mirrors: Vec<Mirror>, repository: &str, access: Access) -> Self {
        Self {
            registry,
            mirrors,
            scopes: Scopes::repository(repository, access),
            repository: repository.to_owned(),
            access,
        }
    }

    /// The registry, for messages.
    #[must_use]
    pub fn host(&self) -> String {
        self.registry.host()
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Asks only the registry itself from now on, because something that a mirror may have sent is wrong.
    ///
    /// Returns whether there are mirrors.
    pub fn give_up_mirrors(&self) -> bool {
        for mirror in &self.mirrors {
            mirror.has_failed.store(true, Ordering::Relaxed);
        }
        !self.mirrors.is_empty()
    }

    fn path(&self, rest: &str) -> String {
        format!("v2/{}/{rest}", self.repository)
    }
}

fn header(value: &str) -> Result<HeaderValue, RegistryError> {
    value.parse().map_err(|_| RegistryError::Client {
        reason: "a header value has forbidden characters".to_owned(),
    })
}
