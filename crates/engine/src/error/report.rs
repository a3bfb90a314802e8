//! How a front end should report a failure: what kind it is, and what the user can do about it.

use super::FailureClass;
use crate::EngineError;

impl EngineError {
    /// What kind of failure it is.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::ContainerNotFound { .. } => FailureClass::NotFound,
            Self::Image(error) => error.class(),
            Self::Network(error) => error.class(),
            Self::Volume(error) => error.class(),
            Self::Copy(error) => error.class(),
            Self::Request(_) => FailureClass::Usage,
            Self::Launch { class, .. } => *class,
            Self::Spawn(_) | Self::Hypervisor { .. } | Self::Lost | Self::Died { .. } => FailureClass::Launch,
            _ => FailureClass::Other,
        }
    }

    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ContainerNotFound { .. } => Some("container list --all".to_owned()),
            Self::Launch { hint, .. } if !hint.is_empty() => Some(hint.clone()),
            Self::NameTaken { id } => Some(format!("container delete {id}, or another --name")),
            Self::Phase { verb: "delete", id, .. } => Some(format!("container delete --force {id}")),
            Self::Phase { verb: "rename", id, .. } => Some(format!("container stop {id}")),
            // The words of a phase that is paused are those of `Phase::label`.
            Self::Phase { verb, id, phase } if phase == "paused" && *verb != "pause" => {
                Some(format!("container unpause {id}"))
            }
            Self::Phase {
                verb: "attach to", id, ..
            } => Some(format!("container start --attach {id}")),
            Self::InputTaken => Some("container attach --no-stdin".to_owned()),
            Self::OldLauncher { id, .. } => Some(format!("container restart {id}")),
            Self::Phase {
                verb: "exec in" | "copy files of",
                id,
                ..
            } => Some(format!("container start {id}")),
            Self::Hypervisor { hint, .. } => hint.clone(),
            Self::Network(error) => error.hint(),
            Self::Volume(error) => error.hint(),
            Self::Copy(error) => error.hint(),
            Self::LauncherVersions {
                id, program_version, ..
            } => Some(format!(
                "container stop {id}, with version {program_version} of container, which started it"
            )),
            Self::Lost => Some("container list --all shows what is left of it".to_owned()),
            _ => None,
        }
    }
}
