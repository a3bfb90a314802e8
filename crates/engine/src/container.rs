//! A container as front ends see it.

use container_model::{ContainerConfig, ContainerId, ObservedState, Standing};
use container_state::Container;

/// What a container was asked to be and what was observed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerView {
    /// What it was asked to be.
    pub config: ContainerConfig,
    /// What was observed, after repair.
    pub state: ObservedState,
    /// How it stands: whether it has a launcher, and whether this program knows its phase.
    pub standing: Standing,
}

impl ContainerView {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &ContainerId {
        &self.config.id
    }

    /// `running`, `paused`, `stopping` or `stopped`, or the name of a phase that this program does not know.
    #[must_use]
    pub fn label(&self) -> &str {
        self.state.phase.label()
    }

    /// Whether its processes stand still because a client wants it so.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.is_live() && self.state.phase.is_paused()
    }

    /// Whether a launcher owns it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.standing == Standing::Live
    }
}

impl From<Container> for ContainerView {
    fn from(container: Container) -> Self {
        Self {
            config: container.config,
            state: container.state,
            standing: container.standing,
        }
    }
}
