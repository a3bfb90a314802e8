//! Command lines by configuration.

use std::fs::File;
use std::path::PathBuf;

use container_hypervisor::{Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, MacAddress, SharedDescriptor};

use super::*;
use crate::{Accelerator, DeviceSet};

fn setup(accelerator: Accelerator) -> Setup {
    let agent = AgentChannel::Port { descriptor: 11 };
    Setup {
        host: GuestArchitecture::Amd64,
        architecture: GuestArchitecture::Amd64,
        devices: DeviceSet::Mmio,
        accelerator,
        sandbox: true,
        emulated_kernel: true,
        tsc_khz: Some(2_500_000),
        agent,
        numbers: Numbers {
            kernel: LoadedFile::Descriptor(20),
            initramfs: LoadedFile::Descriptor(21),
            console: 22,
            control: 12,
            shares: None,
            disks: (100..400).collect(),
            frame_ports: (30..60).collect(),
            memory: None,
        },
        configuration_descriptor: 13,
    }
}

/// A machine of another architecture than the host's.
fn arm64(accelerator: Accelerator) -> Setup {
    Setup {
        architecture: GuestArchitecture::Arm64,
        tsc_khz: None,
        ..setup(accelerator)
    }
}

/// A machine with a Mac's devices.
fn pci(setup: Setup) -> Setup {
    Setup {
        devices: DeviceSet::Pci,
        emulated_kernel: false,
        ..setup
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
            "-name guest=/c,,1",
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
        !kvm.contains("pit=off") && !kvm.contains("tsc") && kvm.contains("-accel kvm -cpu host,vmx=off,svm=off"),
        "{kvm}"
    );
    assert!(kvm.contains("virtio-rng-device") && !emulated.contains("virtio-rng"));
}

#[test]
fn few_disks_take_slots_and_many_share_a_controller() {
    let few = line(
        &MachineConfig {
            disks: disks(2),
            ..config()
        },
        &setup(Accelerator::Tcg),
    );
    assert!(
        few.contains("virtio-blk-device,drive=disk1,serial=layer-1,werror=enospc,rerror=report")
            && !few.contains("scsi"),
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
        many.contains("scsi-id=0,lun=249,drive=disk249,serial=layer-249,werror=enospc,rerror=report"),
        "{many}"
    );
    assert_eq!(many.matches("serial=layer-").count(), LIMITS.disk_slots);
    let slots = many.matches("virtio-blk-device").count() + 2;
    assert_eq!(slots, board::slot_count(&setup(Accelerator::Tcg)));

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
        line.contains("virtio-net-device,netdev=net0,mac=02:00:00:00:00:01,host_mtu=1500,guest_announce=off"),
        "{line}"
    );
    let balloon = "virtio-balloon-device,deflate-on-oom=on,free-page-reporting=on,page-poison=off";
    assert!(line.contains(balloon), "{line}");
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
fn shares_are_one_device_whose_server_sees_the_memory() {
    let connected = |setup: Setup| Setup {
        numbers: Numbers {
            shares: Some(14),
            ..setup.numbers
        },
        ..setup
    };
    let text = line(&config(), &connected(setup(Accelerator::Tcg)));
    for part in [
        "-object memory-backend-memfd,share=on,id=memory,size=256M -M microvm,",
        ",memory-backend=memory ",
        "-chardev socket,id=shares,fd=14 -device vhost-user-fs-device,chardev=shares,tag=container-shares,queue-size=1024",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // A processor sees what a device has written; an emulator has to be shown it.
    let told = "virtiofs.emulated=1";
    assert!(text.contains(told), "{text}");
    let text = line(&config(), &connected(pci(setup(Accelerator::Kvm))));
    assert!(text.contains("-device vhost-user-fs-pci,chardev=shares"), "{text}");
    assert!(!text.contains(told), "{text}");
    assert!(!line(&config(), &setup(Accelerator::Tcg)).contains("memfd"));

    // The memory of a template, or a copy of it.
    let mut setup = connected(setup(Accelerator::Tcg));
    setup.numbers.memory = Some(MemoryFile {
        number: 15,
        mapping: Mapping::Shared,
    });
    let text = line(&config(), &setup);
    assert!(
        text.contains("-object memory-backend-file,mem-path=/dev/fd/15,share=on,id=memory,"),
        "{text}"
    );
    assert!(
        text.contains("-device vhost-user-fs-device,") && !text.contains("memfd"),
        "{text}"
    );
}

#[test]
fn a_template_s_memory_is_a_file_that_those_who_continue_it_only_read() {
    let with = |mapping, agent| {
        let setup = setup(Accelerator::Tcg);
        let memory = Some(MemoryFile { number: 15, mapping });
        Setup {
            agent,
            numbers: Numbers {
                memory,
                ..setup.numbers
            },
            ..setup
        }
    };
    let template = MachineConfig {
        memory: GuestMemory::Template {
            path: "/t/memory".into(),
            for_shares: false,
        },
        ..config()
    };
    let text = line(&template, &with(Mapping::Shared, AgentChannel::ClosedPort));
    for part in [
        "-object memory-backend-file,mem-path=/dev/fd/15,share=on,id=memory,size=256M -M microvm,",
        ",memory-backend=memory ",
        "-chardev null,id=agent -device virtserialport,chardev=agent,name=container.agent",
        "container.agent=port",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("-incoming") && !text.contains("/t/"), "{text}");

    let restored = MachineConfig {
        memory: GuestMemory::Restored {
            memory: "/t/memory".into(),
            state: "/t/state".into(),
        },
        ..config()
    };
    let text = line(
        &restored,
        &with(Mapping::Private, AgentChannel::Port { descriptor: 11 }),
    );
    for part in [
        "mem-path=/dev/fd/15,share=off,readonly=on,rom=off,id=memory",
        " -incoming defer ",
        "-chardev socket,id=agent,fd=11",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("/t/"), "{text}");

    let text = line(&restored, &with(Mapping::Input, AgentChannel::Port { descriptor: 11 }));
    assert!(
        text.contains("memory-backend-file,mem-path=/dev/null/memory,share=off,id=memory"),
        "{text}"
    );
    assert!(!text.contains("/dev/fd/15"), "{text}");
}

#[test]
fn what_cannot_be_attached_is_refused_with_a_reason() {
    let port = FramePort {
        socket: nothing(),
        mac_address: MacAddress([2; 6]),
        mtu_bytes: 1500,
    };
    let ports = vec![port; board::slot_count(&setup(Accelerator::Tcg)) + 1];
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

#[test]
fn an_arm64_guest_has_its_board_console_and_processor_wherever_it_runs() {
    let emulated = line(&config(), &arm64(Accelerator::Tcg));
    for expected in [
        "-M virt,gic-version=3 ",
        "-accel tcg,thread=multi",
        "-cpu max,pauth-impdef=on",
        "-serial chardev:console",
        "console=ttyAMA0",
    ] {
        assert!(emulated.contains(expected), "{expected} is missing in {emulated}");
    }
    for unexpected in ["reboot=t", "tsc", "lapic", "container.power"] {
        assert!(!emulated.contains(unexpected), "{unexpected} in {emulated}");
    }
    let kvm = line(&config(), &arm64(Accelerator::Kvm));
    assert!(kvm.contains("-M virt,gic-version=host -accel kvm -cpu host "), "{kvm}");
}

#[test]
fn x86_guests_are_translated_by_one_thread_where_the_host_orders_memory_less_strictly() {
    let on_arm = Setup {
        host: GuestArchitecture::Arm64,
        tsc_khz: None,
        ..setup(Accelerator::Tcg)
    };
    let line = line(&config(), &on_arm);
    assert!(line.contains("-accel tcg,thread=single"), "{line}");
    assert!(!line.contains("pit=off") && !line.contains("tsc"), "{line}");
}

#[test]
fn a_mac_s_devices_are_on_pci_without_a_serial_port() {
    let full = MachineConfig {
        disks: disks(40),
        frame_ports: vec![FramePort {
            socket: nothing(),
            mac_address: MacAddress([2; 6]),
            mtu_bytes: 1500,
        }],
        balloon: true,
        ..config()
    };
    for setup in [setup(Accelerator::Tcg), arm64(Accelerator::Tcg)] {
        let line = line(&full, &pci(setup));
        for expected in [
            "-device virtio-serial-pci,disable-legacy=on,max_ports=2 -chardev file,id=console,append=on,path=/dev/fdset/22 \
             -device virtconsole,chardev=console",
            "-device virtserialport,chardev=agent,name=container.agent",
            "-device virtio-rng-pci,disable-legacy=on ",
            "-device virtio-net-pci,disable-legacy=on,netdev=net0,mac=02:02:02:02:02:02,host_mtu=1500,guest_announce=off,romfile= ",
            "-device virtio-balloon-pci,disable-legacy=on,",
            "-device virtio-scsi-pci,disable-legacy=on,id=scsi",
            "-device virtio-blk-pci,disable-legacy=on,drive=disk0",
            "console=hvc0",
        ] {
            assert!(line.contains(expected), "{expected} is missing in {line}");
        }
        for unexpected in [
            " -serial ",
            "ttyS0",
            "ttyAMA0",
            "mmio",
            "-global",
            "-device virtio-blk-device",
            "lapic",
        ] {
            assert!(!line.contains(unexpected), "{unexpected} in {line}");
        }
        assert_eq!(
            line.matches("virtio-serial").count(),
            1,
            "one controller has both ports: {line}"
        );
    }
    let amd64 = line(&full, &pci(setup(Accelerator::Tcg)));
    assert!(
        amd64.contains("-M q35,") && amd64.contains("container.power=off"),
        "{amd64}"
    );
}

#[test]
fn a_mac_s_console_needs_a_controller_beside_vsock() {
    let agent = AgentChannel::Vsock {
        guest_cid: 77,
        descriptor: 9,
    };
    let setup = Setup {
        agent,
        ..pci(arm64(Accelerator::Kvm))
    };
    let line = line(&config(), &setup);
    assert!(
        line.contains("-device vhost-vsock-pci,disable-legacy=on,guest-cid=77,vhostfd=9"),
        "{line}"
    );
    assert!(
        line.contains("-device virtconsole") && !line.contains("virtserialport"),
        "{line}"
    );
}

#[test]
fn hypervisor_framework_has_the_interrupt_controller_that_fits_its_processors() {
    let of_a_mac = Setup {
        host: GuestArchitecture::Arm64,
        sandbox: false,
        numbers: Numbers {
            kernel: LoadedFile::Path("/k/vmlinux".into()),
            initramfs: LoadedFile::Path("/k/initramfs".into()),
            ..setup(Accelerator::Hvf).numbers
        },
        ..arm64(Accelerator::Hvf)
    };
    let few = line(&config(), &of_a_mac);
    assert!(few.contains("-M virt,gic-version=2 -accel hvf -cpu host "), "{few}");
    assert!(few.contains("-kernel /k/vmlinux -initrd /k/initramfs"), "{few}");
    assert!(!few.contains("-sandbox"), "{few}");
    let many = MachineConfig {
        vcpu_count: 9,
        ..config()
    };
    let many = line(&many, &of_a_mac);
    assert!(many.contains("-M virt,gic-version=3 "), "{many}");
}

#[test]
fn nested_machines_need_a_processor_that_the_guest_sees_as_it_is() {
    let nested = MachineConfig {
        nested_virtualization: true,
        ..config()
    };
    assert!(line(&nested, &setup(Accelerator::Kvm)).contains("-cpu host -smp"));
    for setup in [
        setup(Accelerator::Tcg),
        arm64(Accelerator::Kvm),
        arm64(Accelerator::Hvf),
    ] {
        assert!(build(&nested, &setup).is_err());
    }
}
