//! Reading a container, and repairing its record when its launcher died.

use container_durable::{FileLock, LockMode, is_held};
use container_model::{ContainerConfig, ContainerId, ObservedState, Phase};

use super::{Container, ContainerStore};
use crate::{Bundle, ContainerLock, LoadError, StateError, record};

/// Why a container is stopped whose launcher did not live to say so.
const LAUNCHER_KILLED: &str = "the launcher was killed";
/// Why a container is stopped whose state could not be read.
const STATE_DAMAGED: &str = "the record of its state was damaged";

impl ContainerStore {
    /// Reads the container of exactly this id. A record that says "running" although nobody owns the container is repaired first;
    /// a container that was to be removed at its end, or that its maker abandoned, is then removed.
    ///
    /// # Errors
    /// [`LoadError::NotFound`], also when the repair removed it.
    pub fn load(&self, id: &ContainerId) -> Result<Container, LoadError> {
        let not_found = || LoadError::NotFound { id: id.clone() };
        let bundle = self.bundle(id);
        let path = bundle.config();
        let config = record::read_config(&path)?.ok_or_else(not_found)?;
        if config.id != *id {
            return Err(StateError::Foreign { path, found: config.id }.into());
        }
        let state = match record::read_state(&bundle.state()) {
            Ok(state)
                if !needs_owner(&state.phase, &config, &bundle)
                    || is_held(&bundle.lock()).map_err(StateError::from)? =>
            {
                state
            }
            Err(error) if !error.is_damage() => return Err(error.into()),
            _ => repair(&bundle, &config)?.ok_or_else(not_found)?,
        };
        Ok(Container { bundle, config, state })
    }
}

/// Whether a record in this phase makes sense only while somebody owns the container.
fn needs_owner(phase: &Phase, config: &ContainerConfig, bundle: &Bundle) -> bool {
    phase.is_live() || (config.options.auto_remove && matches!(phase, Phase::Stopped { .. })) || bundle.is_abandoned()
}

/// Brings the record in line with the fact that nobody owns the container; `None` when the container is gone.
fn repair(bundle: &Bundle, config: &ContainerConfig) -> Result<Option<ObservedState>, LoadError> {
    let lock = match FileLock::try_acquire(&bundle.lock(), LockMode::Exclusive) {
        Ok(Some(lock)) => lock,
        // Somebody else repairs, or a launcher has just taken it: what stands there now is good enough.
        Ok(None) => return Ok(record::read_state(&bundle.state()).map(Some)?),
        Err(_) if !bundle.directory().exists() => return Ok(None),
        Err(error) => return Err(StateError::from(error).into()),
    };
    let owned = ContainerLock::new(bundle.clone(), lock);
    let (found, reason) = match owned.state() {
        Ok(state) if !needs_owner(&state.phase, config, bundle) => return Ok(Some(state)),
        Ok(state) => (state, LAUNCHER_KILLED),
        Err(error) if error.is_damage() => (ObservedState::default(), STATE_DAMAGED),
        Err(error) => return Err(error.into()),
    };
    if config.options.auto_remove || bundle.is_abandoned() {
        owned.delete()?;
        return Ok(None);
    }
    let phase = Phase::Stopped {
        started: found.phase.started(),
        finished: None,
        exit: None,
        reason: Some(reason.to_owned()),
    };
    let repaired = ObservedState {
        phase,
        other: found.other,
    };
    bundle.remove_control_socket();
    owned.write_state(&repaired)?;
    Ok(Some(repaired))
}
