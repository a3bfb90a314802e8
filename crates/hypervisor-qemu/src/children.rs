//! The owner of the processes that belong to one machine.
//!
//! One of them is the machine: QEMU. The others serve it, as a file server does: neither goes on without the other. So all of them
//! end when one does, when the machine is killed, and when the owner is dropped.

use std::time::Duration;

use container_hypervisor::{ExitReporter, ExitWatch, MachineError, MachineExit};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::process::ProcessHandle;
use crate::running::Running;

/// A killed process is gone at once, unless it sits in an uninterruptible system call.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the end of a machine waits for its killed companions to be gone.
const COMPANION_KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a machine may go on without a companion. A file server notices that QEMU closes its connection before QEMU itself is gone,
/// so that at an orderly power-off the companion may be seen to end first.
const WITHOUT_COMPANION_TIMEOUT: Duration = Duration::from_millis(500);

/// The processes of one machine that runs. Dropping this kills them at once; the exit is reported when they are gone.
#[derive(Debug)]
pub(crate) struct Children {
    /// Whether the processes are to be killed.
    kill: watch::Sender<bool>,
    exit: ExitWatch,
    /// The processes, to be killed where nothing can be awaited.
    processes: Vec<ProcessHandle>,
}

impl Children {
    /// Takes charge of a machine's processes. The end of the machine is reported once they are gone.
    pub(crate) fn own(machine: Running, companions: Vec<Running>, reporter: ExitReporter, exit: ExitWatch) -> Self {
        let (kill, killed) = watch::channel(false);
        let processes = companions.iter().chain([&machine]).filter_map(handle).collect();
        let reporter = LastReport(reporter);
        tokio::spawn(async move {
            let exit = until_end(machine, companions, killed).await;
            reporter.0.report(exit);
        });
        Self { kill, exit, processes }
    }

    /// Kills all processes and waits until they are gone.
    pub(crate) async fn kill(&self) -> Result<(), MachineError> {
        self.kill.send_replace(true);
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
        self.kill.send_replace(true);
        // The task that owns the processes kills them as well, where its runtime goes on; once it has reported, none is left.
        if self.exit.now().is_none() {
            self.processes.iter().for_each(ProcessHandle::kill);
        }
    }
}

/// Reports the exit of processes whose runtime ends before they do: it drops them, which kills them.
struct LastReport(ExitReporter);

impl Drop for LastReport {
    fn drop(&mut self) {
        self.0.report(MachineExit::Killed);
    }
}

fn handle(process: &Running) -> Option<ProcessHandle> {
    ProcessHandle::of(process.id()?)
}

/// Stays with the processes until none of them is left.
async fn until_end(mut machine: Running, companions: Vec<Running>, killed: watch::Receiver<bool>) -> MachineExit {
    let (dismiss, dismissed) = watch::channel(());
    let mut serving = JoinSet::new();
    for companion in companions {
        serving.spawn(serve(companion, dismissed.clone()));
    }
    let exit = tokio::select! {
        biased;
        Some(Ok(reason)) = serving.join_next() => {
            without_companion(reason, &mut machine, killed.clone(), WITHOUT_COMPANION_TIMEOUT).await
        }
        exit = machine.ended() => exit,
        () = told(killed.clone()) => end(&mut machine).await,
    };
    dismiss.send_replace(());
    let gone = async { while serving.join_next().await.is_some() {} };
    if tokio::time::timeout(COMPANION_KILL_TIMEOUT, gone).await.is_err() {
        tracing::warn!("a process that served the machine does not end");
    }
    match exit {
        MachineExit::Failed { .. } if *killed.borrow() => MachineExit::Killed,
        exit => exit,
    }
}

/// Stays with a companion until it ends, and tells how; ends it when it is dismissed.
async fn serve(mut companion: Running, mut dismissed: watch::Receiver<()>) -> String {
    tokio::select! {
        reason = companion.end_text() => reason,
        _ = dismissed.changed() => {
            end(&mut companion).await;
            String::new()
        }
    }
}

/// How a machine ends that has lost a companion, which ended as `reason` says. It is ended when `limit` is over.
async fn without_companion(
    reason: String,
    machine: &mut Running,
    killed: watch::Receiver<bool>,
    limit: Duration,
) -> MachineExit {
    let by_itself = tokio::select! {
        exit = machine.ended() => Some(exit),
        () = tokio::time::sleep(limit) => None,
        () = told(killed.clone()) => None,
    };
    match by_itself {
        Some(MachineExit::Failed { reason: of_machine }) => MachineExit::Failed {
            reason: format!("{reason}; {of_machine}"),
        },
        Some(exit) => exit,
        None => {
            end(machine).await;
            MachineExit::Failed { reason }
        }
    }
}

/// Waits until the processes are to be killed.
async fn told(mut killed: watch::Receiver<bool>) {
    // Their owner sets it as it is dropped, so that this does not fail before.
    let _ = killed.wait_for(|killed| *killed).await;
}

async fn end(process: &mut Running) -> MachineExit {
    if let Err(error) = process.start_kill() {
        tracing::warn!(%error, "cannot kill a process of the machine");
    }
    process.ended().await
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rustix::process::{Pid, Signal, kill_process, test_kill_process};

    use super::*;
    use crate::confinement::{Confinement, Limits, Openable, Reach};

    /// A process that runs `script`, confined as all are, with its id.
    fn shell(name: &str, script: &str) -> (Running, Pid) {
        let limits = Limits::of_qemu(None);
        let confinement = Confinement::prepare(&Reach::Any, &Openable::default(), limits).unwrap();
        let arguments = ["-c".into(), script.into()];
        let running = Running::start(name, Path::new("/bin/sh"), &arguments, Vec::new(), confinement).unwrap();
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
        // One that nothing around the test can have ignored.
        kill_process(server_id, Signal::KILL).unwrap();
        assert_eq!(
            exit.ended().await,
            MachineExit::Failed {
                reason: "file server ended by signal 9".to_owned()
            }
        );
        assert!(!is_alive(machine_id));
    }

    #[tokio::test]
    async fn what_ends_a_session_ends_no_process_of_a_machine() {
        let (machine, machine_id) = shell(
            "QEMU",
            "trap 'exit 3' TERM HUP; kill -s TERM $$; kill -s HUP $$; echo on >&2; exit 0",
        );
        let (server, server_id) = shell("file server", "exec sleep 1000");
        for signal in [Signal::TERM, Signal::HUP] {
            kill_process(server_id, signal).unwrap();
        }
        let (_children, exit) = own(machine, vec![server]);
        assert_eq!(exit.ended().await, MachineExit::PowerOff);
        assert!(!is_alive(machine_id) && !is_alive(server_id));
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
    async fn a_machine_that_powers_off_after_its_companion_has_left_did_not_fail() {
        assert_eq!(after_companion("exit 0").await, MachineExit::PowerOff);
    }

    #[tokio::test]
    async fn of_a_machine_that_fails_after_its_companion_both_are_named() {
        assert_eq!(
            after_companion("echo 'no answer' >&2; exit 1").await,
            MachineExit::Failed {
                reason: "file server exited with 3; QEMU exited with 1: no answer".to_owned()
            }
        );
    }

    async fn after_companion(machine_script: &str) -> MachineExit {
        let (mut machine, _) = shell("QEMU", machine_script);
        let (_kill, killed) = watch::channel(false);
        let reason = "file server exited with 3".to_owned();
        without_companion(reason, &mut machine, killed, Duration::MAX).await
    }

    #[tokio::test]
    async fn a_kill_that_was_given_up_ends_the_machine_all_the_same() {
        let (machine, machine_id) = shell("QEMU", "exec sleep 1000");
        let (children, exit) = own(machine, Vec::new());
        tokio::select! {
            biased;
            _ = children.kill() => panic!("a process ended before anybody could wait for it"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(exit.ended().await, MachineExit::Killed);
        assert!(!is_alive(machine_id));
    }

    #[tokio::test]
    async fn processes_end_with_their_owner() {
        let (machine, machine_id) = shell("QEMU", "exec sleep 1000");
        let (server, server_id) = shell("file server", "exec sleep 1000");
        let (children, exit) = own(machine, vec![server]);
        drop(children);
        assert_eq!(exit.ended().await, MachineExit::Killed);
        assert!(!is_alive(machine_id) && !is_alive(server_id));
    }

    #[test]
    fn processes_end_with_their_owner_while_its_runtime_stands_still() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (children, exit, id) = runtime.block_on(async {
            let (machine, id) = shell("QEMU", "exec sleep 1000");
            let (children, exit) = own(machine, Vec::new());
            (children, exit, id)
        });
        drop(children);
        let options = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        rustix::process::waitid(rustix::process::WaitId::Pid(id), options).unwrap();
        drop(runtime);
        assert_eq!(exit.now(), Some(MachineExit::Killed));
    }
}
