//! Reading a network.

use container_durable::read_record;
use container_model::{NetworkConfig, NetworkName};

use super::{Body, LoadNetworkError, NetworkStore};

impl NetworkStore {
    /// Reads the network of this name.
    ///
    /// # Errors
    /// [`LoadNetworkError::NotFound`] with the name that may have been meant.
    pub fn load(&self, name: &NetworkName) -> Result<NetworkConfig, LoadNetworkError> {
        let path = self.record(name);
        match read_record::<Body>(&path)? {
            Some(record) if record.body.0.name == *name => Ok(record.body.0),
            Some(record) => Err(LoadNetworkError::Foreign {
                path,
                found: record.body.0.name,
            }),
            None => Err(self.not_found(name)),
        }
    }

    pub(super) fn not_found(&self, name: &NetworkName) -> LoadNetworkError {
        LoadNetworkError::NotFound {
            name: name.clone(),
            near: self.names().ok().and_then(|names| nearest(name, names)),
        }
    }
}

/// The name that looks most like `name`. More than a third of the letters wrong makes it another word.
fn nearest(name: &NetworkName, names: Vec<NetworkName>) -> Option<NetworkName> {
    let distance = |other: &NetworkName| strsim::damerau_levenshtein(name.as_str(), other.as_str());
    let near = names.into_iter().min_by_key(distance)?;
    (distance(&near) * 3 <= near.as_str().len().max(3)).then_some(near)
}
