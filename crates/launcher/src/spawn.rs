//! Starting a launcher.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use container_model::ContainerId;
use container_state::{AppPaths, ContainerStore};

/// The hidden sub-command by which the program becomes a launcher; the container's id follows.
pub const LAUNCHER_COMMAND: &str = "launcher";

/// A launcher could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// Its log cannot be opened.
    #[error("cannot open {}: {source}", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no connection to give it.
    #[error("cannot make a socket pair: {source}")]
    Socket {
        /// What the system says.
        source: io::Error,
    },
    /// The program cannot be started.
    #[error("cannot start {}: {source}", program.display())]
    Program {
        /// This very program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A launcher on its way up.
#[derive(Debug)]
pub struct LauncherProcess;

impl LauncherProcess {
    /// Starts the launcher of a container: this program once more. Returns the first connection to its control service; should it
    /// be closed before anything was asked to start, the launcher gives up.
    ///
    /// The launcher's standard input is the other end of that connection, which is how it gets across without any descriptor that
    /// could leak into other children.
    ///
    /// # Errors
    /// [`SpawnError`]. What goes wrong later is answered over the connection.
    pub fn spawn(paths: &AppPaths, id: &ContainerId) -> Result<UnixStream, SpawnError> {
        let program = std::env::current_exe().map_err(|source| SpawnError::Program {
            program: PathBuf::from("/proc/self/exe"),
            source,
        })?;
        let mut command = Command::new(&program);
        command.arg(LAUNCHER_COMMAND).arg(id.as_str());
        Self::spawn_command(command, paths, id)
    }

    /// As [`LauncherProcess::spawn`], with another program.
    ///
    /// # Errors
    /// [`SpawnError`].
    pub fn spawn_command(mut command: Command, paths: &AppPaths, id: &ContainerId) -> Result<UnixStream, SpawnError> {
        let path = ContainerStore::new(paths.clone()).bundle(id).launcher_log();
        let log = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        let (log, log_again) = log
            .and_then(|log| Ok((log.try_clone()?, log)))
            .map_err(|source| SpawnError::Log { path, source })?;
        let (near, far) = UnixStream::pair().map_err(|source| SpawnError::Socket { source })?;
        command
            .env("CONTAINER_APP_ROOT", paths.root())
            .current_dir(paths.root())
            .stdin(Stdio::from(OwnedFd::from(far)))
            .stdout(log)
            .stderr(log_again);
        match command.spawn() {
            // Nobody waits for it: it outlives this process, or its end is seen on the connection.
            Ok(_) => Ok(near),
            Err(source) => Err(SpawnError::Program {
                program: command.get_program().into(),
                source,
            }),
        }
    }
}
