//! A container as front ends see it.

use container_model::{ContainerConfig, ContainerId, ObservedState};
use container_state::Container;

/// What a container was asked to be and what was observed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerView {
    /// What it was asked to be.
    pub config: ContainerConfig,
    /// What was observed, after repair.
    pub state: ObservedState,
}

impl ContainerView {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &ContainerId {
        &self.config.id
    }

    /// `running`, `stopping` or `stopped`.
    #[must_use]
    pub fn label(&self) -> &'static str {
        self.state.phase.label()
    }

    /// Whether a launcher owns it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state.phase.is_live()
    }
}

impl From<Container> for ContainerView {
    fn from(container: Container) -> Self {
        Self {
            config: container.config,
            state: container.state,
        }
    }
}
