//! Machines of any shape, and what the framework's objects say of them: nothing that is asked for may be forgotten.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;

use container_hypervisor::{
    Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, GuestMemory, Hypervisor as _, MacAddress, MachineConfig,
    SHARES_TAG, ShareAccess, ShareName, ShareOwner, SharedDescriptor, SharedDirectory, TRANSLATOR_TAG,
};
use container_hypervisor_vz::plan::FIXED_ARGUMENTS;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::case::case;
use crate::machines::Lab;
use container_vz_tests::report;

/// Machines that are tried.
const MACHINE_COUNT: usize = 64;

case!(
    the_objects_say_all_that_a_configuration_says,
    "rosetta=installed,nested-virtualization",
    async || {
        let lab = Lab::new().await;
        let first = lab.machine().await;
        let identifier = first.as_save_restore().unwrap().machine_identifier();
        drop(first);
        let mut runner = TestRunner::default();
        for _ in 0..MACHINE_COUNT {
            let shape = any_shape().new_tree(&mut runner).unwrap().current();
            let config = shape.config(&lab, &identifier);
            let machine = lab.hypervisor.create(config.clone()).await.unwrap();
            assert_eq!(decode(&report::describe_last(), &config), config, "{shape:?}");
            drop(machine);
        }
    }
);

/// What can be chosen freely; files are made for it.
#[derive(Debug, Clone)]
struct Shape {
    name: String,
    kernel_arguments: Vec<String>,
    vcpu_count: u32,
    memory_mib: u64,
    disks: Vec<(DiskAccess, FlushPolicy)>,
    ports: Vec<([u8; 6], u16)>,
    shares: Vec<ShareAccess>,
    translation: bool,
    nested_virtualization: bool,
    balloon: bool,
    has_identifier: bool,
}

fn any_shape() -> impl Strategy<Value = Shape> {
    let disk = prop_oneof![
        // What a flush of a disk does that nobody writes to is not said to the framework.
        Just((DiskAccess::ReadOnly, FlushPolicy::Never)),
        Just((DiskAccess::ReadWrite, FlushPolicy::Never)),
        Just((DiskAccess::ReadWrite, FlushPolicy::Fsync)),
        Just((DiskAccess::ReadWrite, FlushPolicy::Full)),
    ];
    let port = (any::<[u8; 6]>(), FramePort::MTU_BYTES);
    let share = prop_oneof![Just(ShareAccess::ReadOnly), Just(ShareAccess::ReadWrite)];
    (
        "[a-z]{1,9}",
        prop::collection::vec("[a-z.]{1,9}(=[a-z0-9,]{1,9})?", 0..4),
        (1u32..=2, 256u64..2048),
        prop::collection::vec(disk, 0..6),
        prop::collection::vec(port, 0..3),
        prop::collection::vec(share, 0..4),
        any::<[bool; 4]>(),
    )
        .prop_map(
            |(name, kernel_arguments, (vcpu_count, memory_mib), disks, ports, shares, flags)| {
                let [translation, nested_virtualization, balloon, has_identifier] = flags;
                Shape {
                    name,
                    kernel_arguments,
                    vcpu_count,
                    memory_mib,
                    disks,
                    ports,
                    shares,
                    translation,
                    nested_virtualization,
                    balloon,
                    has_identifier,
                }
            },
        )
}

impl Shape {
    fn config(&self, lab: &Lab, identifier: &[u8]) -> MachineConfig {
        let disk = |(index, (access, flush)): (usize, &(DiskAccess, FlushPolicy))| {
            let path = lab.path(&format!("disk {index}.img"));
            std::fs::write(&path, [0; 512]).unwrap();
            Disk {
                serial: DiskSerial::new(format!("disk-{index}")).unwrap(),
                path,
                access: *access,
                flush: *flush,
            }
        };
        let port = |(mac_address, mtu_bytes): &([u8; 6], u16)| FramePort {
            socket: UnixDatagram::pair().unwrap().0.into(),
            mac_address: MacAddress(*mac_address),
            mtu_bytes: *mtu_bytes,
        };
        let share = |(index, access): (usize, &ShareAccess)| {
            let path = lab.path(&format!("shared ä {index}"));
            std::fs::create_dir_all(&path).unwrap();
            SharedDirectory {
                name: ShareName::new(format!("share-{index}")).unwrap(),
                path,
                access: *access,
                owner: ShareOwner::Named,
                records: None,
            }
        };
        MachineConfig {
            name: self.name.clone(),
            kernel: lab.path("kernel"),
            initramfs: lab.path("initramfs"),
            kernel_arguments: self.kernel_arguments.clone(),
            vcpu_count: self.vcpu_count,
            memory_bytes: self.memory_mib << 20,
            memory: GuestMemory::Own,
            disks: self.disks.iter().enumerate().map(disk).collect(),
            share_changes: None,
            frame_ports: self.ports.iter().map(port).collect(),
            shares: self.shares.iter().enumerate().map(share).collect(),
            translation: self.translation,
            nested_virtualization: self.nested_virtualization,
            machine_identifier: self.has_identifier.then(|| identifier.to_vec()),
            console: std::io::pipe().unwrap().1.into(),
            balloon: self.balloon,
        }
    }
}

/// The configuration that the objects are of. What they cannot say is taken from the one that they were made of: whose machine it is, where
/// the backend copies the console to, and an identifier that nobody asked for.
fn decode(objects: &Value, made_of: &MachineConfig) -> MachineConfig {
    assert_eq!(objects["entropy_devices"], 1);
    assert_eq!(objects["socket_devices"], 1);
    let serial_ports = list(&objects["serial_ports"]);
    assert_eq!(serial_ports.len(), 1);
    assert!(serial_ports[0]["input_descriptor"].is_null());
    assert!(serial_ports[0]["output_inode"].is_u64());
    let identifier = list(&objects["machine_identifier"])
        .iter()
        .map(|byte| number(byte) as u8)
        .collect();
    let rosetta = &objects["rosetta_tag"];
    assert!(rosetta.is_null() || rosetta == TRANSLATOR_TAG, "{rosetta}");
    MachineConfig {
        name: made_of.name.clone(),
        kernel: text(&objects["kernel"]).into(),
        initramfs: text(&objects["initramfs"]).into(),
        kernel_arguments: arguments(text(&objects["command_line"])),
        vcpu_count: number(&objects["cpu_count"]) as u32,
        memory_bytes: number(&objects["memory_bytes"]),
        memory: GuestMemory::Own,
        disks: list(&objects["disks"]).iter().map(disk).collect(),
        frame_ports: list(&objects["networks"])
            .iter()
            .map(|network| port(network, made_of))
            .collect(),
        shares: shares(list(&objects["shares"])),
        translation: !rosetta.is_null(),
        nested_virtualization: objects["nested_virtualization"].as_bool().unwrap(),
        machine_identifier: made_of.machine_identifier.is_some().then_some(identifier),
        console: made_of.console.clone(),
        balloon: number(&objects["balloon_devices"]) == 1,
        share_changes: None,
    }
}

fn arguments(line: &str) -> Vec<String> {
    let mut words = line.split(' ');
    for fixed in FIXED_ARGUMENTS {
        assert_eq!(words.next(), Some(fixed));
    }
    assert_eq!(words.next(), Some("container.agent=vsock"));
    words.map(str::to_owned).collect()
}

fn disk(disk: &Value) -> Disk {
    assert_eq!(disk["caching"], "cached");
    Disk {
        serial: DiskSerial::new(text(&disk["identifier"])).unwrap(),
        path: text(&disk["path"]).into(),
        access: match disk["read_only"].as_bool().unwrap() {
            true => DiskAccess::ReadOnly,
            false => DiskAccess::ReadWrite,
        },
        flush: match text(&disk["synchronization"]) {
            "full" => FlushPolicy::Full,
            "fsync" => FlushPolicy::Fsync,
            "none" => FlushPolicy::Never,
            other => panic!("{other}"),
        },
    }
}

fn port(network: &Value, made_of: &MachineConfig) -> FramePort {
    let mut bytes = text(&network["mac_address"])
        .split(':')
        .map(|pair| u8::from_str_radix(pair, 16).unwrap());
    let inode = number(&network["inode"]);
    let socket = made_of
        .frame_ports
        .iter()
        .map(|port| &port.socket)
        .find(|socket| inode_of(socket) == inode);
    FramePort {
        socket: socket.unwrap().clone(),
        mac_address: MacAddress(std::array::from_fn(|_| bytes.next().unwrap())),
        mtu_bytes: number(&network["mtu_bytes"]) as u16,
    }
}

fn inode_of(socket: &SharedDescriptor) -> u64 {
    std::fs::File::from(socket.duplicate().unwrap())
        .metadata()
        .unwrap()
        .ino()
}

fn shares(shares: &[Value]) -> Vec<SharedDirectory> {
    assert!(shares.len() <= 1, "one device has all");
    let directories = shares.iter().flat_map(|share| {
        assert_eq!(share["tag"], SHARES_TAG);
        list(&share["directories"])
    });
    directories
        .map(|directory| SharedDirectory {
            name: ShareName::new(text(&directory["name"])).unwrap(),
            path: text(&directory["path"]).into(),
            access: match directory["read_only"].as_bool().unwrap() {
                true => ShareAccess::ReadOnly,
                false => ShareAccess::ReadWrite,
            },
            // The framework has neither.
            owner: ShareOwner::Named,
            records: None,
        })
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
