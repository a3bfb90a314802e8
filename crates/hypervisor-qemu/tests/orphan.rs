//! A launcher that is killed takes its machine with it.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use container_agent_api::{AGENT_TOKEN_BYTES, AGENT_TOKEN_KEY};
use container_hypervisor::{GuestArchitecture, Hypervisor as _, MachineConfig};
use container_hypervisor_qemu::{Accelerator, QemuHypervisor, QemuOptions};

/// Set for the process that plays the launcher: its scratch directory.
const LAUNCHER_ROOT: &str = "CONTAINER_TEST_LAUNCHER_ROOT";

#[test]
fn killing_the_launcher_ends_qemu() {
    let root = tempfile::tempdir().unwrap();
    let mut launcher = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "launcher_role", "--nocapture"])
        .env(LAUNCHER_ROOT, root.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(launcher.stdout.take().unwrap()).lines();
    let started = lines.map_while(Result::ok).any(|line| line.contains("machine started"));
    let marker = root.path().display().to_string();
    let was_running = qemu_count(&marker);
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    assert!(started && was_running == 1, "{was_running} machines");
    let deadline = Instant::now() + Duration::from_secs(60);
    while qemu_count(&marker) > 0 {
        assert!(Instant::now() < deadline, "QEMU outlived the launcher");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// No test of its own: the launcher of the one above, which kills it.
#[tokio::test]
async fn launcher_role() {
    let Some(root) = std::env::var_os(LAUNCHER_ROOT).map(PathBuf::from) else {
        return;
    };
    let install_root = std::env::var_os("CONTAINER_INSTALL_ROOT").expect("run cargo xtask test");
    let assets = PathBuf::from(install_root).join("share/container");
    let options = QemuOptions {
        accelerator: Some(Accelerator::Tcg),
        ..QemuOptions::new(GuestArchitecture::host(), vec![assets.clone()], root.clone())
    };
    let hypervisor = QemuHypervisor::detect(options).await.unwrap();
    let console = std::fs::File::create(root.join("boot.log")).unwrap();
    let config = MachineConfig {
        kernel_arguments: vec![format!("{AGENT_TOKEN_KEY}={}", "07".repeat(AGENT_TOKEN_BYTES))],
        memory_bytes: 128 << 20,
        ..MachineConfig::new(
            root.display().to_string(),
            hypervisor.kernel(),
            assets.join(format!("initramfs-{}.cpio", std::env::consts::ARCH)),
            console,
        )
    };
    let machine = hypervisor.create(config).await.unwrap();
    machine.start().await.unwrap();
    println!("machine started");
    tokio::time::sleep(Duration::from_secs(60)).await;
}

/// QEMU processes whose command line names `marker`.
fn qemu_count(marker: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let names = |path: &Path| std::fs::read(path).is_ok_and(|line| String::from_utf8_lossy(&line).contains(marker));
    entries.filter(|entry| names(&entry.path().join("cmdline"))).count()
}
