//! Starts one test binary: an end-to-end one as an ordinary user in the stage's directories, any other as it is.
//!
//! The test runner (cargo or nextest) calls this for every binary of the workspace, also to list its tests.

use anyhow::{Context, Result, bail};
use std::env;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The ordinary user's id where the tests are started by root: nobody's on Debian.
pub(crate) const NOBODY: u32 = 65534;

/// Names the variable with the stage's directory.
pub(crate) const STAGE: &str = "CONTAINER_E2E_STAGE";

/// The binary and its arguments.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The test binary.
    binary: PathBuf,
    /// Its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Replaces this process by the test binary.
///
/// # Errors
/// When the binary cannot be started.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut command = match env::var_os(STAGE).map(PathBuf::from) {
        Some(stage) if is_end_to_end() => staged(&stage, &arguments.binary)?,
        _ => Command::new(&arguments.binary),
    };
    let error = command.args(&arguments.arguments).exec();
    bail!("cannot start {}: {error}", arguments.binary.display());
}

/// Both runners name the package under test to the binary that they start, which for now is this one.
fn is_end_to_end() -> bool {
    env::var_os("CARGO_MANIFEST_DIR").is_some_and(|directory| Path::new(&directory).ends_with("tests/e2e"))
}

fn staged(stage: &Path, binary: &Path) -> Result<Command> {
    let home = stage.join("home");
    let mut command = Command::new(readable_copy(stage, binary)?);
    command
        .current_dir(&home)
        .env("HOME", &home)
        .env("TMPDIR", stage.join("tmp"))
        .env("XDG_RUNTIME_DIR", stage.join("run"))
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME");
    if rustix::process::geteuid().is_root() {
        // The standard library drops root's supplementary groups as it changes the user.
        command
            .uid(NOBODY)
            .gid(NOBODY)
            .env("USER", "nobody")
            .env("LOGNAME", "nobody");
    }
    Ok(command)
}

/// The binary copied to where the user can read it. Several processes may do this at once: each renames its own copy into place.
fn readable_copy(stage: &Path, binary: &Path) -> Result<PathBuf> {
    let name = binary.file_name().context("a test binary without a name")?;
    let copy = stage.join("bin").join(name);
    if !copy.exists() {
        let partial = copy.with_extension(format!("partial-{}", std::process::id()));
        fs::copy(binary, &partial).with_context(|| format!("cannot copy {}", binary.display()))?;
        fs::set_permissions(&partial, Permissions::from_mode(0o755))?;
        fs::rename(&partial, &copy)?;
    }
    Ok(copy)
}
