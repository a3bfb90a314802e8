//! Starting a network's process.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use container_model::NetworkName;
use container_state::AppPaths;

/// The hidden sub-command by which the program becomes a network's process; the network's name follows.
pub const PROCESS_COMMAND: &str = "switch";

/// Name of the process's log in the network's directory.
pub(crate) const LOG_FILE: &str = "switch.log";

/// The program that a process runs, proc(5).
const RUNNING_PROGRAM: &str = "/proc/self/exe";

/// From how many bytes on the GNU C library maps what is allocated and gives it back at once when it is freed (mallopt(3),
/// `M_MMAP_THRESHOLD`): all buffers of connections but the smallest. Left alone, the limit grows with what is freed, and buffers come from the
/// heap: zeroed whole, so that they take memory before they are used, and kept when the connection has ended.
const MAPPED_FROM_BYTES: &str = "16384";

/// Stack of the thread that waits for the process, bytes.
const WAITING_STACK_BYTES: usize = 64 << 10;

/// The process of a network could not be started.
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
    /// The program cannot be started.
    #[error("cannot run this program again: {source}")]
    Program {
        /// What the system says.
        source: io::Error,
    },
}

/// This very program, and what it is called. The file may have been replaced since it was started, by an upgrade; Linux knows it all the
/// same.
fn this_program() -> io::Result<(PathBuf, PathBuf)> {
    let named = std::env::current_exe()?;
    let running = Path::new(RUNNING_PROGRAM);
    if running.exists() {
        return Ok((running.to_owned(), named));
    }
    let named = named.canonicalize()?;
    Ok((named.clone(), named))
}

/// Starts the process of a network: `program`, or this program once more, in the environment of its caller, which is a launcher's, and
/// with a fixed [`MAPPED_FROM_BYTES`]. One that finds another in its place ends at once.
pub(super) fn spawn(paths: &AppPaths, name: &NetworkName, program: Option<&Path>) -> Result<(), SpawnError> {
    let path = paths.networks().join(name.as_str()).join(LOG_FILE);
    let log = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
    let log = log.map_err(|source| SpawnError::Log { path, source })?;
    let program = match program {
        Some(program) => program.canonicalize().map(|program| (program.clone(), program)),
        None => this_program(),
    };
    let (program, shown) = program.map_err(|source| SpawnError::Program { source })?;
    let mut child = Command::new(program)
        .arg0(shown)
        .arg(PROCESS_COMMAND)
        .arg(name.as_str())
        .env("CONTAINER_APP_ROOT", paths.root())
        .env("MALLOC_MMAP_THRESHOLD_", MAPPED_FROM_BYTES)
        .current_dir(paths.root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|source| SpawnError::Program { source })?;
    // It may end before this process does, and would stay as a zombie.
    let waiting = thread::Builder::new()
        .stack_size(WAITING_STACK_BYTES)
        .spawn(move || child.wait());
    waiting.map(drop).map_err(|source| SpawnError::Program { source })
}
