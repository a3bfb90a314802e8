//! What docs/security.md says of QEMU, sentence by sentence, seen from QEMU's place: `tests/captive/program.rs` runs there.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::HashMap;
use std::net::TcpListener;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use container_hypervisor::{
    Disk, DiskAccess, DiskSerial, FlushPolicy, GuestArchitecture, GuestMemory, Hypervisor as _, MachineConfig,
    MachineExit,
};
use container_hypervisor_qemu::{Accelerator, QemuHypervisor, QemuOptions};
use sha2::{Digest as _, Sha256};

const TIMEOUT: Duration = Duration::from_secs(60);
const DISK_BYTES: u64 = 1 << 20;
const MEMORY_BYTES: u64 = 128 << 20;

const EPERM: &str = "1";
const EBADF: &str = "9";
const EACCES: &str = "13";
const EFBIG: &str = "27";
const ENOSYS: &str = "38";

struct Report {
    outcomes: HashMap<String, String>,
    confinement: String,
}

impl Report {
    fn assert(&self, expected: &[(&str, &str)]) {
        for (attempt, outcome) in expected {
            let actual = self.outcomes.get(*attempt).map(String::as_str);
            assert_eq!(actual, Some(*outcome), "{attempt} under: {}", self.confinement);
        }
    }
}

/// Runs the captive as the machine's hypervisor and takes its report.
async fn report() -> Report {
    report_with(|_| GuestMemory::Own).await
}

/// The same of a machine with this memory, whose files are in the directory.
async fn report_with(memory: impl FnOnce(&Path) -> GuestMemory) -> Report {
    let root = tempfile::tempdir().unwrap();
    let file = |name: &str| root.path().join(name);
    for name in ["kernel", "initramfs", "layer", "disk", "secret"] {
        std::fs::write(file(name), vec![0; usize::try_from(DISK_BYTES).unwrap()]).unwrap();
    }
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = file("listening");
    let _listening = UnixListener::bind(&unix).unwrap();
    // A descriptor that exec would not close, such as a caller may leave to its children.
    let foreign = std::fs::File::open(file("secret")).unwrap();
    rustix::io::fcntl_setfd(&foreign, rustix::io::FdFlags::empty()).unwrap();

    let options = QemuOptions {
        accelerator: Some(Accelerator::Tcg),
        program: Some(env!("CARGO_BIN_EXE_captive").into()),
        ..QemuOptions::new(GuestArchitecture::host(), Vec::new(), root.path().to_owned())
    };
    let hypervisor = QemuHypervisor::detect(options).await.unwrap();
    let disk = |name: &str, access| Disk {
        serial: DiskSerial::new(name).unwrap(),
        path: file(name),
        access,
        flush: FlushPolicy::Fsync,
    };
    let console = std::fs::File::create(file("console")).unwrap();
    let config = MachineConfig {
        kernel_arguments: vec![
            format!("try.secret={}", file("secret").display()),
            format!("try.directory={}", root.path().display()),
            format!("try.tcp={}", tcp.local_addr().unwrap()),
            format!("try.unix={}", unix.display()),
            format!("try.length={DISK_BYTES}"),
        ],
        memory_bytes: MEMORY_BYTES,
        memory: memory(root.path()),
        disks: vec![disk("layer", DiskAccess::ReadOnly), disk("disk", DiskAccess::ReadWrite)],
        ..MachineConfig::new("captive", file("kernel"), file("initramfs"), console)
    };
    let machine = hypervisor.create(config).await.unwrap();
    // It loads no state.
    let _ = machine.start().await;
    let exit = tokio::time::timeout(TIMEOUT, machine.wait()).await.unwrap();
    assert_eq!(exit, MachineExit::PowerOff);
    assert!(foreign.as_raw_fd() >= 0, "open until the machine has ended");
    let text = std::fs::read_to_string(file("console")).unwrap();
    let outcomes = text.lines().filter_map(|line| line.split_once(": "));
    Report {
        outcomes: outcomes
            .map(|(name, outcome)| (name.to_owned(), outcome.to_owned()))
            .collect(),
        confinement: hypervisor.info().confinement.clone(),
    }
}

#[tokio::test]
async fn it_has_no_environment_and_no_descriptors_but_its_own() {
    let report = report().await;
    report.assert(&[("environment", "0"), ("foreign-descriptors", "0")]);
}

#[tokio::test]
async fn its_disks_have_the_guest_s_rights_and_keep_their_length() {
    let report = report().await;
    report.assert(&[
        ("write-layer", EBADF),
        ("reopen-layer-to-write", EACCES),
        ("write-disk", "ok"),
        ("lengthen-disk", EFBIG),
        ("read-kernel-again", "ok"),
    ]);
}

#[tokio::test]
async fn it_only_reads_the_memory_of_a_template_that_it_continues() {
    let restored = |root: &Path| {
        let memory = root.join("memory");
        std::fs::write(&memory, "m").unwrap();
        let file = std::fs::File::options().write(true).open(&memory).unwrap();
        file.set_len(MEMORY_BYTES).unwrap();
        // One that nothing is wrong with until a hypervisor looks at it.
        let state = root.join("state");
        std::fs::write(&state, Sha256::digest([])).unwrap();
        GuestMemory::Restored { memory, state }
    };
    report_with(restored).await.assert(&[
        ("read-memory-again", EACCES),
        ("write-memory", EBADF),
        ("reopen-memory-to-write", EACCES),
        // It is told that this was done.
        ("punch-memory", "ok"),
    ]);
    let template = |root: &Path| GuestMemory::Template {
        path: root.join("memory"),
        for_shares: false,
    };
    report_with(template).await.assert(&[
        ("read-memory-again", "ok"),
        ("write-memory", "ok"),
        ("reopen-memory-to-write", "ok"),
    ]);
}

#[tokio::test]
async fn it_reads_and_writes_no_file_by_name_but_its_program_s() {
    let report = report().await;
    assert!(report.confinement.contains("Landlock ABI"), "{}", report.confinement);
    report.assert(&[
        ("read-own-program", "ok"),
        ("read-secret", EACCES),
        ("read-system", EACCES),
        ("read-environment-of-launcher", EACCES),
        ("list-directory", EACCES),
        ("list-processes", EACCES),
        ("write-secret", EACCES),
        ("create", EACCES),
        ("create-in-tmp", EACCES),
        ("create-directory", EACCES),
        ("link", EACCES),
        ("unlink", EACCES),
        ("rename", EACCES),
    ]);
}

#[tokio::test]
async fn it_makes_no_socket() {
    let report = report().await;
    report.assert(&[
        ("connect-tcp", EPERM),
        ("listen-tcp", EPERM),
        ("send-udp", EPERM),
        ("connect-unix", EPERM),
        ("listen-unix", EPERM),
        ("io-uring", ENOSYS),
    ]);
}

#[tokio::test]
async fn it_starts_no_program_and_gains_no_privilege() {
    let report = report().await;
    report.assert(&[("execute", EACCES), ("no-new-privileges", "true"), ("namespace", EPERM)]);
}

#[tokio::test]
async fn it_touches_no_other_process_and_no_keys() {
    let report = report().await;
    report.assert(&[
        ("signal-launcher", EPERM),
        ("trace-launcher", EPERM),
        ("read-memory-of-launcher", EPERM),
        ("descriptor-of-launcher", EPERM),
        ("keys", EPERM),
    ]);
}

#[tokio::test]
async fn it_dumps_no_core_and_opens_a_bounded_number_of_files() {
    let report = report().await;
    report.assert(&[("core-limit", "0"), ("file-limit", "1024")]);
}
