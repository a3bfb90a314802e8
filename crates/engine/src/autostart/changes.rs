//! Having containers start together with the host, and ending that.

use std::path::PathBuf;

use super::host::Starter;
use super::job::Job;
use super::place::Place;
use super::user_session::{lingers, reload_units};
use super::{launchd, systemd};
use crate::{Engine, EngineError};

/// What has been set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnabledAutostart {
    /// The unit, or the agent.
    pub path: PathBuf,
    /// Whether anything had to be changed.
    pub is_changed: bool,
    /// Whether containers are known to start at boot; else when the user logs in.
    pub is_at_boot: bool,
    /// Whether the user can have them started at boot by `loginctl enable-linger`.
    pub can_linger: bool,
}

impl Engine {
    /// Has the containers of this app root start together with the host, by this program and with what this process's environment says about where things
    /// are. A unit that is as it should be is left alone.
    ///
    /// # Errors
    /// [`EngineError::Autostart`], also when another file is in the unit's place, which stays.
    pub async fn enable_autostart(&self) -> Result<EnabledAutostart, EngineError> {
        let starter = Starter::CURRENT;
        let place = Place::of_user(starter)?;
        let job = Job::of_this_program(self.app_root())?;
        let text = match starter {
            Starter::Systemd => systemd::render(&job)?,
            Starter::Launchd => launchd::render(&job),
        };
        let is_changed = place.enable(&text)?;
        let is_systemd = starter == Starter::Systemd;
        if is_changed && is_systemd {
            reload_units().await;
        }
        let is_at_boot = is_systemd && lingers().await;
        Ok(EnabledAutostart {
            path: place.file,
            is_changed,
            is_at_boot,
            can_linger: is_systemd && !is_at_boot,
        })
    }

    /// Ends that; gives the unit's path if there was one. Containers that run go on.
    ///
    /// # Errors
    /// [`EngineError::Autostart`], also when the unit is another one, which stays.
    pub async fn disable_autostart(&self) -> Result<Option<PathBuf>, EngineError> {
        let starter = Starter::CURRENT;
        let place = Place::of_user(starter)?;
        let is_changed = place.disable()?;
        if is_changed && starter == Starter::Systemd {
            reload_units().await;
        }
        Ok(is_changed.then_some(place.file))
    }
}
