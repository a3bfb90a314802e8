//! Reading a container, and repairing its record when its launcher died.

use container_durable::{FileLock, LockMode, is_held};
use container_model::{ContainerConfig, ContainerId, LockState, ObservedState, Phase, Retention, Standing};

use super::letter_case::is_namesake;
use super::rename::finish_renaming;
use super::{Container, ContainerStore};
use crate::{AnonymousVolumes, Bundle, ContainerLock, LoadError, StateError, discard, record};

/// Why a container is stopped whose launcher did not live to say so.
const LAUNCHER_KILLED: &str = "the launcher was killed";
/// Why a container is stopped whose state could not be read.
const STATE_DAMAGED: &str = "the record of its state was damaged";

impl ContainerStore {
    /// Reads the container of exactly this id. A record that says "running" although the container has no owner is repaired first;
    /// a container that was to be removed at its end, or that its maker abandoned, is then removed. A phase that this program does
    /// not know is left as it is.
    ///
    /// # Errors
    /// [`LoadError::NotFound`], also when the repair removed it.
    pub fn load(&self, id: &ContainerId) -> Result<Container, LoadError> {
        let not_found = || LoadError::NotFound { id: id.clone() };
        let bundle = self.bundle(id);
        let path = bundle.config();
        let mut config = match record::read_config(&path) {
            // Power failed before it was on the disk, and before anybody was told of the container.
            Err(error) if error.is_damage() && bundle.is_abandoned() => {
                discard::collect_abandoned(bundle.directory());
                return Err(not_found());
            }
            config => config?.ok_or_else(not_found)?,
        };
        if config.id != *id {
            // A command was killed while it gave the container this name, or is just about to be done.
            let _ = finish_renaming(&bundle);
            config = record::read_config(&path)?.ok_or_else(not_found)?;
        }
        if is_namesake(&config.id, id) {
            return Err(not_found());
        }
        if config.id != *id {
            return Err(StateError::Foreign { path, found: config.id }.into());
        }
        let found = match record::read_state(&bundle.state()) {
            Ok(state) => Some((look(&state.phase, &config, &bundle)?, state)),
            Err(error) if error.is_damage() => None,
            Err(error) => return Err(error.into()),
        };
        let (standing, state) = match found {
            Some((Standing::OwnerDied | Standing::Leftover, _)) | None => {
                repair(&bundle, &config)?.ok_or_else(not_found)?
            }
            Some(found) => found,
        };
        Ok(Container {
            bundle,
            config,
            state,
            standing,
        })
    }
}

/// How the container stands. Its lock is asked for only where that makes a difference.
fn look(phase: &Phase, config: &ContainerConfig, bundle: &Bundle) -> Result<Standing, StateError> {
    let retention = retention(config, bundle);
    let [owned, ownerless] = [LockState::Held, LockState::Free].map(|lock| Standing::of(phase, lock, retention));
    let is_owned = owned == ownerless || is_held(&bundle.lock())?;
    Ok(if is_owned { owned } else { ownerless })
}

fn retention(config: &ContainerConfig, bundle: &Bundle) -> Retention {
    if bundle.is_abandoned() {
        Retention::Abandoned
    } else if config.options.auto_remove {
        Retention::UntilEnd
    } else {
        Retention::Keep
    }
}

/// Brings the record in line with the fact that the container has no owner; `None` when the container is gone.
fn repair(bundle: &Bundle, config: &ContainerConfig) -> Result<Option<(Standing, ObservedState)>, LoadError> {
    let lock = match FileLock::try_acquire(&bundle.lock(), LockMode::Exclusive) {
        Ok(Some(lock)) => lock,
        // Another process repairs it, or a launcher has just taken it: what is on record now is good enough.
        Ok(None) => {
            let state = record::read_state(&bundle.state())?;
            let standing = Standing::of(&state.phase, LockState::Held, retention(config, bundle));
            return Ok(Some((standing, state)));
        }
        Err(_) if !bundle.directory().exists() => return Ok(None),
        Err(error) => return Err(StateError::from(error).into()),
    };
    let owned = ContainerLock::new(bundle.clone(), lock);
    let retention = retention(config, bundle);
    let (found, reason) = match owned.state() {
        Ok(state) => match Standing::of(&state.phase, LockState::Free, retention) {
            Standing::OwnerDied | Standing::Leftover => (state, LAUNCHER_KILLED),
            standing => return Ok(Some((standing, state))),
        },
        Err(error) if error.is_damage() => (ObservedState::default(), STATE_DAMAGED),
        Err(error) => return Err(error.into()),
    };
    if retention != Retention::Keep {
        owned.delete(AnonymousVolumes::Delete)?;
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
        networks: Vec::new(),
        published_ports: Vec::new(),
        restart_count: found.restart_count,
        stopped_by_user: found.stopped_by_user,
        ended_with_host: found.ended_with_host,
        health: found.health,
        oom_kills: found.oom_kills,
        unknown: found.unknown,
    };
    bundle.remove_control_socket();
    match owned.write_state(&repaired) {
        // A full disk must not hide a container, which may be what fills it. Another command repairs the record.
        Err(error) if error.is_want_of_room() => {}
        written => written?,
    }
    Ok(Some((Standing::AtRest, repaired)))
}
