//! Possession of a container: the right to write its state and to remove it.

use std::io;
use std::path::PathBuf;

use container_durable::{FileLock, Reserve};
use container_model::{ContainerConfig, Health, NetworkStatus, ObservedState, OomKill, OomKills, Phase, PublishedPort};

use crate::discard;
use crate::record;
use crate::volumes::delete_anonymous_volumes;
use crate::{Bundle, DeleteError, StateError};

/// What becomes of the volumes that were made for a container alone when it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnonymousVolumes {
    /// They stay, for `volume prune`.
    Keep,
    /// They go with it, unless another container has come to use them.
    Delete,
}

/// A container without another owner for as long as this value, or its process, lives.
#[derive(Debug)]
pub struct ContainerLock {
    bundle: Bundle,
    lock: FileLock,
    reserve: Option<Reserve>,
    /// A user has stopped or killed the container.
    is_stopped_by_user: bool,
    /// Whether it is to end because its host goes down.
    is_ended_with_host: bool,
    /// What checks have found; newer than what is on record.
    health: Option<Health>,
}

impl ContainerLock {
    pub(crate) fn new(bundle: Bundle, lock: FileLock) -> Self {
        Self {
            bundle,
            lock,
            reserve: None,
            is_stopped_by_user: false,
            is_ended_with_host: false,
            health: None,
        }
    }

    /// Keeps room for [`ContainerLock::write_last_phase`], for as long as this lives.
    ///
    /// # Errors
    /// When there is none.
    pub fn keep_room(&mut self) -> io::Result<()> {
        self.reserve = Some(Reserve::keep(self.bundle.directory())?);
        Ok(())
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

    /// Records what was observed, durably. Fields that other versions put into the record stay. Each time that the container is started again by its
    /// policy is counted; any other start begins anew.
    ///
    /// # Errors
    /// [`StateError`]; the old record is then still in place.
    pub fn write_phase(&self, phase: Phase) -> Result<(), StateError> {
        self.write_phase_and_networks(phase, None)
    }

    /// Records the phase, durably, and networks and published ports if they are given. Those of a container that does not run are
    /// removed.
    ///
    /// # Errors
    /// [`StateError`]; the old record is then still in place.
    pub fn write_phase_and_networks(
        &self,
        phase: Phase,
        networks: Option<(Vec<NetworkStatus>, Vec<PublishedPort>)>,
    ) -> Result<(), StateError> {
        let mut state = self.state_in(phase);
        if let Some((networks, ports)) = networks {
            state.networks = networks;
            state.published_ports = ports;
        }
        self.write_state(&state)
    }

    /// As [`ContainerLock::write_phase`], for the end of the container: on a full disk as well, if [`ContainerLock::keep_room`] kept room.
    ///
    /// # Errors
    /// [`StateError`]; the old record is then still in place.
    pub fn write_last_phase(&mut self, phase: Phase) -> Result<(), StateError> {
        let mut state = self.state_in(phase);
        if state.health.is_some() {
            match self.write_state(&state) {
                Err(error) if error.is_want_of_room() => {}
                written => return written,
            }
            // What checks have written may be more than there is room for.
            state.health = state.health.map(|health| Health {
                log: Vec::new(),
                ..health
            });
        }
        record::write_last_state(&self.bundle.state(), &state, self.reserve.take())
    }

    /// From the next phase on the record says that a user has stopped or killed the container, until it starts again.
    pub fn note_stopped_by_user(&mut self) {
        self.is_stopped_by_user = true;
    }

    /// From the next phase on the record says that the container was asked to end because its host went down, until it starts again.
    pub fn note_ended_with_host(&mut self) {
        self.is_ended_with_host = true;
    }

    /// Whatever is recorded next tells what the checks of the container have found, until it starts again; `None` is nothing yet. A start tells of none.
    pub fn note_health(&mut self, health: Option<Health>) {
        self.health = health;
    }

    /// Records what was noted of the checks' findings, durably, of a container that runs.
    ///
    /// # Errors
    /// [`StateError`]; the old record is then still in place.
    pub fn write_health(&self) -> Result<(), StateError> {
        let state = self.state()?;
        match state.phase {
            Phase::Running { .. } | Phase::Stopping { .. } => self.write_state(&self.with_health(state)),
            _ => Ok(()),
        }
    }

    /// The same, with what checks have found.
    fn with_health(&self, mut state: ObservedState) -> ObservedState {
        if let Some(health) = &self.health {
            state.health = Some(health.clone());
        }
        state
    }

    /// What was observed last, in another phase.
    fn state_in(&self, phase: Phase) -> ObservedState {
        // A damaged record has nothing left to keep.
        let mut state = self.with_health(self.state().unwrap_or_default());
        if !matches!(phase, Phase::Running { .. } | Phase::Stopping { .. }) {
            state.networks.clear();
            state.published_ports.clear();
        }
        match &phase {
            Phase::Starting { after: None } => {
                (state.restart_count, state.oom_kills) = (0, None);
                (state.stopped_by_user, state.ended_with_host) = (false, false);
            }
            Phase::Starting { after: Some(_) } => state.restart_count = state.restart_count.saturating_add(1),
            _ => {}
        }
        if matches!(phase, Phase::Starting { .. }) {
            state.health = None;
        }
        state.stopped_by_user |= self.is_stopped_by_user;
        state.ended_with_host |= self.is_ended_with_host;
        state.phase = phase;
        state
    }

    /// Records on which networks the container is and which ports lead into it, durably. The next phase in which it does not run
    /// removes both.
    ///
    /// # Errors
    /// [`StateError`]; the old record is then still in place.
    pub fn write_networks(&self, networks: Vec<NetworkStatus>, ports: Vec<PublishedPort>) -> Result<(), StateError> {
        let mut state = self.with_health(self.state().unwrap_or_default());
        state.networks = networks;
        state.published_ports = ports;
        self.write_state(&state)
    }

    /// Records that the kernel has killed `count` more processes of the container for lack of memory, durably, and which one was the last. It is forgotten
    /// when the container is started by anybody but its policy.
    ///
    /// # Errors
    /// [`StateError`]; the old record is then still in place.
    pub fn write_oom_kills(&self, count: u64, last: OomKill) -> Result<(), StateError> {
        let mut state = self.with_health(self.state()?);
        state.oom_kills = Some(OomKills::after(state.oom_kills.take(), count, last));
        self.write_state(&state)
    }

    /// Records whether the processes of the container stand still, durably. One that does not run any more stays as it is.
    ///
    /// # Errors
    /// [`StateError`]; the old record is then still in place.
    pub fn write_paused(&self, now: bool) -> Result<(), StateError> {
        let mut state = self.with_health(self.state()?);
        match &mut state.phase {
            Phase::Running { paused, .. } => *paused = now,
            _ => return Ok(()),
        }
        self.write_state(&state)
    }

    /// Replaces what the container was asked to be, durably.
    ///
    /// # Errors
    /// [`StateError`]; the old record is then still in place.
    pub fn write_config(&self, config: &ContainerConfig) -> Result<(), StateError> {
        record::write_config(&self.bundle.config(), config)
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
    pub fn delete(self, volumes: AnonymousVolumes) -> Result<(), DeleteError> {
        self.take_away(volumes)?.clear();
        Ok(())
    }

    /// Removes the container, whose name is free afterwards. What remains of it is still to be cleared away.
    ///
    /// # Errors
    /// [`DeleteError::Remove`] when it is still there.
    pub fn take_away(self, volumes: AnonymousVolumes) -> Result<Remains, DeleteError> {
        let config = match volumes {
            AnonymousVolumes::Delete => record::read_config(&self.bundle.config()).ok().flatten(),
            AnonymousVolumes::Keep => None,
        };
        self.bundle.remove_control_socket();
        let trash = discard::move_away(self.bundle.directory()).map_err(|source| DeleteError::Remove {
            path: self.bundle.directory().to_owned(),
            source,
        })?;
        Ok(Remains {
            trash,
            lock: self.lock,
            app_root: self.bundle.app_root(),
            config,
        })
    }
}

/// The files of a container that is no more. Should this process end before they are cleared away, the next command does it.
#[derive(Debug)]
pub struct Remains {
    trash: Option<PathBuf>,
    lock: FileLock,
    app_root: PathBuf,
    /// Of a container whose anonymous volumes go with it.
    config: Option<ContainerConfig>,
}

impl Remains {
    /// Removes them as far as possible, and then the anonymous volumes.
    pub fn clear(self) {
        if let Some(trash) = self.trash {
            // The lock is still held, so that no other process collects the directory at the same time.
            discard::remove(&trash);
        }
        drop(self.lock);
        if let Some(config) = self.config {
            delete_anonymous_volumes(self.app_root, &config);
        }
    }
}
