//! `system dns`: domains under which containers find each other.

use container_model::check_domain_name;
use container_network::{DomainError, DomainStore};

use crate::error::RequestError;
use crate::{Cause, Engine, EngineError, NetworkError};

impl Engine {
    /// The domains, sorted.
    ///
    /// # Errors
    /// [`NetworkError::Records`].
    pub fn domains(&self) -> Result<Vec<String>, EngineError> {
        Ok(self.domain_store().list().map_err(failed)?)
    }

    /// Adds a domain: containers find each other as `<name>.<domain>` as well.
    ///
    /// # Errors
    /// [`RequestError::HostName`]; [`NetworkError::Records`] when it is there already.
    pub fn add_domain(&self, domain: &str) -> Result<(), EngineError> {
        check_domain_name(domain).map_err(RequestError::from)?;
        Ok(self.domain_store().add(domain).map_err(failed)?)
    }

    /// Removes a domain.
    ///
    /// # Errors
    /// [`NetworkError::Records`] when it is not there.
    pub fn remove_domain(&self, domain: &str) -> Result<(), EngineError> {
        Ok(self.domain_store().remove(domain).map_err(failed)?)
    }

    fn domain_store(&self) -> DomainStore {
        DomainStore::new(&self.paths)
    }
}

fn failed(error: DomainError) -> NetworkError {
    NetworkError::Records(Cause::new(error))
}
