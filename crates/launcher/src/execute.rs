//! Being a launcher: what happens before and around [`crate::run`].
//!
//! What a launcher has to say goes to standard error, which is `launcher.log` in the container's directory, on every system. macOS's
//! unified log is not used: its call is a macro of C, so that every crate for it compiles C, and what is in it is not with the
//! container's other logs, nor gone with the container.

use std::io;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use rustix::fs::{Mode, OFlags};

use crate::launch::Launch;
use crate::life::run;

mod open_files;
#[cfg(target_os = "macos")]
mod service_class;

/// Threads for file work. The runtime itself has none but the main thread.
const BLOCKING_THREADS: usize = 4;
/// Their stacks, bytes.
const BLOCKING_STACK_BYTES: usize = 256 << 10;

/// Becomes the launcher that [`crate::LauncherProcess::spawn`] started: leaves the caller's session, takes the control connection
/// from standard input, and runs the container to its end. `launch` is given that connection.
///
/// Must be called on the main thread: some backends tie the life of their machine to it.
pub fn execute(launch: impl FnOnce(UnixStream) -> Launch) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false)
        .init();
    be_waited_for();
    if cfg!(target_os = "macos") {
        open_files::raise_limit();
    }
    let result = leave_session().and_then(|control| {
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

/// Makes this process the leader of a session of its own and its standard input empty; returns the connection that was there.
fn leave_session() -> io::Result<UnixStream> {
    // A launcher that was started by hand as the leader of a process group stays in its session; nothing depends on it.
    if let Err(error) = rustix::process::setsid() {
        tracing::warn!(%error, "cannot leave the session");
    }
    let control = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(UnixStream::from(control))
}
