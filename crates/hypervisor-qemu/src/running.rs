//! A process of a machine that runs: QEMU, or what serves it.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use container_hypervisor::MachineExit;
use tokio::process::{Child, ChildStdin};

use crate::confinement::Confinement;
use crate::last_words::{self, LastWords};
use crate::process::{self, Streams};

/// What messages call QEMU's process.
pub(crate) const QEMU: &str = "QEMU";

/// A process that runs. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Running {
    /// What messages call it: `QEMU`.
    name: String,
    child: Child,
    #[cfg_attr(not(test), expect(dead_code, reason = "it is held open as long as this"))]
    input: Option<ChildStdin>,
    last_words: LastWords,
    /// What QEMU calls its files, and what they are.
    file_names: Vec<(String, String)>,
}

impl Running {
    /// Starts `program`; see [`process::spawn`] for the thread that this must happen on.
    pub(crate) fn start(
        name: &str,
        program: &Path,
        arguments: &[OsString],
        inherited: Vec<OwnedFd>,
        confinement: Confinement,
    ) -> io::Result<Self> {
        let streams = Streams {
            input: Stdio::null(),
            output: Stdio::null(),
        };
        Self::start_with(name, program, arguments, streams, inherited, confinement)
    }

    /// As [`Running::start`], with these standard streams.
    pub(crate) fn start_with(
        name: &str,
        program: &Path,
        arguments: &[OsString],
        streams: Streams,
        inherited: Vec<OwnedFd>,
        confinement: Confinement,
    ) -> io::Result<Self> {
        Self::of(
            name,
            process::spawn(program, arguments, inherited, confinement, streams)?,
        )
    }

    /// A process whose standard error is a pipe. Its standard input, if that is one, stays open as long as this.
    pub(crate) fn of(name: &str, mut child: Child) -> io::Result<Self> {
        // Waiting for the child would close it.
        let input = child.stdin.take();
        let stderr = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            name: name.to_owned(),
            child,
            input,
            last_words: LastWords::collect(stderr),
            file_names: Vec::new(),
        })
    }

    /// Has messages name files as the user knows them.
    pub(crate) fn with_file_names(mut self, file_names: Vec<(String, String)>) -> Self {
        self.file_names = file_names;
        self
    }

    /// The process's id, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Closes its standard input, as the end of this process does.
    #[cfg(test)]
    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    /// Asks the system to end it.
    pub(crate) fn start_kill(&mut self) -> io::Result<()> {
        self.child.start_kill()
    }

    /// Waits for the end of the process or of its machine, and takes its last words. Cancel-safe.
    pub(crate) async fn finish(&mut self) -> io::Result<(ExitStatus, String)> {
        let status = tokio::select! {
            status = self.child.wait() => status,
            // QEMU would keep the stopped machine for ever.
            () = self.last_words.kvm_failed() => {
                let _ = self.child.start_kill();
                self.child.wait().await
            }
        }?;
        let mut words = self.last_words.finish().await;
        for (of_qemu, of_the_user) in &self.file_names {
            words = words.replace(of_qemu, of_the_user);
        }
        Ok((status, words))
    }

    /// As [`Running::finish`], as a machine's end.
    pub(crate) async fn ended(&mut self) -> MachineExit {
        match self.finish().await {
            Ok((status, _)) if status.success() => MachineExit::PowerOff,
            finished => MachineExit::Failed {
                reason: self.text(finished),
            },
        }
    }

    /// Waits for its end, and tells how it ended in words.
    pub(crate) async fn end_text(&mut self) -> String {
        let finished = self.finish().await;
        self.text(finished)
    }

    fn text(&self, finished: io::Result<(ExitStatus, String)>) -> String {
        match finished {
            Ok((status, words)) => last_words::with_status(&self.name, status, &words),
            Err(error) => format!("{} cannot be waited for: {error}", self.name),
        }
    }
}
