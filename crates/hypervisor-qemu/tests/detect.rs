//! Finding QEMU and judging the host, with stand-ins for the program.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use container_hypervisor::{CreateError, GuestArchitecture, Hypervisor as _};
use container_hypervisor_qemu::{Accelerator, QemuHypervisor, QemuOptions};

/// A program that says it is QEMU, counts its calls, and fails to run anything.
fn stand_in(root: &Path, version_line: &str) -> PathBuf {
    let path = root.join("qemu");
    let calls = root.join("calls").display().to_string();
    let script = format!("#!/bin/sh\necho \"$1\" >> {calls}\necho '{version_line}'\nexit 3\n");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn options(root: &Path, program: PathBuf, accelerator: Option<Accelerator>) -> QemuOptions {
    QemuOptions {
        accelerator,
        program: Some(program),
        ..QemuOptions::new(GuestArchitecture::host(), vec![root.to_owned()], root.to_owned())
    }
}

#[tokio::test]
async fn the_program_is_asked_once_for_all_starts() {
    let root = tempfile::tempdir().unwrap();
    let program = stand_in(root.path(), "QEMU emulator version 9.9.9");
    for _ in 0..3 {
        let hypervisor = QemuHypervisor::detect(options(root.path(), program.clone(), None))
            .await
            .unwrap();
        assert_eq!(hypervisor.info().name, "QEMU 9.9.9");
        assert_eq!(hypervisor.info().accelerator, "tcg", "{}", hypervisor.info().reason);
        assert!(!hypervisor.info().reason.is_empty());
    }
    let calls = std::fs::read_to_string(root.path().join("calls")).unwrap();
    assert_eq!(calls.matches("--version").count(), 1, "{calls}");
    assert_eq!(calls.matches("-L").count(), 1, "its data directories: {calls}");
    assert_eq!(calls.lines().count(), 2, "{calls}");
}

#[tokio::test]
async fn an_accelerator_that_was_asked_for_is_not_tried_out() {
    let root = tempfile::tempdir().unwrap();
    let program = stand_in(root.path(), "QEMU emulator version 9.9.9");
    let asked = options(root.path(), program, Some(Accelerator::Kvm));
    let hypervisor = QemuHypervisor::detect(asked).await.unwrap();
    assert_eq!(hypervisor.info().accelerator, "kvm");
    let record = std::fs::read_to_string(root.path().join("qemu-host.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["hardware"], serde_json::Value::Null, "{record}");
}

#[tokio::test]
async fn a_program_that_is_not_qemu_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let program = stand_in(root.path(), "BusyBox v1.35");
    let error = QemuHypervisor::detect(options(root.path(), program.clone(), None))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, CreateError::File { path, .. } if *path == program),
        "{error}"
    );
    let missing = root.path().join("absent");
    let error = QemuHypervisor::detect(options(root.path(), missing, None))
        .await
        .unwrap_err();
    assert!(matches!(error, CreateError::File { .. }), "{error}");
}
