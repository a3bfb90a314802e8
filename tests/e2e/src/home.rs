//! An app root and a runtime directory of their own, and the commands that use them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::architecture::PLATFORM_VARIABLE;
use crate::archive::{self, BUSYBOX};
use crate::{COMMAND_LIMIT, Outcome, Process, Started, Store, binary, eventually, processes_of};

/// The variables of the tests' environment that commands get. All others are left out: on a desktop they name the developer's session bus, and
/// with it the key ring, proxies, registries and tokens.
const PASSED_ON: [&str; 12] = [
    "PATH",
    "TMPDIR",
    "TERM",
    "USER",
    "LOGNAME",
    "RUST_BACKTRACE",
    "CONTAINER_INSTALL_ROOT",
    "CONTAINER_BOOT_TIMEOUT_MS",
    "CONTAINER_QEMU",
    "CONTAINER_BACKEND",
    "CONTAINER_QEMU_DEVICES",
    TEMPLATES_VARIABLE,
];

/// Whether containers continue from templates. They do not unless a test or the environment asks for it: building one takes as long as a boot, and
/// most homes see each image once.
const TEMPLATES_VARIABLE: &str = "CONTAINER_TEMPLATES";

/// The directories and environment of a user. When it is dropped, no process of it may run.
pub struct Home {
    directory: TempDir,
    variables: BTreeMap<OsString, OsString>,
}

impl Home {
    /// A home in which the program has to determine the accelerator itself.
    #[must_use]
    pub(crate) fn undecided() -> Self {
        Self::bare().with_busybox()
    }

    pub(crate) fn bare() -> Self {
        let directory = tempfile::Builder::new().prefix("ce-").tempdir().unwrap();
        let home = Self {
            directory,
            variables: BTreeMap::new(),
        };
        for path in [home.app_root(), home.runtime(), home.file("home")] {
            fs::create_dir(path).unwrap();
        }
        let (root, runtime, user) = (home.app_root(), home.runtime(), home.file("home"));
        let (settings, docker) = (home.file("config"), home.docker_directory());
        let home = match std::env::var_os(PLATFORM_VARIABLE) {
            Some(platform) => home.with("CONTAINER_DEFAULT_PLATFORM", platform),
            None => home,
        };
        let home = home.with(TEMPLATES_VARIABLE, "off");
        // The settings of the user who runs the tests must not matter.
        PASSED_ON
            .into_iter()
            .fold(home, |home, name| match std::env::var_os(name) {
                Some(value) => home.with(name, value),
                None => home,
            })
            .with("HOME", user)
            .with("CONTAINER_APP_ROOT", root)
            .with("XDG_RUNTIME_DIR", runtime)
            .with("XDG_CONFIG_HOME", settings)
            .with("DOCKER_CONFIG", docker)
    }

    /// The same home with the busybox image.
    ///
    /// # Panics
    /// When it cannot be loaded.
    #[must_use]
    pub fn with_busybox(self) -> Self {
        let archive = archive::busybox();
        self.run([
            OsStr::new("image"),
            OsStr::new("load"),
            OsStr::new("--input"),
            archive.as_os_str(),
        ])
        .success();
        self
    }

    /// The same home with an environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Where all state lives.
    #[must_use]
    pub fn app_root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    /// The runtime directory.
    #[must_use]
    pub fn runtime(&self) -> PathBuf {
        self.directory.path().join("run")
    }

    /// Docker's directory, which does not exist until a test makes it.
    #[must_use]
    pub fn docker_directory(&self) -> PathBuf {
        self.directory.path().join("docker")
    }

    /// Writes the user's settings, config.toml.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn set_up(&self, settings: &str) {
        let directory = self.file("config/container");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("config.toml"), settings).unwrap();
    }

    /// A path for a file of the test's own.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A command that has not been started. Its environment is only that of this home.
    pub fn command<I: IntoIterator<Item: AsRef<OsStr>>>(&self, words: I) -> Command {
        let mut command = Command::new(binary());
        self.enter(command.args(words)).stdin(Stdio::null());
        command
    }

    /// Gives a command only the environment of this home.
    fn enter<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env_clear().envs(&self.variables)
    }

    /// Runs a command to its end, without input.
    #[track_caller]
    pub fn run<I: IntoIterator<Item: AsRef<OsStr>>>(&self, words: I) -> Outcome {
        Started::spawn(self.command(words), None).wait()
    }

    /// Runs a command to its end with this input.
    #[track_caller]
    pub fn run_with_input<I: IntoIterator<Item: AsRef<OsStr>>>(&self, words: I, input: impl Into<Vec<u8>>) -> Outcome {
        Started::spawn(self.command(words), Some(input.into())).wait()
    }

    /// Starts a command and leaves it running.
    pub fn spawn<I: IntoIterator<Item: AsRef<OsStr>>>(&self, words: I) -> Started {
        Started::spawn(self.command(words), None)
    }

    /// Runs a shell script in a new container of the busybox image.
    #[track_caller]
    pub fn shell(&self, script: &str) -> Outcome {
        self.run(["run", "--rm", BUSYBOX, "sh", "-c", script])
    }

    /// Runs a shell script in a user and mount namespace of its own, where it may mount over the app root. It finds the program in `$PROGRAM`
    /// and the app root in `$ROOT`. Tests ask for `may_mount_in_a_namespace` first.
    ///
    /// # Panics
    /// When the script does not end in time.
    #[track_caller]
    #[must_use]
    pub fn with_own_mounts(&self, script: &str) -> Outcome {
        let mut command = Command::new("unshare");
        self.enter(command.args(["-rm", "sh", "-c", script]))
            .env("PROGRAM", binary())
            .env("ROOT", self.app_root());
        Started::spawn(command, Some(Vec::new())).wait()
    }

    /// The image store.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::below(&self.app_root())
    }

    /// Starts a container that runs until it is stopped, and ends on SIGTERM.
    #[track_caller]
    pub fn start_sleeper(&self, name: &str) {
        let script = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";
        self.run(["run", "-d", "--name", name, BUSYBOX, "sh", "-c", script])
            .success();
    }

    /// The state of a container, as `inspect` has it.
    #[track_caller]
    pub fn status(&self, name: &str) -> serde_json::Value {
        self.run(["inspect", name]).success().json()[0]["status"].clone()
    }

    /// Processes of this home.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        processes_of(&self.app_root())
    }

    /// Files in the directories of containers and in the runtime directory.
    #[must_use]
    pub fn sockets(&self) -> Vec<PathBuf> {
        use std::os::unix::fs::FileTypeExt;
        let mut found = Vec::new();
        walk(self.directory.path(), &mut |path, kind| {
            if kind.is_socket() || path.extension().is_some_and(|extension| extension == "sock") {
                found.push(path.to_owned());
            }
        });
        found
    }

    /// Checks that no process and no socket is left.
    #[track_caller]
    pub fn assert_quiet(&self) {
        eventually("all processes have gone", COMMAND_LIMIT, || self.processes().is_empty());
        // The next command removes what a killed launcher left.
        self.run(["list", "--all"]).success();
        // A network's process is not seen while it is being executed, and its launcher may be gone by then.
        eventually("all sockets have gone", COMMAND_LIMIT, || self.sockets().is_empty());
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.processes().iter().for_each(Process::kill);
            return;
        }
        let running = self.run(["list", "--quiet"]).text();
        if !running.is_empty() {
            self.run(["delete", "--all", "--force"]).success();
        }
        self.assert_quiet();
    }
}

fn walk(directory: &Path, visit: &mut impl FnMut(&Path, fs::FileType)) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            walk(&entry.path(), visit);
        } else {
            visit(&entry.path(), kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_sees_nothing_of_the_environment_of_the_tests() {
        let home = Home::bare();
        let mut command = Command::new("env");
        // Cargo and the test runner set this one for the test itself.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let output = home.enter(&mut command).output().unwrap();
        let seen = String::from_utf8(output.stdout).unwrap();
        for name in seen.lines().filter_map(|line| Some(line.split_once('=')?.0)) {
            assert!(home.variables.contains_key(OsStr::new(name)), "{name}");
        }
        assert!(seen.contains("CONTAINER_APP_ROOT="));
    }
}
