//! A process that ends a machine whose launcher was killed, on systems where a child outlives its parent.
//!
//! It is a shell that reads a pipe whose only writer is this process: the pipe ends with it, however it ends. The guest's agent, which
//! powers off when its channel closes, would do the same, unless the guest hangs or does not want to.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::running::Running;

/// What messages call it.
const NAME: &str = "the process that ends an abandoned QEMU";

/// Every system has it.
const SHELL: &str = "/bin/sh";

/// Waits for the end of the input and kills the process with the id that is the first argument.
const SCRIPT: &str = "while read -r line; do :; done; kill -9 \"$0\"";

/// Starts one for a process. It ends `watched` when this process ends; it is to be ended itself before `watched` is waited for by others.
pub(crate) fn start(watched: &Running) -> io::Result<Running> {
    let id = watched.id().ok_or(io::ErrorKind::NotFound)?;
    let child = Command::new(Path::new(SHELL))
        .args(["-c", SCRIPT, &id.to_string()])
        .env_clear()
        .current_dir("/")
        // No Ctrl-C.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    Running::of(NAME, child)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use container_hypervisor::MachineExit;

    use super::*;
    use crate::confinement::{Confinement, Limits, Openable, Reach};

    fn sleeper() -> Running {
        let limits = Limits::of_qemu(None);
        let confinement = Confinement::prepare(&Reach::Any, &Openable::default(), limits).unwrap();
        Running::start(
            "QEMU",
            Path::new("/bin/sleep"),
            &["1000".into()],
            Vec::new(),
            confinement,
        )
        .unwrap()
    }

    #[tokio::test]
    async fn the_end_of_the_launcher_s_pipe_ends_the_machine() {
        let mut machine = sleeper();
        let mut watcher = start(&machine).unwrap();
        assert!(
            tokio::time::timeout(Duration::from_millis(300), machine.finish())
                .await
                .is_err(),
            "it lives as long as the pipe"
        );
        watcher.close_input();
        let reason = "QEMU ended by signal 9".to_owned();
        assert_eq!(machine.ended().await, MachineExit::Failed { reason });
    }

    #[tokio::test]
    async fn a_watcher_that_is_dismissed_kills_nobody() {
        let mut machine = sleeper();
        drop(start(&machine).unwrap());
        let waited = tokio::time::timeout(Duration::from_millis(300), machine.finish()).await;
        assert!(waited.is_err(), "{waited:?}");
    }
}
