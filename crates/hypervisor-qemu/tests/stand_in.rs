//! The beginning and the end of machines, with scripts in QEMU's place.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use container_hypervisor::{GuestArchitecture, Hypervisor as _, Machine, MachineConfig, MachineError, MachineExit};
use container_hypervisor_qemu::{Accelerator, QemuHypervisor, QemuOptions};

/// A directory with a program that says it is QEMU, and what it does as a machine.
struct Fixture {
    root: tempfile::TempDir,
    program: PathBuf,
}

impl Fixture {
    fn new(script: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("qemu");
        // One that is not tried out as to whether it gives memory back.
        let text = format!(
            "#!/bin/sh\ncase \"$1\" in --version) echo 'QEMU emulator version 8.1.0'; exit;; -L) exit;; esac\n{script}\n"
        );
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { root, program }
    }

    async fn create(&self) -> Machine {
        let hypervisor = QemuHypervisor::detect(QemuOptions {
            accelerator: Some(Accelerator::Tcg),
            program: Some(self.program.clone()),
            ..QemuOptions::new(GuestArchitecture::host(), Vec::new(), self.root.path().to_owned())
        });
        let console = std::fs::File::create(self.root.path().join("boot.log")).unwrap();
        let config = MachineConfig::new("stand-in", "/dev/null", "/dev/null", console);
        hypervisor.await.unwrap().create(config).await.unwrap()
    }
}

#[tokio::test]
async fn a_start_that_fails_is_the_end_as_well() {
    let fixture = Fixture::new("");
    let machine = fixture.create().await;
    std::fs::remove_file(&fixture.program).unwrap();
    let error = machine.start().await.unwrap_err();
    assert!(matches!(error, MachineError::Start { .. }), "{error}");
    let reason = error.to_string();
    assert_eq!(machine.wait().await, MachineExit::Failed { reason });
    machine.kill().await.expect("there is nothing to kill");
}

#[tokio::test]
async fn the_reason_of_an_early_end_is_told_by_the_exit_alone() {
    let fixture = Fixture::new("echo 'qemu: no such board' >&2; exit 1");
    let machine = fixture.create().await;
    machine.start().await.unwrap();
    let reason = "QEMU exited with 1: qemu: no such board".to_owned();
    assert_eq!(machine.wait().await, MachineExit::Failed { reason });
    assert!(machine.agent_connector().is_ok(), "connecting is what fails");
}

#[tokio::test]
async fn a_machine_that_was_killed_before_its_start_stays_so() {
    let fixture = Fixture::new("exec sleep 1000");
    let machine = fixture.create().await;
    machine.kill().await.unwrap();
    assert_eq!(machine.exit().now(), Some(MachineExit::Killed));
    assert!(matches!(machine.start().await, Err(MachineError::Start { .. })));
    assert!(matches!(machine.agent_connector(), Err(MachineError::NotStarted)));
}

#[tokio::test]
async fn one_handle_kills_while_others_wait() {
    let fixture = Fixture::new("exec sleep 1000");
    let machine = fixture.create().await;
    machine.start().await.unwrap();
    let (waiting, watching) = (machine.clone(), machine.exit());
    let waiter = tokio::spawn(async move { waiting.wait().await });
    machine.kill().await.unwrap();
    assert_eq!(watching.now(), Some(MachineExit::Killed));
    assert_eq!(waiter.await.unwrap(), MachineExit::Killed);
}
