//! Being a launcher: what happens before and around [`crate::run`].
//!
//! What a launcher has to say goes to standard error, which is `launcher.log` in the container's directory, on every system. macOS's
//! unified log is not used: its call is a macro of C, so that every crate for it compiles C, and what is in it is not with the
//! container's other logs, nor gone with the container. It is bounded. Where the disk is full, lines are lost and the container goes on.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use container_durable::LossyLog;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::launch::Launch;
use crate::life::run;
use crate::logs::OwnLog;

mod open_files;
#[cfg(target_os = "macos")]
mod service_class;

/// Threads for file work. The runtime itself has none but the main thread.
const BLOCKING_THREADS: usize = 4;
/// Their stacks, bytes.
const BLOCKING_STACK_BYTES: usize = 256 << 10;

/// Leaves the caller's session, and waits until the process that started this one says something on the control connection or has gone.
/// The first thing that a launcher does.
pub fn wait_for_starter() {
    // Fails for the leader of a process group, as which a user may start it by hand: it stays in its session, and nothing depends on it.
    // Which session that is cannot be asked instead: there is no number for one whose leader is outside of this process's PID namespace.
    _ = rustix::process::setsid();
    let stdin = io::stdin();
    // Any other failure shows when the connection is used.
    while poll(&mut [PollFd::new(&stdin, PollFlags::IN)], None) == Err(Errno::INTR) {}
}

/// Becomes the launcher that [`crate::LauncherProcess::spawn`] started: takes the control connection from standard input, and runs the
/// container to its end. `launch` is given that connection. `log` is the file that standard error is; where it is not, that grows without a bound.
///
/// [`wait_for_starter`] comes first. Must be called on the main thread: some backends tie the life of their machine to it.
pub fn execute(log: &Path, launch: impl FnOnce(UnixStream) -> Launch) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(Mutex::new(LossyLog::new(OwnLog::go_on(log))))
        .with_ansi(false)
        .with_target(false)
        .init();
    be_waited_for();
    if cfg!(target_os = "macos") {
        open_files::raise_limit();
    }
    let result = take_connection().and_then(|control| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_stack_size(BLOCKING_STACK_BYTES)
            .on_thread_start(be_waited_for)
            .build()?;
        runtime.block_on(run(launch(control)));
        // A file operation that hangs does not keep the launcher alive.
        runtime.shutdown_background();
        Ok(())
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "cannot become a launcher");
            ExitCode::FAILURE
        }
    }
}

/// Tells the system that somebody waits for what this thread does, where it wants to know. (App Nap concerns programs with windows only. A
/// job of launchd that starts containers says `ProcessType` `Interactive` in its property list, else its files are slow.)
fn be_waited_for() {
    #[cfg(target_os = "macos")]
    if let Err(error) = service_class::be_user_initiated() {
        tracing::warn!(%error, "cannot choose the quality-of-service class");
    }
}

/// Makes this process's standard input empty; returns the connection that was there.
fn take_connection() -> io::Result<UnixStream> {
    let control = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(UnixStream::from(control))
}
