//! Whether containers start together with the host, and which.

use std::path::{Path, PathBuf};

use container_model::{ContainerId, RestartPolicy};

use super::host::Starter;
use super::job::this_program;
use super::place::{Found, Place};
use super::rule::{StaysStopped, stays_stopped};
use super::{launchd, systemd};
use crate::{Engine, EngineError};

/// What is in the place of the unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AutostartUnit {
    /// Nothing.
    Missing,
    /// A file that was not made by this program.
    Foreign,
    /// A unit of this program.
    Ours {
        /// The program that it starts; `None` when it does not say.
        program: Option<PathBuf>,
        /// Whether that is there.
        program_exists: bool,
        /// Whether that is this very program.
        is_this_program: bool,
    },
}

/// A container that has a restart policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerAtBoot {
    /// The container.
    pub id: ContainerId,
    /// Its policy.
    pub policy: RestartPolicy,
    /// Why it would not start; `None` when it would.
    pub stays_stopped: Option<StaysStopped>,
}

/// Whether containers start together with the host, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutostartStatus {
    /// Whether they do.
    pub is_enabled: bool,
    /// Path of the unit, also if there is none.
    pub path: PathBuf,
    /// What is there.
    pub unit: AutostartUnit,
    /// Containers with a restart policy, and what would become of each if the host lost its power now.
    pub containers: Vec<ContainerAtBoot>,
}

impl Engine {
    /// Looks whether containers start together with the host, and which would.
    ///
    /// # Errors
    /// [`EngineError::Autostart`] when the unit cannot be looked at; [`EngineError::List`].
    pub fn autostart_status(&self) -> Result<AutostartStatus, EngineError> {
        let starter = Starter::CURRENT;
        let place = Place::of_user(starter)?;
        let unit = match place.look()? {
            Found::Nothing => AutostartUnit::Missing,
            Found::Foreign => AutostartUnit::Foreign,
            Found::Ours(text) => {
                let program = match starter {
                    Starter::Systemd => systemd::program(&text),
                    Starter::Launchd => launchd::program(&text),
                };
                of_program(program.map(PathBuf::from))
            }
        };
        let containers = self.list()?.into_iter().filter_map(|view| {
            let policy = view.config.options.restart;
            (!policy.is_no()).then(|| ContainerAtBoot {
                stays_stopped: stays_stopped(policy, &view.state),
                id: view.config.id,
                policy,
            })
        });
        Ok(AutostartStatus {
            is_enabled: matches!(unit, AutostartUnit::Ours { .. }) && place.is_linked()?,
            path: place.file,
            unit,
            containers: containers.collect(),
        })
    }
}

fn of_program(program: Option<PathBuf>) -> AutostartUnit {
    let real = |path: &Path| path.canonicalize().ok();
    let named = program.as_deref().and_then(real);
    let own = this_program().ok().as_deref().and_then(real);
    AutostartUnit::Ours {
        program_exists: named.is_some(),
        is_this_program: named.is_some() && named == own,
        program,
    }
}
