//! Command lines by configuration.

use std::fs::File;
use std::path::PathBuf;

use container_hypervisor::{
    Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, MacAddress, ShareAccess, ShareName, SharedDescriptor,
    SharedDirectory,
};

use super::*;
use crate::Accelerator;

fn setup(accelerator: Accelerator) -> Setup {
    let agent = AgentChannel::Port { descriptor: 11 };
    Setup {
        accelerator,
        emulated_kernel: true,
        tsc_khz: Some(2_500_000),
        agent,
        numbers: Numbers {
            kernel: 20,
            initramfs: 21,
            console: 22,
            control: 12,
            disks: (100..400).collect(),
            frame_ports: (30..60).collect(),
        },
        configuration_descriptor: 13,
    }
}

fn config() -> MachineConfig {
    MachineConfig {
        kernel_arguments: vec!["extra=1".to_owned()],
        vcpu_count: 2,
        memory_bytes: 256 << 20,
        ..MachineConfig::new("/c,1", "/k/vmlinux", "/k/initramfs", nothing())
    }
}

fn nothing() -> SharedDescriptor {
    File::open("/dev/null").unwrap().into()
}

fn disks(count: usize) -> Vec<Disk> {
    (0..count)
        .map(|index| Disk {
            serial: DiskSerial::new(format!("layer-{index}")).unwrap(),
            path: PathBuf::from(format!("/d/{index},x.ext4")),
            access: if index == 0 {
                DiskAccess::ReadWrite
            } else {
                DiskAccess::ReadOnly
            },
            flush: if index == 0 {
                FlushPolicy::Fsync
            } else {
                FlushPolicy::Never
            },
        })
        .collect()
}

fn line(config: &MachineConfig, setup: &Setup) -> String {
    let line = build(config, setup).unwrap();
    let arguments = line.arguments.iter().map(|argument| argument.to_str().unwrap());
    arguments
        .chain([line.configuration.as_str()])
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_kernel_command_line_is_not_among_the_arguments() {
    let line = build(&config(), &setup(Accelerator::Tcg)).unwrap();
    assert!(line.configuration.contains("extra=1"), "{}", line.configuration);
    assert!(
        !format!("{:?}", line.arguments).contains("extra=1"),
        "{:?}",
        line.arguments
    );
    assert!(line.arguments.iter().any(|argument| argument == "/dev/fd/13"));
}

#[test]
fn every_machine_is_confined_and_has_only_what_it_was_given() {
    for accelerator in [Accelerator::Kvm, Accelerator::Tcg] {
        let line = line(&config(), &setup(accelerator));
        for expected in [
            "-nodefaults",
            "-no-user-config",
            "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
            "-no-reboot",
            "-smp 2",
            "-m 256M",
            "-name /c,,1",
            "-add-fd fd=22,set=22 -chardev file,id=console,append=on,path=/dev/fdset/22 -serial chardev:console",
            "-chardev socket,id=control,fd=12 -mon chardev=control,mode=control",
            "-chardev socket,id=agent,fd=11 -device virtserialport,chardev=agent,name=container.agent",
            "-kernel /dev/fd/20 -initrd /dev/fd/21",
            "container.agent=port extra=1",
        ] {
            assert!(line.contains(expected), "{expected} is missing in {line}");
        }
    }
}

#[test]
fn no_file_is_named() {
    let line = line(
        &MachineConfig {
            disks: disks(20),
            ..config()
        },
        &setup(Accelerator::Tcg),
    );
    for name in ["/d/", "/k/", "/c/"] {
        assert!(!line.contains(name), "{name} in {line}");
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn timers_are_told_only_to_the_kernel_that_knows_them_under_emulation() {
    let emulated = line(&config(), &setup(Accelerator::Tcg));
    assert!(
        emulated.contains("pit=off,pic=off") && emulated.contains("lapic_timer_khz=1000000"),
        "{emulated}"
    );
    assert!(emulated.contains("tsc_early_khz=2500000 tsc=reliable"), "{emulated}");

    let standard = line(
        &config(),
        &Setup {
            emulated_kernel: false,
            ..setup(Accelerator::Tcg)
        },
    );
    assert!(
        !standard.contains("pit=off") && !standard.contains("lapic_timer_khz"),
        "{standard}"
    );
    assert!(standard.contains("tsc_early_khz=2500000"), "{standard}");

    let unknown_rate = line(
        &config(),
        &Setup {
            tsc_khz: None,
            ..setup(Accelerator::Tcg)
        },
    );
    assert!(
        !unknown_rate.contains("pit=off") && !unknown_rate.contains("tsc"),
        "{unknown_rate}"
    );

    let kvm = line(&config(), &setup(Accelerator::Kvm));
    assert!(
        !kvm.contains("pit=off") && !kvm.contains("tsc") && kvm.contains("-accel kvm -cpu host"),
        "{kvm}"
    );
    assert!(kvm.contains("virtio-rng-device") && !emulated.contains("virtio-rng"));
}

#[test]
fn few_disks_take_transports_and_many_share_a_controller() {
    let few = line(
        &MachineConfig {
            disks: disks(2),
            ..config()
        },
        &setup(Accelerator::Tcg),
    );
    assert!(
        few.contains("virtio-blk-device,drive=disk1,serial=layer-1") && !few.contains("scsi"),
        "{few}"
    );
    assert!(few.contains(
        "read-only=off,discard=unmap,cache.no-flush=off,file.driver=file,file.aio=threads,file.locking=auto,file.filename=/dev/fdset/100"
    ));
    assert!(
        few.contains("cache.no-flush=on") && few.contains("file.locking=off,file.filename=/dev/fdset/101"),
        "{few}"
    );

    let many = line(
        &MachineConfig {
            disks: disks(LIMITS.disk_slots),
            ..config()
        },
        &setup(Accelerator::Tcg),
    );
    assert!(many.contains("virtio-scsi-device,id=scsi"), "{many}");
    assert!(
        many.contains("scsi-id=0,lun=249,drive=disk249,serial=layer-249"),
        "{many}"
    );
    assert_eq!(many.matches("serial=layer-").count(), LIMITS.disk_slots);
    let transports = many.matches("virtio-blk-device").count() + 2;
    assert_eq!(transports, board::TRANSPORT_COUNT);

    let template = build(&config(), &setup(Accelerator::Tcg)).unwrap();
    assert!(template.placement.controller);
}

#[test]
fn frame_ports_and_the_balloon_become_devices() {
    let port = FramePort {
        socket: nothing(),
        mac_address: MacAddress([2, 0, 0, 0, 0, 1]),
        mtu_bytes: 1500,
    };
    let line = line(
        &MachineConfig {
            frame_ports: vec![port],
            balloon: true,
            ..config()
        },
        &setup(Accelerator::Tcg),
    );
    assert!(
        line.contains("-netdev dgram,id=net0,local.type=fd,local.str=30"),
        "{line}"
    );
    assert!(
        line.contains("virtio-net-device,netdev=net0,mac=02:00:00:00:00:01,host_mtu=1500"),
        "{line}"
    );
    assert!(line.contains("virtio-balloon-device"), "{line}");
}

#[test]
fn vsock_replaces_the_port() {
    let agent = AgentChannel::Vsock {
        guest_cid: 77,
        descriptor: 9,
    };
    let line = line(
        &config(),
        &Setup {
            agent,
            ..setup(Accelerator::Kvm)
        },
    );
    assert!(
        line.contains("vhost-vsock-device,guest-cid=77,vhostfd=9") && line.contains("container.agent=vsock"),
        "{line}"
    );
    assert!(!line.contains("virtio-serial"), "{line}");
}

#[test]
fn what_cannot_be_attached_is_refused_with_a_reason() {
    let shared = SharedDirectory {
        name: ShareName::new("src").unwrap(),
        path: "/src".into(),
        access: ShareAccess::ReadOnly,
    };
    let error = build(
        &MachineConfig {
            shares: vec![shared],
            ..config()
        },
        &setup(Accelerator::Tcg),
    );
    assert!(error.unwrap_err().to_string().contains("shared directory"));

    let port = FramePort {
        socket: nothing(),
        mac_address: MacAddress([2; 6]),
        mtu_bytes: 1500,
    };
    let ports = vec![port; board::TRANSPORT_COUNT + 1];
    assert!(
        build(
            &MachineConfig {
                frame_ports: ports,
                ..config()
            },
            &setup(Accelerator::Tcg)
        )
        .is_err()
    );
}
