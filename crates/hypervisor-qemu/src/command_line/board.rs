//! The board: machine type, processors, memory, slots for devices.

use std::ffi::OsString;

use container_hypervisor::GuestArchitecture::{Amd64, Arm64};

use super::setup::{Mapping, MemoryFile, Numbers, Setup};
use super::value;
use crate::Accelerator;
use crate::DeviceSet::{Mmio, Pci};

/// Most processors with version 2 of Arm's interrupt controller (IHI 0048, "GICv2").
const GIC_V2_VCPU_MAX: u32 = 8;

/// Slots for virtio devices. microvm has 8 memory-mapped ones behind its single I/O APIC, virt 32 (hw/i386/microvm.c, hw/arm/virt.c). A
/// PCI bus has 32, of which the host bridge takes one and on q35 the bridge to ISA another.
pub(super) fn slot_count(setup: &Setup) -> usize {
    match (setup.devices, setup.architecture) {
        (Mmio, Amd64) => 8,
        (Mmio, Arm64) => 32,
        (Pci, Amd64 | Arm64) => 30,
    }
}

/// The guest's name of the device that its console is.
pub(super) fn console_name(setup: &Setup) -> &'static str {
    match (setup.devices, setup.architecture) {
        (Mmio, Amd64) => "ttyS0",
        (Mmio, Arm64) => "ttyAMA0",
        (Pci, Amd64 | Arm64) => "hvc0",
    }
}

pub(super) fn arguments(vcpu_count: u32, memory_bytes: u64, nested: bool, setup: &Setup) -> Vec<OsString> {
    let vcpus = vcpu_count.to_string();
    let memory = format!("{}M", memory_bytes >> 20);
    let mut machine = machine(vcpu_count, setup).to_owned();
    let mut memory_file = Vec::new();
    if let Some(backend) = memory_backend(&setup.numbers) {
        machine.push_str(",memory-backend=memory");
        let file = format!("{backend},id=memory,size={memory}");
        memory_file.extend(["-object".into(), file.into()]);
    }
    let options = [
        ["-M", &machine],
        ["-accel", accelerator(setup)],
        ["-cpu", processor(nested, setup)],
        ["-smp", &vcpus],
        ["-m", &memory],
    ]
    .into_iter()
    .flatten()
    .map(OsString::from);
    let mut arguments: Vec<OsString> = memory_file.into_iter().chain(options).collect();
    if setup.devices == Mmio {
        // On PCI each device says so itself.
        arguments.extend(["-global", "virtio-mmio.force-legacy=false"].map(Into::into));
    }
    arguments
}

/// What the memory is, where it is a file.
fn memory_backend(numbers: &Numbers) -> Option<String> {
    match (numbers.memory, numbers.shares) {
        (Some(MemoryFile { number, mapping }), _) => {
            let (file, mapping) = match mapping {
                Mapping::Shared => (value::reopened(number), "share=on"),
                // As memory that can be written, from a file that cannot.
                Mapping::Private => (value::reopened(number), "share=off,readonly=on,rom=off"),
                Mapping::Input => (value::MEMORY_AS_INPUT.to_owned(), "share=off"),
            };
            Some(format!("memory-backend-file,mem-path={file},{mapping}"))
        }
        // The file server reads and writes the memory, which is a file without a name for that.
        (None, Some(_)) => Some("memory-backend-memfd,share=on".to_owned()),
        (None, None) => None,
    }
}

fn machine(vcpu_count: u32, setup: &Setup) -> &'static str {
    match (setup.architecture, setup.devices) {
        // The clock stays: without one the kernel waits 1.8 s for it. The interval timer and its interrupt controller go where the
        // kernel is told the rates that it would measure with them.
        (Amd64, Mmio) if told_timer_rates(setup) => "microvm,x-option-roms=off,acpi=off,rtc=on,pit=off,pic=off",
        (Amd64, Mmio) => "microvm,x-option-roms=off,acpi=off,rtc=on",
        (Amd64, Pci) => "q35,usb=off,sata=off,smbus=off,i8042=off,vmport=off",
        (Arm64, Mmio | Pci) => match setup.accelerator {
            Accelerator::Kvm => "virt,gic-version=host",
            // Version 3 on Hypervisor.framework came with QEMU 8.0.
            Accelerator::Hvf if vcpu_count <= GIC_V2_VCPU_MAX => "virt,gic-version=2",
            Accelerator::Hvf | Accelerator::Tcg => "virt,gic-version=3",
        },
    }
}

fn accelerator(setup: &Setup) -> &'static str {
    match (setup.accelerator, setup.architecture, setup.host) {
        (Accelerator::Kvm, ..) => "kvm",
        (Accelerator::Hvf, ..) => "hvf",
        // x86 promises programs a stricter order of memory accesses than Arm has, which the translator does not restore between threads.
        (Accelerator::Tcg, Amd64, Arm64) => "tcg,thread=single",
        (Accelerator::Tcg, ..) => "tcg,thread=multi",
    }
}

fn processor(nested: bool, setup: &Setup) -> &'static str {
    match (setup.accelerator, setup.architecture) {
        // Intel's and AMD's names of the same.
        (Accelerator::Kvm, Amd64) if !nested => "host,vmx=off,svm=off",
        (Accelerator::Kvm | Accelerator::Hvf, _) => "host",
        // Without them the kernel copies memory by a string instruction, which the translator executes byte by byte.
        (Accelerator::Tcg, Amd64) => "max,erms=off,fsrm=off",
        // The architected algorithm of pointer authentication is slow to emulate.
        (Accelerator::Tcg, Arm64) => "max,pauth-impdef=on",
    }
}

/// Whether the guest's kernel takes the rates of its timers from the command line.
pub(super) fn told_timer_rates(setup: &Setup) -> bool {
    setup.accelerator == Accelerator::Tcg
        && setup.architecture == Amd64
        && setup.devices == Mmio
        && setup.emulated_kernel
        && setup.tsc_khz.is_some()
}
