//! What can go wrong in a container's life, and how a front end should report it.

use crate::ImageError;
use container_hypervisor::CreateError as HypervisorError;
use container_image::{ContentError, ResolveError};
use container_launcher::SpawnError;
use container_launcher::control::ConnectError;
use container_launcher::control::v1::{Failure, FailureKind};
use container_model::{ByteSize, ContainerId};
use container_settings::SettingsError;
use container_state::{DeleteError, FindError, KeepError, ListError, LoadError, PathsError, ReserveError, StateError};

/// What it means to the user that a connection to a launcher broke; the words of the transport mean nothing to anybody.
const LAUNCHER_GONE: &str = "the container's launcher was killed or has failed";

/// A verb failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No container has this name.
    #[error("container {name:?} not found")]
    ContainerNotFound {
        /// What was asked for.
        name: String,
    },
    /// The container is in a phase in which the verb makes no sense.
    #[error("cannot {verb} container {id}: it is {phase}")]
    Phase {
        /// The verb.
        verb: &'static str,
        /// The container.
        id: ContainerId,
        /// Its phase.
        phase: &'static str,
    },
    /// The request contradicts itself or the image.
    #[error("{0}")]
    Request(#[from] RequestError),
    /// `config.toml` cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The app root cannot be used.
    #[error(transparent)]
    Paths(#[from] PathsError),
    /// The name of a new container could not be taken.
    #[error("cannot create the container: {0}")]
    Reserve(#[from] ReserveError),
    /// The writable disk of a new container could not be made.
    #[error("cannot create the container: {0}")]
    WritableDisk(#[from] WritableDiskError),
    /// A new container could not be recorded.
    #[error("cannot create the container: {0}")]
    Record(#[from] StateError),
    /// A new container could not be made lasting.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// Several containers begin with this name, or they could not be looked through.
    #[error(transparent)]
    Find(FindError),
    /// The containers could not be listed.
    #[error(transparent)]
    List(#[from] ListError),
    /// The container's record could not be read.
    #[error(transparent)]
    Load(LoadError),
    /// The container could not be removed.
    #[error(transparent)]
    Delete(#[from] DeleteError),
    /// The image that a container is to be made of cannot be used as it is here.
    #[error("cannot use image {image}: {source}")]
    UnusableImage {
        /// Its name.
        image: String,
        /// Why.
        source: ImageError,
    },
    /// An image could not be had, or the image store cannot be used.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// No hypervisor can be used on this host.
    #[error("cannot use a hypervisor: {0}")]
    Hypervisor(#[from] HypervisorError),
    /// A launcher could not be started.
    #[error("cannot start the container's launcher: {0}")]
    Spawn(#[from] SpawnError),
    /// The launcher of a running container does not answer.
    #[error("cannot reach the launcher of container {id}: {source}")]
    Connect {
        /// The container.
        id: ContainerId,
        /// Why.
        source: ConnectError,
    },
    /// The launcher could not bring the workload up.
    #[error("{message}")]
    Launch {
        /// Decides the exit code.
        kind: FailureKind,
        /// What failed, on what and why.
        message: String,
        /// What to do about it; may be empty.
        hint: String,
    },
    /// A request to the launcher failed.
    #[error("cannot {action}: {reason}")]
    Control {
        /// What was asked of it.
        action: &'static str,
        /// Its answer.
        reason: String,
    },
    /// The launcher went away in the middle of a session.
    #[error("{LAUNCHER_GONE}")]
    Lost,
    /// A log could not be read.
    #[error("cannot read the log of container {id}: {source}")]
    Log {
        /// The container.
        id: ContainerId,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Work on a thread of its own did not come to its end.
    #[error("cannot {action}: the work was interrupted")]
    Interrupted {
        /// What was to be done.
        action: &'static str,
    },
    /// The kernel that a container is to boot cannot be used.
    #[error("cannot use the kernel {}: {reason}", path.display())]
    UnusableKernel {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A kernel could not be installed.
    #[error("cannot install the kernel {}: {source}", path.display())]
    Kernel {
        /// The file.
        path: std::path::PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// The writable disk of a container could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the writable disk {}: {source}", path.display())]
pub struct WritableDiskError {
    /// Its file.
    pub path: std::path::PathBuf,
    /// Why.
    pub source: container_ext4::FormatError,
}

impl From<FindError> for EngineError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NotFound { query } => Self::ContainerNotFound {
                name: query.to_string(),
            },
            other => Self::Find(other),
        }
    }
}

impl From<ContentError> for EngineError {
    fn from(error: ContentError) -> Self {
        Self::Image(error.into())
    }
}

impl From<ResolveError> for EngineError {
    fn from(error: ResolveError) -> Self {
        Self::Image(error.into())
    }
}

impl From<LoadError> for EngineError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::NotFound { id } => Self::ContainerNotFound { name: id.to_string() },
            other => Self::Load(other),
        }
    }
}

/// A [`crate::CreateRequest`] that no container can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Neither the image nor the command line names a program.
    #[error("image {image} has no command and none was given")]
    NoCommand {
        /// The image.
        image: String,
    },
    /// Less memory than a container needs.
    #[error("{asked} of memory is too little: at least {} is needed", ByteSize(*minimum_bytes))]
    Memory {
        /// What was asked for.
        asked: ByteSize,
        /// The floor.
        minimum_bytes: u64,
    },
    /// No processor.
    #[error("at least one CPU is needed")]
    NoCpu,
    /// `-u` together with `--uid` or `--gid`.
    #[error("--user cannot be combined with --uid or --gid")]
    TwoUsers,
    /// A working directory that is not absolute.
    #[error("working directory {path:?} is not absolute")]
    WorkingDirectory {
        /// What was given.
        path: String,
    },
}

/// What kind of failure it is: decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The request makes no sense.
    Usage,
    /// A container or image that is not there.
    NotFound,
    /// Our own failure before the program was started.
    Launch,
    /// The program was found but cannot be executed.
    NotExecutable,
    /// The program was not found.
    ProgramNotFound,
    /// Everything else.
    Other,
}

impl EngineError {
    /// What kind of failure it is.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::ContainerNotFound { .. } => FailureClass::NotFound,
            Self::Image(error) => error.class(),
            Self::Request(_) => FailureClass::Usage,
            Self::Launch {
                kind: FailureKind::NotFound,
                ..
            } => FailureClass::ProgramNotFound,
            Self::Launch {
                kind: FailureKind::NotExecutable,
                ..
            } => FailureClass::NotExecutable,
            Self::Launch { .. } | Self::Spawn(_) | Self::Hypervisor(_) | Self::Lost => FailureClass::Launch,
            _ => FailureClass::Other,
        }
    }

    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ContainerNotFound { .. } => Some("container list --all".to_owned()),
            Self::Launch { hint, .. } if !hint.is_empty() => Some(hint.clone()),
            Self::Phase { verb: "delete", id, .. } => Some(format!("container delete --force {id}")),
            Self::Phase {
                verb: "exec in", id, ..
            } => Some(format!("container start {id}")),
            Self::Hypervisor(HypervisorError::ProgramMissing { program }) => Some(install_hint(program)),
            Self::Hypervisor(HypervisorError::NoBackend { .. }) => {
                Some("a Linux host: the backend for macOS is not part of this release".to_owned())
            }
            Self::Lost => Some("container list --all shows what is left of it".to_owned()),
            _ => None,
        }
    }

    /// Turns a failed call to the launcher into an error that says what was asked of it.
    pub(crate) fn control(action: &'static str) -> impl FnOnce(tonic::Status) -> Self {
        move |status| Self::Control {
            action,
            reason: match is_answer(&status) {
                true => status.message().to_owned(),
                false => LAUNCHER_GONE.to_owned(),
            },
        }
    }

    /// Turns the failure of a session's stream into an error.
    pub(crate) fn broken_session(status: &tonic::Status) -> Self {
        if is_answer(status) {
            Self::Control {
                action: "follow the process",
                reason: status.message().to_owned(),
            }
        } else {
            Self::Lost
        }
    }

    /// The launcher's own account of a failed start.
    pub(crate) fn from_failure(failure: Failure) -> Self {
        let kind = failure.kind();
        Self::Launch {
            kind,
            message: failure.message,
            hint: failure.hint,
        }
    }
}

/// Whether a launcher said this itself: what the transport finds wrong carries its cause.
fn is_answer(status: &tonic::Status) -> bool {
    let is_answer = std::error::Error::source(status).is_none();
    if !is_answer {
        tracing::debug!(%status, "the connection to the launcher broke");
    }
    is_answer
}

/// How to get the hypervisor program on the usual distributions.
fn install_hint(program: &str) -> String {
    let package = if program.contains("aarch64") {
        "qemu-system-arm"
    } else {
        "qemu-system-x86"
    };
    format!("install it, for example: sudo apt-get install --no-install-recommends {package}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Status;

    #[test]
    fn a_broken_connection_is_told_without_the_words_of_the_transport() {
        let broken = || {
            Status::from_error(Box::new(std::io::Error::other(
                "h2 protocol error: error reading a body",
            )))
        };
        for error in [
            EngineError::broken_session(&broken()),
            EngineError::control("stop the container")(broken()),
        ] {
            let message = error.to_string();
            assert!(message.contains("launcher was killed"), "{message}");
            assert!(!message.contains("h2") && !message.contains("body"), "{message}");
        }
    }

    #[test]
    fn what_a_launcher_answers_is_repeated() {
        let answer = || Status::failed_precondition("the container is not running");
        for error in [
            EngineError::broken_session(&answer()),
            EngineError::control("stop the container")(answer()),
        ] {
            assert!(error.to_string().ends_with("the container is not running"), "{error}");
        }
    }
}
