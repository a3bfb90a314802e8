//! Waiting for a process by its pidfd.
//!
//! Every process that vminitd forks is waited for by the task that started it. No other process
//! becomes a child of vminitd: an orphan in the container becomes a child of the container's own PID 1. So no loop over all children
//! is needed.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use container_agent_api::v1::Exited;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use tokio::io::Interest;
use tokio::time::sleep;

use crate::registration::register_borrowed;

/// Added to a signal's number to make an exit code, as shells do.
const SIGNAL_BASE: u32 = 128;

/// Between two looks at a process whose end the runtime does not tell.
const POLL: Duration = Duration::from_millis(20);

/// Waits for the process and takes its status.
///
/// # Errors
/// The kernel's, which are about what is no child of this process: one that lives is not left without having been waited for.
pub(crate) async fn wait(pidfd: &OwnedFd) -> io::Result<Exited> {
    wait_as(pidfd, WaitIdOptions::empty()).await
}

/// Waits for the end of the process, of which everything can be found out until [`wait`] takes its status.
///
/// # Errors
/// As those of [`wait`].
pub(crate) async fn ended(pidfd: &OwnedFd) -> io::Result<()> {
    wait_as(pidfd, WaitIdOptions::NOWAIT).await.map(drop)
}

async fn wait_as(pidfd: &OwnedFd, options: WaitIdOptions) -> io::Result<Exited> {
    // Fails for lack of memory. What the process does goes on all the same, and has an end that others rely on.
    let registered = register_borrowed(pidfd.as_fd(), Interest::READABLE).ok();
    loop {
        let status = waitid(
            WaitId::PidFd(pidfd.as_fd()),
            WaitIdOptions::EXITED | WaitIdOptions::NOHANG | options,
        )?;
        if let Some(status) = status {
            let signal = status.terminating_signal().map_or(0, i32::unsigned_abs);
            let exit_code = status.exit_status().map_or(SIGNAL_BASE + signal, i32::unsigned_abs);
            return Ok(Exited {
                exit_code,
                signal,
                ..Exited::default()
            });
        }
        match &registered {
            Some(registered) => registered.readable().await?.clear_ready(),
            None => sleep(POLL).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    fn shell(script: &str) -> (std::process::Child, OwnedFd) {
        let child = std::process::Command::new("/bin/sh")
            .args(["-c", script])
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        (child, pidfd_open(pid, PidfdFlags::empty()).unwrap())
    }

    async fn run(script: &str) -> Exited {
        let (mut child, pidfd) = shell(script);
        let exited = wait(&pidfd).await.unwrap();
        assert!(child.wait().is_err(), "the status has been taken");
        exited
    }

    #[tokio::test]
    async fn a_process_is_waited_for_also_when_the_runtime_cannot_tell_of_its_end() {
        let (mut child, pidfd) = shell("sleep 0.2; exit 7");
        // The kernel refuses to tell of one descriptor twice.
        let _registered = register_borrowed(pidfd.as_fd(), Interest::READABLE).unwrap();
        assert!(register_borrowed(pidfd.as_fd(), Interest::READABLE).is_err());
        assert_eq!(wait(&pidfd).await.unwrap().exit_code, 7);
        assert!(child.wait().is_err(), "the status has been taken");
    }

    #[tokio::test]
    async fn a_process_that_has_ended_is_there_until_its_status_is_taken() {
        let (mut child, pidfd) = shell("exit 7");
        ended(&pidfd).await.unwrap();
        assert!(std::path::Path::new(&format!("/proc/{}/status", child.id())).exists());
        assert_eq!(wait(&pidfd).await.unwrap().exit_code, 7);
        assert!(child.wait().is_err(), "the status has been taken");
    }

    #[tokio::test]
    async fn exit_codes_and_signals_are_told_apart() {
        assert_eq!(
            run("exit 7").await,
            Exited {
                exit_code: 7,
                ..Exited::default()
            }
        );
        assert_eq!(
            run("kill -9 $$").await,
            Exited {
                exit_code: 137,
                signal: 9,
                ..Exited::default()
            }
        );
    }
}
