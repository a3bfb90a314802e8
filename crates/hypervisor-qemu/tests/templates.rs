//! Real machines that are saved and continued. Needs the built kernel and initial RAM file system, as `boot.rs` does.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use container_agent::AgentClient;
use container_agent::v1::CreateContainerRequest;
use container_agent_api::{AGENT_TOKEN_BYTES, AGENT_TOKEN_KEY, AgentToken};
use container_ext4::{FormatOptions, Timestamp, format_writable};
use container_hypervisor::{
    ConnectError, CreateError, Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, GuestArchitecture, GuestMemory,
    Hypervisor as _, MacAddress, Machine, MachineConfig, MachineError, MachineExit,
};
use container_hypervisor_qemu::{DeviceSet, QemuHypervisor, QemuOptions};
use container_require::{is_installed, require};
use sha2::{Digest as _, Sha256};

/// Far more than a boot takes, on a host busy with other tests.
const TIMEOUT: Duration = Duration::from_secs(60);

const MEMORY_BYTES: u64 = 256 << 20;

/// How long silence lasts to be believed; QEMU's first words would come after 50 ms.
const SILENCE: Duration = Duration::from_millis(300);

/// How the line of the agent's begins when it waits for a host.
const READY: &str = "vminitd: ready after ";

/// An hour, nanoseconds.
const HOUR_NS: i64 = 3_600_000_000_000;

/// The architecture of guests that this host can only emulate.
const FOREIGN: GuestArchitecture = match GuestArchitecture::host() {
    GuestArchitecture::Amd64 => GuestArchitecture::Arm64,
    GuestArchitecture::Arm64 => GuestArchitecture::Amd64,
};

struct Fixture {
    root: tempfile::TempDir,
    hypervisor: QemuHypervisor,
    initramfs: PathBuf,
    vcpu_count: u32,
    token: AgentToken,
    /// The other ends of the machines' network interfaces.
    cables: Mutex<Vec<UnixDatagram>>,
}

fn assets() -> PathBuf {
    let install_root = std::env::var_os("CONTAINER_INSTALL_ROOT")
        .expect("CONTAINER_INSTALL_ROOT names the directory of share/container: run cargo xtask test");
    PathBuf::from(install_root).join("share/container")
}

async fn bounded<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(TIMEOUT, future).await.expect("in time")
}

impl Fixture {
    async fn new(devices: DeviceSet) -> Self {
        Self::of(GuestArchitecture::host(), devices).await
    }

    async fn of(architecture: GuestArchitecture, devices: DeviceSet) -> Self {
        let assets = assets();
        let root = tempfile::tempdir().unwrap();
        let options = QemuOptions {
            devices,
            ..QemuOptions::from_environment(architecture, vec![assets.clone()], root.path().to_owned()).unwrap()
        };
        let machine = architecture.machine_name();
        let fixture = Self {
            hypervisor: QemuHypervisor::detect(options).await.unwrap(),
            root,
            initramfs: assets.join(format!("initramfs-{machine}.cpio")),
            token: AgentToken::new([7; AGENT_TOKEN_BYTES]),
            vcpu_count: 1,
            cables: Mutex::default(),
        };
        fixture.make_disk("layer");
        fixture.make_disk("pristine");
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// An empty file system, always the same.
    fn make_disk(&self, name: &str) {
        let options = FormatOptions {
            size_bytes: 16 << 20,
            uuid: [5; 16],
            label: String::new(),
            made: Timestamp {
                seconds: 1_700_000_000,
                nanoseconds: 0,
            },
            root: (0o755, 0, 0),
            directories: ["upper", "work"].map(str::to_owned).to_vec(),
            journal: None,
        };
        let mut file = File::create_new(self.path(name)).unwrap();
        format_writable(&mut file, &options).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn hash(&self, name: &str) -> Vec<u8> {
        Sha256::digest(self.read(name)).to_vec()
    }

    fn restored(&self) -> GuestMemory {
        GuestMemory::Restored {
            memory: self.path("memory"),
            state: self.path("state"),
        }
    }

    /// A machine with a layer, `writable` and a network interface.
    async fn create(&self, memory: GuestMemory, writable: &str) -> Result<Machine, CreateError> {
        let disk = |serial: &str, path, access| Disk {
            serial: DiskSerial::new(serial).unwrap(),
            path,
            access,
            flush: FlushPolicy::Never,
        };
        let console = File::create(self.path(&format!("{writable}.log"))).unwrap();
        let (near, far) = UnixDatagram::pair().unwrap();
        near.set_read_timeout(Some(SILENCE)).unwrap();
        self.cables.lock().unwrap().push(near);
        let config = MachineConfig {
            kernel_arguments: vec![format!("{AGENT_TOKEN_KEY}={}", self.token.to_hex())],
            vcpu_count: self.vcpu_count,
            memory_bytes: MEMORY_BYTES,
            memory,
            disks: vec![
                disk("layer-0", self.path("layer"), DiskAccess::ReadOnly),
                disk("rootfs", self.path(writable), DiskAccess::ReadWrite),
            ],
            frame_ports: vec![FramePort {
                socket: far.into(),
                mac_address: MacAddress([2, 0, 0, 0, 0, 1]),
                mtu_bytes: 1500,
            }],
            ..MachineConfig::new(
                self.root.path().display().to_string(),
                self.hypervisor.kernel(),
                self.initramfs.clone(),
                console,
            )
        };
        self.hypervisor.create(config).await
    }

    /// The memory of a machine that is to be saved.
    fn template(&self) -> GuestMemory {
        GuestMemory::Template {
            path: self.path("memory"),
            for_shares: false,
        }
    }

    /// Boots a machine, and saves it when its agent waits for somebody.
    async fn save(&self) {
        let machine = self.create(self.template(), "pristine").await.unwrap();
        machine.start().await.unwrap();
        self.until_the_agent_waits(&machine, "pristine").await;
        let started = Instant::now();
        let template = machine.as_template().expect("it was made for this");
        template.save(&self.path("state")).await.unwrap();
        println!("saved in {} ms", started.elapsed().as_millis());
        machine.kill().await.unwrap();
        for name in ["memory", "state"] {
            let metadata = self.path(name).metadata().unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
            println!("{name}: {} KiB", metadata.blocks() / 2);
        }
        let memory = self.path("memory").metadata().unwrap();
        assert_eq!(memory.len(), MEMORY_BYTES);
        assert!(
            memory.blocks() * 512 < MEMORY_BYTES / 2,
            "what was not touched takes no room"
        );
    }

    /// Until the agent of the machine with the disk `writable` says on its console that it waits for a host.
    async fn until_the_agent_waits(&self, machine: &Machine, writable: &str) {
        let console = self.path(&format!("{writable}.log"));
        let ready = async {
            while !String::from_utf8_lossy(&std::fs::read(&console).unwrap()).contains(READY) {
                assert_eq!(machine.exit().now(), None);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        bounded(ready).await;
    }

    async fn greet(&self, machine: &Machine) -> AgentClient {
        let mut connector = machine.agent_connector().unwrap();
        let connected = async {
            loop {
                match connector.connect().await {
                    Ok(stream) => return stream,
                    Err(ConnectError::NotListening { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        let stream = bounded(connected).await;
        AgentClient::connect(stream, &self.token, TIMEOUT).await.unwrap()
    }

    /// A machine that continues the template with a copy of the pristine disk.
    async fn restore(&self, writable: &str) -> Machine {
        std::fs::copy(self.path("pristine"), self.path(writable)).unwrap();
        let machine = self.create(self.restored(), writable).await.unwrap();
        let started = Instant::now();
        bounded(machine.start()).await.unwrap();
        println!("restored in {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
        machine
    }
}

fn processes_naming(text: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let naming = |path: &Path| {
        std::fs::read(path.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(text))
    };
    entries.map(|entry| entry.path()).filter(|path| naming(path)).collect()
}

fn request(hostname: &str) -> CreateContainerRequest {
    CreateContainerRequest {
        hostname: hostname.to_owned(),
        layer_disks: vec!["layer-0".to_owned()],
        writable_disk: "rootfs".to_owned(),
        ..CreateContainerRequest::default()
    }
}

/// Two machines continue one template at the same time, each with its own memory and disk.
async fn two_machines_continue(mut fixture: Fixture) {
    fixture.vcpu_count = 2;
    fixture.save().await;
    let template = ["memory", "state", "pristine"].map(|name| fixture.hash(name));
    let first = fixture.restore("first").await;
    let second = fixture.restore("second").await;
    assert!(first.as_template().is_none());

    let (first_agent, second_agent) = (fixture.greet(&first).await, fixture.greet(&second).await);
    let before = second_agent.adjust_clock(0).await.unwrap();
    first_agent.adjust_clock(HOUR_NS).await.unwrap();
    let ahead = first_agent.adjust_clock(0).await.unwrap();
    let after = second_agent.adjust_clock(0).await.unwrap();
    assert!(ahead - before > 3_500_000_000_000, "{before} {ahead}");
    assert!(after - before < 1_000_000_000_000, "{before} {after}");

    bounded(first_agent.create_container(request("one"))).await.unwrap();
    first_agent.shutdown(TIMEOUT).await.unwrap();
    assert_eq!(bounded(first.wait()).await, MachineExit::PowerOff);
    bounded(second_agent.create_container(request("other"))).await.unwrap();
    second.kill().await.unwrap();
    let third = fixture.restore("third").await;
    fixture.greet(&third).await;
    third.kill().await.unwrap();

    assert!(fixture.read("first") != fixture.read("pristine"), "it was mounted");
    assert!(fixture.read("third") == fixture.read("pristine"));
    assert_eq!(
        ["memory", "state", "pristine"].map(|name| fixture.hash(name)),
        template,
        "nothing of it was written"
    );
}

#[tokio::test]
async fn two_machines_continue_one_template_and_leave_it_as_it_was() {
    two_machines_continue(Fixture::new(DeviceSet::Mmio).await).await;
}

/// Those of another architecture, whose kernel for these devices the tests have on every host.
#[tokio::test]
async fn foreign_machines_with_a_mac_s_devices_do_so_too() {
    let machine = FOREIGN.machine_name();
    require!(
        assets().join(format!("vmlinux-{machine}")).exists() && is_installed(&format!("qemu-system-{machine}")),
        "a kernel and QEMU for another architecture: cargo xtask test --arch x86_64 --arch aarch64"
    );
    two_machines_continue(Fixture::of(FOREIGN, DeviceSet::Pci).await).await;
}

#[tokio::test]
async fn an_agent_that_was_talked_to_is_not_saved_with_its_stream() {
    let fixture = Fixture::new(DeviceSet::Mmio).await;
    let machine = fixture.create(fixture.template(), "pristine").await.unwrap();
    machine.start().await.unwrap();
    let agent = fixture.greet(&machine).await;
    agent.adjust_clock(0).await.unwrap();
    let template = machine.as_template().unwrap();
    bounded(template.save(&fixture.path("state"))).await.unwrap();
    assert!(bounded(agent.adjust_clock(0)).await.is_err(), "its stream is cut");
    let again = fixture.path("again");
    assert!(template.save(&again).await.is_err());
    assert!(!again.exists());
    machine.kill().await.unwrap();
    let error = fixture.create(fixture.restored(), "missing").await.err().unwrap();
    assert!(
        matches!(
            error,
            CreateError::File {
                what: "writable disk",
                ..
            }
        ),
        "{error}"
    );
}

/// Restores, which must fail, and returns the step and the reason.
async fn fails(fixture: &Fixture) -> (&'static str, String) {
    let machine = fixture.create(fixture.restored(), "pristine").await.unwrap();
    let error = bounded(machine.start()).await.unwrap_err();
    let MachineError::Restore { step, reason } = error else {
        panic!("{error:?}")
    };
    assert!(machine.exit().now().is_some(), "{reason}");
    assert!(
        processes_naming(&fixture.root.path().display().to_string()).is_empty(),
        "nothing is left of it"
    );
    assert!(
        fixture.path("pristine.log").metadata().unwrap().len() == 0,
        "it did not run"
    );
    (step, reason)
}

#[tokio::test]
async fn a_damaged_template_is_an_error_and_leaves_no_process() {
    let fixture = Fixture::new(DeviceSet::Mmio).await;
    fixture.save().await;
    let (state, memory) = (fixture.read("state"), fixture.hash("memory"));

    let mut flipped = state.clone();
    flipped[state.len() / 2] ^= 0x10;
    for damaged in [&flipped[..], &state[..state.len() / 2], &[]] {
        std::fs::write(fixture.path("state"), damaged).unwrap();
        let (step, reason) = fails(&fixture).await;
        assert_eq!(step, "reading the state", "{reason}");
    }

    // As of another machine: the digest is right, and QEMU says what it thinks of it.
    let mut cut = state[..state.len() / 4].to_vec();
    cut.extend_from_slice(&Sha256::digest(&cut));
    std::fs::write(fixture.path("state"), cut).unwrap();
    let (step, reason) = fails(&fixture).await;
    assert_eq!(step, "loading the state", "{reason}");
    assert!(reason.contains("QEMU exited with 1: "), "{reason}");

    std::fs::write(fixture.path("state"), &state).unwrap();
    assert_eq!(fixture.hash("memory"), memory);
    let machine = fixture.restore("whole").await;
    fixture.greet(&machine).await;
    machine.kill().await.unwrap();

    File::options()
        .write(true)
        .open(fixture.path("memory"))
        .unwrap()
        .set_len(MEMORY_BYTES / 2)
        .unwrap();
    let error = fixture.create(fixture.restored(), "whole").await.err().unwrap();
    assert!(matches!(error, CreateError::File { .. }), "{error}");
}

#[tokio::test]
async fn a_restored_machine_ends_with_its_last_handle_and_can_be_killed_at_any_time() {
    let fixture = Fixture::new(DeviceSet::Mmio).await;
    fixture.save().await;
    let machine = fixture.restore("dropped").await;
    let exit = machine.exit();
    drop(machine);
    assert_eq!(bounded(exit.ended()).await, MachineExit::Killed);

    let machine = fixture.create(fixture.restored(), "dropped").await.unwrap();
    tokio::select! {
        biased;
        started = machine.start() => panic!("{started:?}"),
        () = tokio::time::sleep(Duration::from_millis(1)) => {}
    }
    machine.kill().await.unwrap();
    assert_eq!(machine.exit().now(), Some(MachineExit::Killed));
    let marker = fixture.root.path().display().to_string();
    assert!(processes_naming(&marker).is_empty());
}

#[tokio::test]
async fn a_restored_machine_says_nothing_on_its_network() {
    let fixture = Fixture::new(DeviceSet::Mmio).await;
    fixture.save().await;
    fixture.cables.lock().unwrap().clear();
    let machine = fixture.restore("silent").await;
    fixture.greet(&machine).await;
    let cable = fixture.cables.lock().unwrap().pop().unwrap();
    let mut frame = [0; 2000];
    let received = cable.recv(&mut frame);
    assert!(received.is_err(), "{:02x?}", &frame[..received.unwrap()]);
    machine.kill().await.unwrap();
}

#[tokio::test]
async fn the_identity_is_that_of_the_host_and_its_qemu() {
    let fixture = Fixture::new(DeviceSet::Mmio).await;
    let identity = fixture.hypervisor.info().template_identity.clone().unwrap();
    println!("{identity}");
    let again = Fixture::new(DeviceSet::Mmio).await;
    assert_eq!(again.hypervisor.info().template_identity, Some(identity.clone()));
    let info = fixture.hypervisor.info();
    for part in [&info.name, &info.accelerator, "mmio devices"] {
        assert!(identity.contains(part), "{part} in {identity}");
    }
    // A file is made for each template, by whoever has none.
    File::create_new(fixture.path("memory"))
        .unwrap()
        .write_at(b"x", 0)
        .unwrap();
    let error = fixture.create(fixture.template(), "pristine").await.err();
    assert!(matches!(error, Some(CreateError::File { .. })), "{error:?}");
}
