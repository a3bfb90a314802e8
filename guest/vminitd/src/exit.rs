//! Waiting for a process by its pidfd.
//!
//! Every process that vminitd forks is waited for by the task that started it. No other process
//! becomes a child of vminitd: an orphan in the container becomes a child of the container's own PID 1. So no loop over all children
//! is needed.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use container_agent_api::v1::Exited;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use tokio::io::Interest;

use crate::registration::register;

/// Added to a signal's number to make an exit code, as shells do.
const SIGNAL_BASE: u32 = 128;

/// Waits for the process and takes its status.
pub(crate) async fn wait(pidfd: OwnedFd) -> io::Result<Exited> {
    let pidfd = register(pidfd, Interest::READABLE)?;
    loop {
        let mut ready = pidfd.readable().await?;
        let status = waitid(
            WaitId::PidFd(pidfd.get_ref().as_fd()),
            WaitIdOptions::EXITED | WaitIdOptions::NOHANG,
        )?;
        let Some(status) = status else {
            ready.clear_ready();
            continue;
        };
        let signal = status.terminating_signal().map_or(0, i32::unsigned_abs);
        let exit_code = status.exit_status().map_or(SIGNAL_BASE + signal, i32::unsigned_abs);
        return Ok(Exited {
            exit_code,
            signal,
            oom_killed: false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    async fn run(script: &str) -> Exited {
        let mut child = std::process::Command::new("/bin/sh")
            .args(["-c", script])
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let exited = wait(pidfd_open(pid, PidfdFlags::empty()).unwrap()).await.unwrap();
        assert!(child.wait().is_err(), "the status has been taken");
        exited
    }

    #[tokio::test]
    async fn exit_codes_and_signals_are_told_apart() {
        assert_eq!(
            run("exit 7").await,
            Exited {
                exit_code: 7,
                signal: 0,
                oom_killed: false
            }
        );
        assert_eq!(
            run("kill -9 $$").await,
            Exited {
                exit_code: 137,
                signal: 9,
                oom_killed: false
            }
        );
    }
}
