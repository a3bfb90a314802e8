//! Why a machine could not be made or driven, and what a user can do about it: only the backend knows.

use std::path::PathBuf;

/// A machine could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A setting contradicts itself or exceeds what the backend can do.
    #[error("machine configuration: {0}")]
    Config(#[from] crate::ConfigError),
    /// A file the machine needs cannot be read or written.
    #[error("cannot open {what} {}: {source}", path.display())]
    File {
        /// What the file is for: `kernel`, `initramfs`, `layer disk`, …
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The hypervisor program is missing.
    #[error("{program} was not found in PATH")]
    ProgramMissing {
        /// Name of the program.
        program: String,
        /// How to get it on this host.
        hint: String,
    },
    /// An environment variable has a value that is not understood.
    #[error("{name}={value}: {expected} is expected")]
    Setting {
        /// The environment variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// The hypervisor belongs to another system than this host's.
    #[error("{hypervisor} is not available on {host}")]
    NoBackend {
        /// The program or framework.
        hypervisor: &'static str,
        /// Operating system and architecture.
        host: String,
    },
    /// The hypervisor is there, but this host's processor or system does not let it run machines.
    #[error("{hypervisor} cannot run machines here: {reason}")]
    NotSupported {
        /// The program or framework.
        hypervisor: &'static str,
        /// Why.
        reason: String,
        /// What else there is.
        hint: String,
    },
    /// The hypervisor is there, but this program has no permission to use it.
    #[error("this program may not use {hypervisor}: {reason}")]
    NotEntitled {
        /// The program or framework.
        hypervisor: &'static str,
        /// What it says.
        reason: String,
        /// How to get the permission.
        hint: String,
    },
    /// The hypervisor does not accept the machine.
    #[error("{hypervisor} refuses the machine: {reason}")]
    Refused {
        /// The program or framework.
        hypervisor: &'static str,
        /// What it says, with its own code.
        reason: String,
    },
    /// A resource of the host could not be had.
    #[error("cannot set up the machine's {what}: {source}")]
    Host {
        /// What it is: `agent channel`, `control channel`, …
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl CreateError {
    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::ProgramMissing { hint, .. } | Self::NotSupported { hint, .. } | Self::NotEntitled { hint, .. } => {
                Some(hint)
            }
            Self::NoBackend { .. } => Some("without CONTAINER_BACKEND, one that is available is chosen"),
            _ => None,
        }
    }
}

/// A machine could not be driven.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// The hypervisor did not start.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program or framework.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A machine could not continue a template.
    #[error("cannot restore the machine: {step}: {reason}")]
    Restore {
        /// What failed: `reading the state`, `loading the state`, …
        step: &'static str,
        /// Why.
        reason: String,
    },
    /// A machine could not be saved as a template.
    #[error("cannot save the machine: {step}: {reason}")]
    Save {
        /// What failed: `stopping the machine`, `writing the state`, …
        step: &'static str,
        /// Why.
        reason: String,
    },
    /// The machine has not been started.
    #[error("the machine has not been started")]
    NotStarted,
    /// The machine's only stream to the agent is in use.
    #[error("the agent's channel is already in use")]
    StreamTaken,
    /// The machine could not be ended.
    #[error("cannot end the machine: {source}")]
    Kill {
        /// The system's reason.
        source: std::io::Error,
    },
    /// The hypervisor refused or did not answer a control command.
    #[error("{command}: {reason}")]
    Control {
        /// The command.
        command: String,
        /// Its answer.
        reason: String,
    },
    /// A framework reported an error.
    #[error("cannot {action} the machine: {reason} ({domain} {code})")]
    Framework {
        /// What it was asked to do: `start`, `stop`, `pause`, …
        action: &'static str,
        /// Whose code it is, e.g. `VZErrorDomain`.
        domain: String,
        /// The code within the domain.
        code: i64,
        /// What it says.
        reason: String,
    },
}
