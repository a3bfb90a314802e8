//! Why a machine could not be made or driven.

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
    /// This host has no backend.
    #[error("no hypervisor backend for {host}")]
    NoBackend {
        /// Operating system and architecture.
        host: String,
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
}
