//! Starting a launcher.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use container_model::ContainerId;
use container_state::{AppPaths, ContainerStore};

/// The hidden sub-command by which the program becomes a launcher; the container's id follows.
pub const LAUNCHER_COMMAND: &str = "launcher";

/// Environment variable that names the socket of an SSH agent, ssh-agent(1).
pub const SSH_AGENT_VARIABLE: &str = "SSH_AUTH_SOCK";

/// What a launcher uses of the environment of the process that starts it. Everything else (logins for registries, tokens of a CI
/// job, the addresses of agents) would stay readable in a process that lives as long as the container.
const KEPT_VARIABLES: [&str; 20] = [
    "CONTAINER_ACCEL",
    "CONTAINER_APP_ROOT",
    "CONTAINER_BACKEND",
    "CONTAINER_BOOT_TIMEOUT_MS",
    "CONTAINER_DEBUG",
    "CONTAINER_INSTALL_ROOT",
    "CONTAINER_QEMU",
    "CONTAINER_QEMU_DEVICES",
    "CONTAINER_TEMPLATES",
    "CONTAINER_TIMINGS",
    "HOME",
    "LANG",
    "LC_ALL",
    "PATH",
    "RUST_BACKTRACE",
    "TMPDIR",
    "TZ",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
];

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
    /// could leak into other children. `ssh_agent` is the socket of the SSH agent that the container gets.
    ///
    /// # Errors
    /// [`SpawnError`]. What goes wrong later is answered over the connection.
    pub fn spawn(paths: &AppPaths, id: &ContainerId, ssh_agent: Option<&Path>) -> Result<UnixStream, SpawnError> {
        let mut command = Command::new(resolve(std::env::current_exe())?);
        command.arg(LAUNCHER_COMMAND).arg(id.as_str());
        if let Some(socket) = ssh_agent {
            command.env(SSH_AGENT_VARIABLE, socket);
        }
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
        forget_environment(&mut command);
        command
            .env("CONTAINER_APP_ROOT", paths.root())
            .current_dir(paths.root())
            .stdin(Stdio::from(OwnedFd::from(far)))
            .stdout(log)
            .stderr(log_again);
        match command.spawn() {
            // It is not waited for: it outlives this process, or its end is seen on the connection.
            Ok(_) => Ok(near),
            Err(source) => Err(SpawnError::Program {
                program: command.get_program().into(),
                source,
            }),
        }
    }
}

/// The path of this program from any directory. On macOS it is what the program was called by: it may be relative, while a launcher
/// starts in the app root, or a symbolic link, which an upgrade may turn to another program.
fn resolve(named: io::Result<PathBuf>) -> Result<PathBuf, SpawnError> {
    let failed = |program: &Path| {
        let program = program.to_owned();
        move |source| SpawnError::Program { program, source }
    };
    let named = named.map_err(failed(Path::new("this program")))?;
    named.canonicalize().map_err(failed(&named))
}

/// Leaves of this process's environment what a launcher needs, and of `command`'s own what it was given.
fn forget_environment(command: &mut Command) {
    let own: Vec<(OsString, Option<OsString>)> = command
        .get_envs()
        .map(|(name, value)| (name.to_owned(), value.map(OsStr::to_owned)))
        .collect();
    command.env_clear();
    for name in KEPT_VARIABLES {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    for (name, value) in own {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_was_called_by_a_link_or_a_relative_path_is_found_from_anywhere() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let [program, link] = ["program", "link"].map(|name| root.join(name));
        std::fs::write(&program, b"").unwrap();
        std::os::unix::fs::symlink("program", &link).unwrap();
        assert_eq!(resolve(Ok(link)).unwrap(), program);
        // Tests run in the directory of their crate.
        let relative = resolve(Ok(PathBuf::from("src/../Cargo.toml"))).unwrap();
        assert_eq!(
            relative,
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .canonicalize()
                .unwrap()
                .join("Cargo.toml")
        );
        let error = resolve(Ok(root.join("gone"))).unwrap_err().to_string();
        assert!(error.contains("gone"), "{error}");
    }

    #[test]
    fn a_launcher_inherits_only_what_it_uses() {
        // Cargo's are in the environment of every test and stand for all others.
        assert!(std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("CARGO")));
        let mut command = Command::new("/usr/bin/env");
        command.env("CONTAINER_TEST", "of its own");
        forget_environment(&mut command);
        let output = command.output().unwrap().stdout;
        let text = String::from_utf8_lossy(&output);
        let names: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        assert!(
            names.contains(&"PATH") && names.contains(&"CONTAINER_TEST"),
            "{names:?}"
        );
        for name in names {
            assert!(KEPT_VARIABLES.contains(&name) || name == "CONTAINER_TEST", "{name}");
        }
    }
}
