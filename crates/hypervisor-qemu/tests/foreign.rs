//! Real machines of another architecture than the host's, which are emulated, with both sets of devices. Needs, through
//! `CONTAINER_INSTALL_ROOT`, that architecture's kernels (`vmlinux-<architecture>`, `vmlinux-<architecture>-emulated`) and initial RAM file
//! system, and QEMU's program for it in `PATH`: `cargo xtask test --arch` with both architectures provides them.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use container_agent::AgentClient;
use container_agent_api::{AGENT_TOKEN_BYTES, AGENT_TOKEN_KEY, AgentToken};
use container_hypervisor::{
    ConnectError, CreateError, Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, GuestArchitecture,
    Hypervisor as _, MacAddress, Machine, MachineConfig, MachineExit,
};
use container_hypervisor_qemu::{Accelerator, DeviceSet, QemuHypervisor, QemuOptions};
use container_require::{is_installed, require};

/// Far more than an emulated boot takes, on a host busy with other tests.
const BOOT_TIMEOUT: Duration = Duration::from_secs(120);

/// The architecture of guests that this host can only emulate.
const FOREIGN: GuestArchitecture = match GuestArchitecture::host() {
    GuestArchitecture::Amd64 => GuestArchitecture::Arm64,
    GuestArchitecture::Arm64 => GuestArchitecture::Amd64,
};

fn assets() -> PathBuf {
    let install_root = std::env::var_os("CONTAINER_INSTALL_ROOT")
        .expect("CONTAINER_INSTALL_ROOT names the directory of share/container: run cargo xtask test");
    PathBuf::from(install_root).join("share/container")
}

fn initramfs(architecture: GuestArchitecture) -> PathBuf {
    assets().join(format!("initramfs-{}.cpio", architecture.machine_name()))
}

/// What is missing where these machines cannot be had.
const MISSING: &str =
    "kernels, initial RAM file system and QEMU for another architecture: cargo xtask test --arch x86_64 --arch aarch64";

fn has_foreign_guests() -> bool {
    let machine = FOREIGN.machine_name();
    let kernels = [format!("vmlinux-{machine}"), format!("vmlinux-{machine}-emulated")];
    kernels.iter().all(|name| assets().join(name).exists())
        && initramfs(FOREIGN).exists()
        && is_installed(&format!("qemu-system-{machine}"))
}

fn options(root: &Path, architecture: GuestArchitecture, devices: DeviceSet) -> QemuOptions {
    QemuOptions {
        devices,
        ..QemuOptions::new(architecture, vec![assets()], root.to_owned())
    }
}

fn disk(root: &Path, name: &str, access: DiskAccess) -> Disk {
    let path = root.join(name);
    std::fs::File::create(&path).unwrap().set_len(16 << 20).unwrap();
    Disk {
        serial: DiskSerial::new(name).unwrap(),
        path,
        access,
        flush: FlushPolicy::Fsync,
    }
}

/// Boots a machine with every kind of device, talks to its agent and has it power off.
async fn boots(architecture: GuestArchitecture, devices: DeviceSet, accelerator: Option<Accelerator>) {
    let root = tempfile::tempdir().unwrap();
    let options = QemuOptions {
        accelerator,
        ..options(root.path(), architecture, devices)
    };
    let hypervisor = QemuHypervisor::detect(options).await.unwrap();
    let (peer, port) = UnixDatagram::pair().unwrap();
    let console = std::fs::File::create(root.path().join("boot.log")).unwrap();
    let token = AgentToken::new([7; AGENT_TOKEN_BYTES]);
    let config = MachineConfig {
        kernel_arguments: vec![format!("{AGENT_TOKEN_KEY}={}", token.to_hex())],
        memory_bytes: 256 << 20,
        vcpu_count: 2,
        disks: vec![
            disk(root.path(), "layer-0", DiskAccess::ReadOnly),
            disk(root.path(), "writable", DiskAccess::ReadWrite),
        ],
        frame_ports: vec![FramePort {
            socket: port.into(),
            mac_address: MacAddress([2, 0, 0, 0, 0, 1]),
            mtu_bytes: 1500,
        }],
        balloon: true,
        ..MachineConfig::new(
            root.path().display().to_string(),
            hypervisor.kernel(),
            initramfs(architecture),
            console,
        )
    };
    let log = || std::fs::read_to_string(root.path().join("boot.log")).unwrap();
    let started = Instant::now();
    let machine = hypervisor.create(config).await.unwrap();
    machine.start().await.unwrap();
    let client = tokio::time::timeout(BOOT_TIMEOUT, greet(&machine, &token)).await;
    let client = client.unwrap_or_else(|_| panic!("no greeting: {}", log()));
    println!(
        "{architecture} with {devices:?} on {}: {} ms, {:?}",
        hypervisor.info().accelerator,
        started.elapsed().as_millis(),
        client.hello()
    );
    assert!(client.signal("nobody", 0).await.is_err(), "there is no such process");
    peer.send(&[0xff; 1514]).expect("QEMU has the other end");
    client.shutdown(BOOT_TIMEOUT).await.unwrap();
    let exit = tokio::time::timeout(BOOT_TIMEOUT, machine.wait()).await;
    let exit = exit.unwrap_or_else(|_| panic!("no power-off: {}", log()));
    assert_eq!(exit, MachineExit::PowerOff, "{}", log());
}

async fn greet(machine: &Machine, token: &AgentToken) -> AgentClient {
    let mut connector = machine.agent_connector().unwrap();
    let stream = loop {
        match connector.connect().await {
            Ok(stream) => break stream,
            Err(ConnectError::NotListening { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => panic!("{error}"),
        }
    };
    match AgentClient::connect(stream, token, BOOT_TIMEOUT).await {
        Ok(client) => client,
        Err(error) => panic!("{error}; {:?}", machine.exit().now()),
    }
}

#[tokio::test]
async fn a_foreign_machine_boots_answers_and_powers_off() {
    require!(has_foreign_guests(), "{MISSING}");
    boots(FOREIGN, DeviceSet::Mmio, None).await;
}

#[tokio::test]
async fn a_foreign_machine_with_a_mac_s_devices_does_so_too() {
    require!(has_foreign_guests(), "{MISSING}");
    boots(FOREIGN, DeviceSet::Pci, None).await;
}

#[tokio::test]
async fn a_native_machine_with_every_device_does_so_too() {
    boots(GuestArchitecture::host(), DeviceSet::Mmio, Some(Accelerator::Tcg)).await;
}

#[tokio::test]
async fn a_guest_that_panics_on_a_mac_s_devices_ends_the_wait_with_its_words_on_the_console() {
    require!(has_foreign_guests(), "{MISSING}");
    let root = tempfile::tempdir().unwrap();
    let options = options(root.path(), FOREIGN, DeviceSet::Pci);
    let hypervisor = QemuHypervisor::detect(options).await.unwrap();
    let console = std::fs::File::create(root.path().join("boot.log")).unwrap();
    let config = MachineConfig {
        kernel_arguments: vec!["rdinit=/nonexistent".to_owned()],
        memory_bytes: 256 << 20,
        ..MachineConfig::new("panics", hypervisor.kernel(), initramfs(FOREIGN), console)
    };
    let machine = hypervisor.create(config).await.unwrap();
    machine.start().await.unwrap();
    let exit = tokio::time::timeout(BOOT_TIMEOUT, machine.wait()).await.unwrap();
    let log = std::fs::read_to_string(root.path().join("boot.log")).unwrap();
    assert_eq!(exit, MachineExit::PowerOff, "{log}");
    assert!(log.contains("Kernel panic"), "{log}");
}

#[tokio::test]
async fn a_foreign_machine_is_emulated_without_a_trial() {
    require!(has_foreign_guests(), "{MISSING}");
    let root = tempfile::tempdir().unwrap();
    let hypervisor = QemuHypervisor::detect(options(root.path(), FOREIGN, DeviceSet::Mmio))
        .await
        .unwrap();
    let info = hypervisor.info();
    let host = GuestArchitecture::host();
    assert_eq!((info.accelerator.as_str(), info.architecture), ("tcg", FOREIGN));
    assert_eq!(info.reason, format!("{FOREIGN} guests are emulated on an {host} host"));
    let record = root.path().join(format!("qemu-host-{}.json", FOREIGN.machine_name()));
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    assert_eq!(record["hardware"], serde_json::Value::Null, "{record}");
    assert!(!root.path().join("qemu-host.json").exists());
}

#[tokio::test]
async fn the_host_s_processor_cannot_be_asked_for_with_a_foreign_machine() {
    require!(has_foreign_guests(), "{MISSING}");
    let root = tempfile::tempdir().unwrap();
    let asked = QemuOptions {
        accelerator: Some(Accelerator::Kvm),
        ..options(root.path(), FOREIGN, DeviceSet::Mmio)
    };
    let error = QemuHypervisor::detect(asked).await.unwrap_err();
    assert!(matches!(error, CreateError::NotSupported { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.starts_with("KVM cannot run machines here: ") && text.contains(FOREIGN.oci_name()),
        "{text}"
    );
    assert!(error.hint().unwrap().contains("CONTAINER_ACCEL"), "{error:?}");
}
