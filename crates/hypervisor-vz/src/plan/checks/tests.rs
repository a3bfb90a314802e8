//! Machines of which one thing does not hold.

use std::fs;
use std::path::PathBuf;

use container_hypervisor::{DiskSerial, FlushPolicy, GuestMemory, MachineLimits, ShareName, SharedDescriptor};
use tempfile::TempDir;

use super::*;

/// Files of a machine that can be made, and what can be had on an Apple-silicon host.
struct Host {
    directory: TempDir,
    info: HypervisorInfo,
}

impl Host {
    fn new() -> Self {
        let info = HypervisorInfo {
            name: String::new(),
            accelerator: String::new(),
            reason: String::new(),
            confinement: String::new(),
            default_vcpu_count: 1,
            limits: MachineLimits {
                disk_slots: 24,
                frame_ports: 4,
                memory_bytes: 128 << 20..=1 << 30,
                vcpu_count: 1..=4,
            },
            architecture: GuestArchitecture::Arm64,
            translation: Translation::Installed,
            nested_virtualization: false,
            gives_memory_back: false,
            boot_hint: None,
            acceleration_hint: None,
            template_identity: None,
            templates_with_shares: false,
        };
        let directory = tempfile::tempdir().unwrap();
        let mut kernel = vec![0; KernelFormat::HEAD_BYTES];
        kernel[56..60].copy_from_slice(b"ARM\x64");
        fs::write(directory.path().join("Image"), kernel).unwrap();
        fs::write(directory.path().join("initramfs"), "070701").unwrap();
        fs::write(directory.path().join("disk"), [0; 1024]).unwrap();
        Self { directory, info }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn machine(&self) -> MachineConfig {
        let console: SharedDescriptor = File::open("/dev/null").unwrap().into();
        let mut config = MachineConfig::new("web", self.path("Image"), self.path("initramfs"), console);
        config.memory_bytes = 128 << 20;
        config.disks = vec![Disk {
            serial: DiskSerial::new("root").unwrap(),
            path: self.path("disk"),
            access: DiskAccess::ReadWrite,
            flush: FlushPolicy::Never,
        }];
        config.shares = vec![SharedDirectory {
            name: ShareName::new("all").unwrap(),
            path: self.directory.path().to_owned(),
            access: container_hypervisor::ShareAccess::ReadOnly,
            owner: container_hypervisor::ShareOwner::Named,
            records: None,
        }];
        config
    }

    /// The message about a machine that is changed so.
    fn refusal(&self, change: impl FnOnce(&mut MachineConfig)) -> String {
        let mut config = self.machine();
        change(&mut config);
        check(&config, &self.info).unwrap_err().to_string()
    }
}

#[test]
fn a_machine_whose_files_are_there_passes() {
    let host = Host::new();
    check(&host.machine(), &host.info).unwrap();
}

#[test]
fn a_kernel_of_another_kind_is_refused_with_what_would_do() {
    let host = Host::new();
    let with = |name: &str, at: usize, magic: &[u8]| {
        let mut bytes = vec![0; 1024];
        bytes[at..at + magic.len()].copy_from_slice(magic);
        fs::write(host.path(name), bytes).unwrap();
        host.refusal(|config| config.kernel = host.path(name))
    };
    let text = with("Image.gz", 0, b"\x1f\x8b\x08");
    assert!(
        text.ends_with("has to be unpacked first; this is something else"),
        "{text}"
    );
    let text = with("vmlinux", 0, b"\x7fELF");
    assert!(text.ends_with("this is an ELF file"), "{text}");
    let text = with("bzImage", 0x202, b"HdrS");
    assert!(text.ends_with("this is a `bzImage` for x86-64"), "{text}");
    let text = host.refusal(|config| config.kernel = host.path("none"));
    assert!(
        text.starts_with("cannot open kernel ") && text.contains("No such file"),
        "{text}"
    );
}

#[test]
fn an_intel_host_boots_a_bzimage_and_nothing_else() {
    let mut host = Host::new();
    host.info.architecture = GuestArchitecture::Amd64;
    let text = host.refusal(|_| {});
    assert!(
        text.ends_with("boots a `bzImage` for x86-64; this is one for arm64"),
        "{text}"
    );
    let mut bytes = vec![0; 1024];
    bytes[0x202..0x206].copy_from_slice(b"HdrS");
    fs::write(host.path("Image"), bytes).unwrap();
    check(&host.machine(), &host.info).unwrap();
}

#[test]
fn a_disk_has_to_be_a_plain_file_of_whole_sectors() {
    let host = Host::new();
    fs::write(host.path("odd"), [0; 700]).unwrap();
    fs::write(host.path("empty"), "").unwrap();
    let text = host.refusal(|config| config.disks[0].path = host.path("odd"));
    assert!(text.ends_with("its size of 700 bytes is no multiple of 512"), "{text}");
    let text = host.refusal(|config| config.disks[0].path = host.path("empty"));
    assert!(text.contains("its size of 0 bytes"), "{text}");
    let text = host.refusal(|config| config.disks[0].path = host.directory.path().to_owned());
    assert!(text.starts_with("cannot open writable disk "), "{text}");
    let text = host.refusal(|config| config.disks[0].path = "/dev/null".into());
    assert!(text.ends_with("it is no plain file"), "{text}");
}

#[test]
fn limits_come_before_files() {
    let host = Host::new();
    let text = host.refusal(|config| {
        config.memory_bytes = 64 << 20;
        config.kernel = "/none".into();
    });
    assert!(
        text.contains("of memory: this host's machines can have 134217728"),
        "{text}"
    );
    let text = host.refusal(|config| config.vcpu_count = 5);
    assert!(text.contains("5 virtual processors"), "{text}");
}

#[test]
fn what_this_host_cannot_do_is_refused_with_what_it_takes() {
    let mut host = Host::new();
    let text = host.refusal(|config| config.nested_virtualization = true);
    assert!(text.contains("macOS 15"), "{text}");
    host.info.translation = Translation::NotInstalled;
    let text = host.refusal(|config| config.translation = true);
    assert!(text.contains("softwareupdate --install-rosetta"), "{text}");
    host.info.translation = Translation::Unavailable;
    let text = host.refusal(|config| config.translation = true);
    assert!(text.contains("Apple silicon"), "{text}");
    check(&host.machine(), &host.info).unwrap();
}

#[test]
fn the_framework_has_no_templates() {
    let host = Host::new();
    let path = host.path("memory");
    let text = host.refusal(|config| {
        config.shares.clear();
        config.memory = GuestMemory::Template {
            path,
            for_shares: false,
        };
    });
    assert!(text.contains("a template cannot be had on this host: "), "{text}");
}

#[test]
fn a_shared_file_is_no_directory() {
    let host = Host::new();
    let text = host.refusal(|config| config.shares[0].path = host.path("disk"));
    assert!(text.starts_with("cannot open shared directory "), "{text}");
    let text = host.refusal(|config| config.initramfs = "/".into());
    assert!(text.starts_with("cannot open initial RAM file system /"), "{text}");
}
