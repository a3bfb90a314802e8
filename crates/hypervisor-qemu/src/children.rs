//! The owner of the processes that belong to one machine.
//!
//! One of them is the machine: QEMU. The others serve it, as a file server does, and are of no use without it; nor is it without
//! them. So all of them end when one does, when the machine is killed, and when the owner is dropped.

use std::time::Duration;

use container_hypervisor::{ExitReporter, ExitWatch, MachineError, MachineExit};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::running::Running;

/// A killed process is gone at once, unless it sits in an uninterruptible system call.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// The processes of one machine that runs. Dropping this ends them.
#[derive(Debug)]
pub(crate) struct Children {
    kill: watch::Sender<()>,
    exit: ExitWatch,
    reporter: ExitReporter,
    /// Owns the processes, and takes note of their ends.
    owner: JoinHandle<()>,
}

impl Children {
    /// Takes charge of a machine's processes. The end of the machine is reported once all of them are gone.
    pub(crate) fn own(machine: Running, companions: Vec<Running>, reporter: ExitReporter, exit: ExitWatch) -> Self {
        let (kill, killed) = watch::channel(());
        let report = reporter.clone();
        let owner = tokio::spawn(async move {
            report.report(until_end(machine, companions, killed).await);
        });
        Self {
            kill,
            exit,
            reporter,
            owner,
        }
    }

    /// Kills all processes and waits until they are gone.
    pub(crate) async fn kill(&self) -> Result<(), MachineError> {
        self.kill.send_replace(());
        match tokio::time::timeout(KILL_TIMEOUT, self.exit.ended()).await {
            Ok(_) => Ok(()),
            Err(_) => Err(MachineError::Kill {
                source: std::io::ErrorKind::TimedOut.into(),
            }),
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        // The processes are killed as they are dropped with the task.
        self.owner.abort();
        self.reporter.report(MachineExit::Killed);
    }
}

/// Stays with the processes until none of them is left.
async fn until_end(mut machine: Running, companions: Vec<Running>, mut killed: watch::Receiver<()>) -> MachineExit {
    let (dismiss, dismissed) = watch::channel(());
    let mut serving = JoinSet::new();
    for mut companion in companions {
        let mut dismissed = dismissed.clone();
        serving.spawn(async move {
            tokio::select! {
                reason = companion.end_text() => reason,
                _ = dismissed.changed() => {
                    end(&mut companion).await;
                    String::new()
                }
            }
        });
    }
    let exit = tokio::select! {
        exit = machine.ended() => exit,
        Some(Ok(reason)) = serving.join_next() => {
            end(&mut machine).await;
            MachineExit::Failed { reason }
        }
        // The sender lives as long as this task.
        Ok(()) = killed.changed() => match end(&mut machine).await {
            // It may have ended by itself just before.
            MachineExit::PowerOff => MachineExit::PowerOff,
            _ => MachineExit::Killed,
        },
    };
    dismiss.send_replace(());
    while serving.join_next().await.is_some() {}
    exit
}

async fn end(process: &mut Running) -> MachineExit {
    if let Err(error) = process.start_kill() {
        tracing::warn!(%error, "cannot kill a process of the machine");
    }
    process.ended().await
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use rustix::process::{Pid, Signal, kill_process, test_kill_process};

    use super::*;

    /// A process that runs `script`, with its id.
    fn shell(name: &str, script: &str) -> (Running, Pid) {
        let mut command = tokio::process::Command::new("/bin/sh");
        command
            .args(["-c", script])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let running = Running::of(name, command.spawn().unwrap()).unwrap();
        let id = Pid::from_raw(running.id().unwrap() as i32).unwrap();
        (running, id)
    }

    fn own(machine: Running, companions: Vec<Running>) -> (Children, ExitWatch) {
        let (reporter, exit) = ExitWatch::new();
        (Children::own(machine, companions, reporter, exit.clone()), exit)
    }

    fn is_alive(id: Pid) -> bool {
        test_kill_process(id).is_ok()
    }

    #[tokio::test]
    async fn all_processes_end_with_the_machine() {
        let (machine, _) = shell("QEMU", "exit 0");
        let (server, server_id) = shell("file server", "exec sleep 1000");
        let (_children, exit) = own(machine, vec![server]);
        assert_eq!(exit.ended().await, MachineExit::PowerOff);
        assert!(!is_alive(server_id), "the end is reported once nothing is left");
    }

    #[tokio::test]
    async fn the_end_of_a_companion_ends_the_machine_and_is_named() {
        let (machine, machine_id) = shell("QEMU", "exec sleep 1000");
        let (server, server_id) = shell("file server", "exec sleep 1000");
        let (_children, exit) = own(machine, vec![server]);
        kill_process(server_id, Signal::TERM).unwrap();
        assert_eq!(
            exit.ended().await,
            MachineExit::Failed {
                reason: "file server ended by signal 15".to_owned()
            }
        );
        assert!(!is_alive(machine_id));
    }

    #[tokio::test]
    async fn a_kill_ends_all_and_may_come_from_several() {
        let (machine, machine_id) = shell("QEMU", "exec sleep 1000");
        let (server, server_id) = shell("file server", "exec sleep 1000");
        let (children, exit) = own(machine, vec![server]);
        let (first, second) = tokio::join!(children.kill(), children.kill());
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(exit.now(), Some(MachineExit::Killed));
        assert!(!is_alive(machine_id) && !is_alive(server_id));
    }

    #[tokio::test]
    async fn processes_end_with_their_owner() {
        let (machine, machine_id) = shell("QEMU", "exec sleep 1000");
        let (server, server_id) = shell("file server", "exec sleep 1000");
        let (children, exit) = own(machine, vec![server]);
        drop(children);
        assert_eq!(exit.ended().await, MachineExit::Killed);
        for id in [machine_id, server_id] {
            // They are reaped by the runtime, in its own time.
            while is_alive(id) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
}
