//! Files of a machine, and machines of them.

use std::io::{PipeReader, Read as _};
use std::path::PathBuf;
use std::time::Duration;

use container_hypervisor::{
    AgentStream, CreateError, Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, GuestArchitecture, Hypervisor as _,
    MacAddress, Machine, MachineConfig,
};
use container_hypervisor_vz::{VzHypervisor, VzOptions};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Where the magic number of a kernel is, and what it is (`container_hypervisor::KernelFormat`).
fn kernel_magic() -> (usize, &'static [u8]) {
    match GuestArchitecture::host() {
        GuestArchitecture::Arm64 => (56, b"ARM\x64"),
        GuestArchitecture::Amd64 => (0x202, b"HdrS"),
    }
}

/// A directory with a kernel, an initial RAM file system and two disks, and the backend.
pub(crate) struct Lab {
    pub(crate) directory: TempDir,
    pub(crate) hypervisor: VzHypervisor,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::detect().await.unwrap()
    }

    pub(crate) async fn detect() -> Result<Self, CreateError> {
        let directory = tempfile::tempdir().unwrap();
        let mut kernel = vec![0; 1024];
        let (at, magic) = kernel_magic();
        kernel[at..at + magic.len()].copy_from_slice(magic);
        for (name, bytes) in [
            ("kernel", kernel),
            ("initramfs", b"070701".to_vec()),
            ("root.img", vec![0; 4096]),
            ("layer.img", vec![0; 4096]),
        ] {
            std::fs::write(directory.path().join(name), bytes).unwrap();
        }
        let asset_directories = vec![directory.path().to_owned()];
        let hypervisor = VzHypervisor::detect(VzOptions { asset_directories }).await?;
        Ok(Self { directory, hypervisor })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A machine with two disks and a network interface, and the other end of its console.
    pub(crate) fn config(&self) -> (MachineConfig, PipeReader) {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut config = MachineConfig::new("web", self.path("kernel"), self.path("initramfs"), writer);
        config.memory_bytes = *self.hypervisor.info().limits.memory_bytes.start();
        let disk = |serial, name, access| Disk {
            serial: DiskSerial::new(serial).unwrap(),
            path: self.path(name),
            access,
            flush: FlushPolicy::Never,
        };
        config.disks = vec![
            disk("layer-0", "layer.img", DiskAccess::ReadOnly),
            disk("root", "root.img", DiskAccess::ReadWrite),
        ];
        let (socket, _) = std::os::unix::net::UnixDatagram::pair().unwrap();
        config.frame_ports = vec![FramePort {
            socket: socket.into(),
            mac_address: MacAddress([2, 0, 0, 0, 0, 1]),
            mtu_bytes: 1500,
        }];
        (config, reader)
    }

    /// Such a machine, whose console nobody reads.
    pub(crate) async fn machine(&self) -> Machine {
        self.hypervisor.create(self.config().0).await.unwrap()
    }

    /// Such a machine, started.
    pub(crate) async fn started(&self) -> Machine {
        let machine = self.machine().await;
        machine.start().await.unwrap();
        machine
    }
}

/// A stream to the agent of a machine, and the number of attempts that it took.
pub(crate) async fn connect(machine: &Machine) -> (AgentStream, usize) {
    let mut connector = machine.agent_connector().unwrap();
    let mut attempt_count = 0;
    loop {
        attempt_count += 1;
        match connector.connect().await {
            Ok(stream) => return (stream, attempt_count),
            Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
}

/// All that a console shows until its end, which has to come soon.
pub(crate) async fn read_to_end(mut console: PipeReader) -> String {
    let (sender, text) = oneshot::channel();
    // Not a thread of the runtime, which would wait for it.
    std::thread::spawn(move || {
        let mut text = String::new();
        console.read_to_string(&mut text).unwrap();
        let _ = sender.send(text);
    });
    let text = tokio::time::timeout(Duration::from_secs(30), text).await;
    text.expect("the console has no end").unwrap()
}
