//! Plans of chosen machines, and the way back from a plan to the configuration that it was made of.

use std::fs::File;
use std::path::PathBuf;

use container_hypervisor::{
    Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, GuestMemory, MacAddress, SHARES_TAG, ShareAccess, ShareName,
    ShareOwner, SharedDirectory,
};
use proptest::prelude::*;

use super::*;

fn console() -> SharedDescriptor {
    File::open("/dev/null").unwrap().into()
}

fn machine() -> MachineConfig {
    MachineConfig::new("web", "/k/Image", "/k/initramfs", console())
}

fn plan(config: MachineConfig) -> Plan {
    Plan::new(config, GuestArchitecture::Arm64).unwrap()
}

#[test]
fn the_smallest_machine_has_what_every_machine_has() {
    let config = machine();
    let console = config.console.clone();
    let plan = plan(config);
    assert_eq!(
        plan.devices,
        [Device::Console(console), Device::Socket, Device::Entropy]
    );
    assert_eq!(
        plan.boot.command_line,
        "console=hvc0 quiet panic=0 container.power=off container.agent=vsock"
    );
    assert_eq!((plan.vcpu_count, plan.memory_bytes), (1, 64 << 20));
}

#[test]
fn arguments_come_last_so_that_they_win() {
    let mut config = machine();
    config.kernel_arguments = ["container.token=00", "container.agent=port"].map(str::to_owned).into();
    let line = plan(config).boot.command_line;
    assert!(
        line.ends_with(" container.agent=vsock container.token=00 container.agent=port"),
        "{line}"
    );
}

#[test]
fn a_flush_does_what_its_disk_is_worth() {
    let disk = |serial: &str, access, flush| Disk {
        serial: DiskSerial::new(serial).unwrap(),
        path: PathBuf::from(format!("/d/{serial}")),
        access,
        flush,
    };
    let mut config = machine();
    config.disks = vec![
        disk("layer", DiskAccess::ReadOnly, FlushPolicy::Full),
        disk("root", DiskAccess::ReadWrite, FlushPolicy::Never),
        disk("kept", DiskAccess::ReadWrite, FlushPolicy::Fsync),
        disk("volume", DiskAccess::ReadWrite, FlushPolicy::Full),
    ];
    let found: Vec<_> = plan(config)
        .devices
        .into_iter()
        .filter_map(|device| match device {
            Device::Disk(disk) => Some((disk.identifier, disk.read_only, disk.synchronization)),
            _ => None,
        })
        .collect();
    let expected = [
        ("layer", true, Synchronization::None),
        ("root", false, Synchronization::None),
        ("kept", false, Synchronization::Fsync),
        ("volume", false, Synchronization::Full),
    ];
    assert_eq!(
        found,
        expected.map(|(name, read_only, mode)| (name.to_owned(), read_only, mode))
    );
}

#[test]
fn a_single_directory_is_under_a_name_as_well() {
    let mut config = machine();
    config.shares = vec![SharedDirectory {
        name: ShareName::new("one").unwrap(),
        path: "/home".into(),
        access: ShareAccess::ReadWrite,
        owner: ShareOwner::Named,
        records: None,
    }];
    config.translation = true;
    let shares: Vec<_> = plan(config)
        .devices
        .into_iter()
        .filter_map(|device| match device {
            Device::Share(share) => Some(share),
            _ => None,
        })
        .collect();
    let directories = vec![DirectoryPlan {
        name: "one".to_owned(),
        path: "/home".to_owned(),
        read_only: false,
    }];
    let tag = SHARES_TAG;
    assert_eq!(
        shares,
        [SharePlan::Directories { tag, directories }, SharePlan::Translation]
    );
    assert_eq!(
        shares.iter().map(SharePlan::tag).collect::<Vec<_>>(),
        [SHARES_TAG, "rosetta"]
    );
}

#[test]
fn what_a_kernel_would_cut_off_is_refused() {
    let mut config = machine();
    config.kernel_arguments = vec!["x".repeat(2000)];
    let error = Plan::new(config, GuestArchitecture::Arm64).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("2047 bytes, and these are 2069"), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_path_that_is_no_text_is_refused_by_name() {
    use std::os::unix::ffi::OsStringExt as _;
    let mut config = machine();
    config.initramfs = std::ffi::OsString::from_vec(b"/\xff".to_vec()).into();
    let error = Plan::new(config, GuestArchitecture::Arm64).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot open initial RAM file system /"),
        "{error}"
    );
}

/// The configuration that a plan was made of.
fn decode(plan: Plan) -> MachineConfig {
    let Plan {
        name,
        boot,
        vcpu_count,
        memory_bytes,
        devices,
        platform,
    } = plan;
    let BootPlan {
        kernel,
        initramfs,
        command_line,
    } = boot;
    let mut config = MachineConfig::new(name, kernel, initramfs, console());
    let fixed = FIXED_ARGUMENTS.len() + 1;
    config.kernel_arguments = command_line.split(' ').skip(fixed).map(str::to_owned).collect();
    config.vcpu_count = vcpu_count;
    config.memory_bytes = memory_bytes;
    config.machine_identifier = platform.machine_identifier;
    config.nested_virtualization = platform.nested_virtualization;
    for device in devices {
        match device {
            Device::Console(console) => config.console = console,
            Device::Socket | Device::Entropy => {}
            Device::Balloon => config.balloon = true,
            Device::Disk(disk) => config.disks.push(decode_disk(disk)),
            Device::Network(network) => config.frame_ports.push(decode_network(network)),
            Device::Share(SharePlan::Translation) => config.translation = true,
            Device::Share(SharePlan::Directories { tag, directories }) => {
                assert_eq!(tag, SHARES_TAG);
                config.shares.extend(directories.into_iter().map(decode_directory));
            }
        }
    }
    config
}

fn decode_disk(disk: DiskPlan) -> Disk {
    Disk {
        serial: DiskSerial::new(disk.identifier).unwrap(),
        path: disk.path.into(),
        access: if disk.read_only {
            DiskAccess::ReadOnly
        } else {
            DiskAccess::ReadWrite
        },
        flush: match disk.synchronization {
            Synchronization::Full => FlushPolicy::Full,
            Synchronization::Fsync => FlushPolicy::Fsync,
            Synchronization::None => FlushPolicy::Never,
        },
    }
}

fn decode_network(network: NetworkPlan) -> FramePort {
    let mut bytes = network
        .mac_address
        .split(':')
        .map(|pair| u8::from_str_radix(pair, 16).unwrap());
    FramePort {
        socket: network.socket,
        mac_address: MacAddress(std::array::from_fn(|_| bytes.next().unwrap())),
        mtu_bytes: network.mtu_bytes,
    }
}

fn decode_directory(directory: DirectoryPlan) -> SharedDirectory {
    SharedDirectory {
        name: ShareName::new(directory.name).unwrap(),
        path: directory.path.into(),
        access: if directory.read_only {
            ShareAccess::ReadOnly
        } else {
            ShareAccess::ReadWrite
        },
        owner: ShareOwner::Named,
        records: None,
    }
}

fn any_path() -> impl Strategy<Value = PathBuf> {
    "/[a-zA-Z0-9 äß%#?.-]{1,20}".prop_map(PathBuf::from)
}

prop_compose! {
    fn any_disk()(
        serial in "[a-z0-9-]{1,20}",
        path in any_path(),
        // What a flush of a disk does that nobody writes to is not said to the framework.
        (access, flush) in prop_oneof![
            Just((DiskAccess::ReadOnly, FlushPolicy::Never)),
            Just((DiskAccess::ReadWrite, FlushPolicy::Never)),
            Just((DiskAccess::ReadWrite, FlushPolicy::Fsync)),
            Just((DiskAccess::ReadWrite, FlushPolicy::Full)),
        ],
    ) -> Disk {
        Disk { serial: DiskSerial::new(serial).unwrap(), path, access, flush }
    }
}

prop_compose! {
    fn any_port()(mac_address in any::<[u8; 6]>(), mtu_bytes in FramePort::MTU_BYTES) -> FramePort {
        let (socket, _) = std::os::unix::net::UnixDatagram::pair().unwrap();
        FramePort { socket: socket.into(), mac_address: MacAddress(mac_address), mtu_bytes }
    }
}

prop_compose! {
    fn any_share()(name in "[a-z0-9-]{1,20}", path in any_path(), read_only in any::<bool>()) -> SharedDirectory {
        let access = if read_only { ShareAccess::ReadOnly } else { ShareAccess::ReadWrite };
        SharedDirectory { name: ShareName::new(name).unwrap(), path, access, owner: ShareOwner::Named, records: None }
    }
}

prop_compose! {
    fn any_config()(
        (name, kernel, initramfs) in ("[a-z]{1,8}", any_path(), any_path()),
        kernel_arguments in prop::collection::vec("[a-z.]{1,9}(=[a-z0-9,]{1,9})?", 0..4),
        vcpu_count in 1u32..64,
        memory_mib in 64u64..65536,
        disks in prop::collection::vec(any_disk(), 0..5),
        frame_ports in prop::collection::vec(any_port(), 0..3),
        shares in prop::collection::vec(any_share(), 0..4),
        (translation, nested_virtualization, balloon) in any::<(bool, bool, bool)>(),
        machine_identifier in prop::option::of(prop::collection::vec(any::<u8>(), 1..40)),
    ) -> MachineConfig {
        MachineConfig {
            name, kernel, initramfs, kernel_arguments, vcpu_count, memory_bytes: memory_mib << 20, memory: GuestMemory::Own, disks,
            frame_ports, shares, translation, nested_virtualization, machine_identifier, console: io_pipe(), balloon,
            share_changes: None,
        }
    }
}

/// A console of its own, so that it is told apart from any other.
fn io_pipe() -> SharedDescriptor {
    std::io::pipe().unwrap().1.into()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_has_everything_that_its_configuration_says(config in any_config()) {
        prop_assert_eq!(decode(plan(config.clone())), config);
    }
}
