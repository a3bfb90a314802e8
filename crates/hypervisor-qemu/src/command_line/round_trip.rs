//! What QEMU is told is all of the configuration: from the arguments and the handed descriptors it can be had back.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use container_hypervisor::{
    Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, GuestArchitecture, GuestMemory, MacAddress, MachineConfig,
    SharedDescriptor,
};
use proptest::prelude::*;

use super::kernel_arguments;
use super::setup::{AgentChannel, LoadedFile, Mapping, MemoryFile, Numbers, Setup};
use super::{board, build};
use crate::{Accelerator, DeviceSet};

/// What the machine's descriptors stand for, as QEMU finds them open.
struct Handed {
    files: HashMap<i32, PathBuf>,
    sockets: HashMap<i32, SharedDescriptor>,
    console: (i32, SharedDescriptor),
}

/// The file of every saved state.
const STATE: &str = "/state";

/// An option's value: what stands before the first key, and the keys.
struct Properties {
    kind: String,
    values: HashMap<String, String>,
}

impl Properties {
    fn of(text: &str) -> Self {
        // A comma in a value is written twice.
        let text = text.replace(",,", "\0");
        let (mut kind, mut values) = (String::new(), HashMap::new());
        for part in text.split(',') {
            let part = part.replace('\0', ",");
            match part.split_once('=') {
                Some((key, value)) => assert!(values.insert(key.to_owned(), value.to_owned()).is_none(), "{key} twice"),
                None => kind = part,
            }
        }
        Self { kind, values }
    }

    fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }

    /// The descriptor behind `/dev/fdset/N`, `/dev/fd/N` or `N`.
    fn descriptor(&self, key: &str) -> i32 {
        number(self.get(key))
    }
}

fn number(file: &str) -> i32 {
    file.rsplit('/').next().unwrap().parse().unwrap()
}

/// The configuration that a command line says.
fn decode(arguments: &[String], configuration: &str, setup: &Setup, handed: &Handed) -> MachineConfig {
    let mut config = MachineConfig::new("", "", "", File::open("/dev/null").unwrap());
    let mut nodes = HashMap::new();
    let mut links = HashMap::new();
    let mut consoles = HashMap::new();
    let mut arguments = arguments.iter();
    while let Some(option) = arguments.next() {
        if ["-nodefaults", "-no-user-config", "-no-reboot"].contains(&option.as_str()) {
            continue;
        }
        let text = arguments.next().unwrap();
        let value = Properties::of(text);
        match option.as_str() {
            "-name" => config.name = value.get("guest").to_owned(),
            "-smp" => config.vcpu_count = text.parse().unwrap(),
            "-m" => config.memory_bytes = text.strip_suffix('M').unwrap().parse::<u64>().unwrap() << 20,
            "-cpu" => {
                config.nested_virtualization =
                    super::offers_nested(setup.accelerator, setup.architecture) && text == "host"
            }
            "-kernel" => config.kernel = handed.files[&number(text)].clone(),
            "-initrd" => config.initramfs = handed.files[&number(text)].clone(),
            "-blockdev" => drop(nodes.insert(value.get("node-name").to_owned(), value)),
            "-netdev" => drop(links.insert(value.get("id").to_owned(), value.descriptor("local.str"))),
            "-chardev" if value.kind == "file" => {
                consoles.insert(value.get("id").to_owned(), value.descriptor("path"));
            }
            "-serial" => config.console = console(&consoles[text.strip_prefix("chardev:").unwrap()], handed),
            "-object" => {
                let path = handed.files[&value.descriptor("mem-path")].clone();
                config.memory = GuestMemory::Template {
                    path,
                    for_shares: false,
                };
            }
            // The state comes by a way of its own.
            "-incoming" => {
                let GuestMemory::Template { path: memory, .. } = config.memory else {
                    panic!("{:?}", config.memory)
                };
                let state = STATE.into();
                config.memory = GuestMemory::Restored { memory, state };
            }
            "-device" => device(&value, &mut config, &nodes, &links, &consoles, handed),
            "-chardev" | "-add-fd" | "-display" | "-sandbox" | "-M" | "-accel" | "-global" | "-mon" | "-readconfig" => {
            }
            other => panic!("{other} means nothing to the test"),
        }
    }
    config.kernel_arguments = further_kernel_arguments(configuration, setup);
    config
}

fn console(number: &i32, handed: &Handed) -> SharedDescriptor {
    assert_eq!(*number, handed.console.0);
    handed.console.1.clone()
}

fn device(
    device: &Properties,
    config: &mut MachineConfig,
    nodes: &HashMap<String, Properties>,
    links: &HashMap<String, i32>,
    consoles: &HashMap<String, i32>,
    handed: &Handed,
) {
    let kind = device.kind.trim_end_matches("-device").trim_end_matches("-pci");
    match kind {
        "virtio-blk" | "scsi-hd" => config.disks.push(disk(device, &nodes[device.get("drive")], handed)),
        "virtio-net" => config.frame_ports.push(FramePort {
            socket: handed.sockets[&links[device.get("netdev")]].clone(),
            mac_address: mac_address(device.get("mac")),
            mtu_bytes: device.get("host_mtu").parse().unwrap(),
        }),
        "virtio-balloon" => config.balloon = true,
        "virtconsole" => config.console = console(&consoles[device.get("chardev")], handed),
        "virtio-serial" | "virtserialport" | "virtio-rng" | "virtio-scsi" | "vhost-vsock" => {}
        other => panic!("{other} means nothing to the test"),
    }
}

fn disk(device: &Properties, node: &Properties, handed: &Handed) -> Disk {
    // Not a matter of configuration: a machine whose disk cannot grow waits, and all other errors are the guest's.
    assert_eq!((device.get("werror"), device.get("rerror")), ("enospc", "report"));
    let access = match node.get("read-only") {
        "on" => DiskAccess::ReadOnly,
        "off" => DiskAccess::ReadWrite,
        other => panic!("{other}"),
    };
    Disk {
        serial: DiskSerial::new(device.get("serial")).unwrap(),
        path: handed.files[&node.descriptor("file.filename")].clone(),
        access,
        flush: match node.get("cache.no-flush") {
            "on" => FlushPolicy::Never,
            "off" => FlushPolicy::Fsync,
            other => panic!("{other}"),
        },
    }
}

fn mac_address(text: &str) -> MacAddress {
    let mut bytes = [0; 6];
    for (byte, part) in bytes.iter_mut().zip(text.split(':')) {
        *byte = u8::from_str_radix(part, 16).unwrap();
    }
    MacAddress(bytes)
}

/// What follows the arguments of the backend itself.
fn further_kernel_arguments(configuration: &str, setup: &Setup) -> Vec<String> {
    let line = configuration
        .strip_prefix("[machine]\n  append = \"")
        .and_then(|rest| rest.strip_suffix("\"\n"))
        .unwrap();
    let own = kernel_arguments::own(setup).join(" ");
    let rest = line.strip_prefix(&own).unwrap();
    rest.split_whitespace().map(str::to_owned).collect()
}

fn accelerators() -> impl Strategy<Value = Accelerator> {
    prop_oneof![Just(Accelerator::Kvm), Just(Accelerator::Hvf), Just(Accelerator::Tcg)]
}

fn setups() -> impl Strategy<Value = Setup> {
    let architecture = || prop_oneof![Just(GuestArchitecture::Amd64), Just(GuestArchitecture::Arm64)];
    let devices = prop_oneof![Just(DeviceSet::Mmio), Just(DeviceSet::Pci)];
    let agent = prop_oneof![
        (3..9_i32).prop_map(|descriptor| AgentChannel::Port { descriptor }),
        Just(AgentChannel::ClosedPort),
        (3..u32::MAX, 3..9_i32).prop_map(|(guest_cid, descriptor)| AgentChannel::Vsock { guest_cid, descriptor }),
    ];
    let tsc_khz = proptest::option::of(1_000_000..5_000_000_u64);
    (
        architecture(),
        architecture(),
        devices,
        accelerators(),
        agent,
        tsc_khz,
        any::<[bool; 2]>(),
    )
        .prop_map(
            |(host, architecture, devices, accelerator, agent, tsc_khz, [sandbox, emulated_kernel])| Setup {
                host,
                architecture,
                devices,
                accelerator,
                sandbox,
                emulated_kernel,
                tsc_khz,
                agent,
                numbers: Numbers {
                    kernel: LoadedFile::Descriptor(20),
                    initramfs: LoadedFile::Descriptor(21),
                    console: 22,
                    control: 10,
                    shares: None,
                    disks: Vec::new(),
                    frame_ports: Vec::new(),
                    memory: None,
                },
                configuration_descriptor: 11,
            },
        )
}

fn disks() -> impl Strategy<Value = Vec<Disk>> {
    let access = prop_oneof![Just(DiskAccess::ReadOnly), Just(DiskAccess::ReadWrite)];
    // QEMU flushes as far as the system lets it, so that the most and what fsync(2) does are the same.
    let flush = prop_oneof![Just(FlushPolicy::Fsync), Just(FlushPolicy::Never)];
    let disk = ("[a-z0-9-]{1,14}", "/[a-z,= ]{1,20}", access, flush);
    proptest::collection::vec(disk, 0..60).prop_map(|disks| {
        let numbered = disks.into_iter().enumerate();
        numbered
            .map(|(index, (serial, path, access, flush))| Disk {
                serial: DiskSerial::new(format!("{serial}-{index}")).unwrap(),
                path: path.into(),
                access,
                flush,
            })
            .collect()
    })
}

fn configs() -> impl Strategy<Value = MachineConfig> {
    let port = (any::<[u8; 6]>(), FramePort::MTU_BYTES).prop_map(|(mac, mtu_bytes)| FramePort {
        socket: UnixDatagram::pair().unwrap().0.into(),
        mac_address: MacAddress(mac),
        mtu_bytes,
    });
    let ports = proptest::collection::vec(port, 0..3);
    let kernel_arguments = proptest::collection::vec("[a-z.]{1,10}=[a-z0-9,:]{0,20}", 0..10);
    let memory = "/m[a-z, ]{0,10}".prop_flat_map(|path| {
        let memory = PathBuf::from(&path);
        prop_oneof![
            Just(GuestMemory::Own),
            Just(GuestMemory::Template {
                path: memory.clone(),
                for_shares: false
            }),
            Just(GuestMemory::Restored {
                memory,
                state: STATE.into()
            }),
        ]
    });
    let sizes = (1..=255_u32, 64..100_000_u64);
    let parts = (disks(), ports, kernel_arguments, sizes, memory, any::<[bool; 2]>());
    ("[a-z,=/]{1,20}", "/k[a-z, ]{0,10}", parts).prop_map(|(name, kernel, parts)| {
        let (disks, frame_ports, kernel_arguments, (vcpu_count, memory_mib), memory, [nested, balloon]) = parts;
        let (_, console) = std::io::pipe().unwrap();
        MachineConfig {
            kernel_arguments,
            vcpu_count,
            memory_bytes: memory_mib << 20,
            memory,
            disks,
            frame_ports,
            nested_virtualization: nested,
            balloon,
            ..MachineConfig::new(name, kernel, "/initramfs", std::os::fd::OwnedFd::from(console))
        }
    })
}

proptest! {
    #[test]
    fn the_arguments_say_the_whole_configuration(mut config in configs(), mut setup in setups()) {
        config.nested_virtualization &= super::offers_nested(setup.accelerator, setup.architecture);
        setup.numbers.disks = (100..).take(config.disks.len()).collect();
        setup.numbers.frame_ports = (30..).take(config.frame_ports.len()).collect();
        let disk_files = setup.numbers.disks.iter().copied().zip(config.disks.iter().map(|disk| disk.path.clone()));
        let mut loaded = vec![(20, config.kernel.clone()), (21, config.initramfs.clone())];
        let (memory, mapping) = match config.memory.clone() {
            GuestMemory::Own => (None, Mapping::Shared),
            GuestMemory::Template { path, .. } => (Some(path), Mapping::Shared),
            GuestMemory::Restored { memory, .. } => (Some(memory), Mapping::Private),
        };
        setup.numbers.memory = memory.as_ref().map(|_| MemoryFile { number: 29, mapping });
        loaded.extend(memory.map(|memory| (29, memory)));
        let sockets = setup.numbers.frame_ports.iter().copied();
        let handed = Handed {
            files: disk_files.chain(loaded).collect(),
            sockets: sockets.zip(config.frame_ports.iter().map(|port| port.socket.clone())).collect(),
            console: (setup.numbers.console, config.console.clone()),
        };
        let line = build(&config, &setup).unwrap();
        let arguments: Vec<String> = line.arguments.into_iter().map(|word| word.into_string().unwrap()).collect();
        prop_assert_eq!(decode(&arguments, &line.configuration, &setup, &handed), config);
        let bus = match setup.devices {
            DeviceSet::Mmio => "-device",
            DeviceSet::Pci => "-pci",
        };
        let kinds = arguments.iter().filter_map(|word| word.split(',').next());
        let slots = kinds.filter(|kind| kind.starts_with('v') && kind.ends_with(bus)).count();
        prop_assert!(slots <= board::slot_count(&setup), "{} slots", slots);
    }
}
