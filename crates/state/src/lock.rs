//! Possession of a container: the right to write its state and to remove it.

use container_durable::FileLock;
use container_model::{ObservedState, Phase};

use crate::discard;
use crate::record;
use crate::{Bundle, DeleteError, StateError};

/// A container without another owner for as long as this value, or its process, lives.
#[derive(Debug)]
pub struct ContainerLock {
    bundle: Bundle,
    lock: FileLock,
}

impl ContainerLock {
    pub(crate) fn new(bundle: Bundle, lock: FileLock) -> Self {
        Self { bundle, lock }
    }

    /// The container's files.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// What was last observed. Read through the owner it needs no repair.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn state(&self) -> Result<ObservedState, StateError> {
        record::read_state(&self.bundle.state())
    }

    /// Records what was observed, durably. Fields that other versions put into the record stay.
    ///
    /// # Errors
    /// [`StateError`]; the old record is then still in place.
    pub fn write_phase(&self, phase: Phase) -> Result<(), StateError> {
        // A damaged record has nothing left to keep.
        let unknown = self.state().map(|state| state.unknown).unwrap_or_default();
        self.write_state(&ObservedState { phase, unknown })
    }

    /// Replaces the whole state, durably.
    ///
    /// # Errors
    /// [`StateError`]; the old record is then still in place.
    pub fn write_state(&self, state: &ObservedState) -> Result<(), StateError> {
        record::write_state(&self.bundle.state(), state)
    }

    /// Removes the container with everything that belongs to it. Once its name is free, what remains of its files is removed as
    /// far as possible and else by the next command.
    ///
    /// # Errors
    /// [`DeleteError::Remove`] when it is still there.
    pub fn delete(self) -> Result<(), DeleteError> {
        self.bundle.remove_control_socket();
        let trash = discard::move_away(self.bundle.directory()).map_err(|source| DeleteError::Remove {
            path: self.bundle.directory().to_owned(),
            source,
        })?;
        if let Some(trash) = trash {
            // The lock is still held, so that no other process collects the directory at the same time.
            discard::remove(&trash);
        }
        drop(self.lock);
        Ok(())
    }
}
