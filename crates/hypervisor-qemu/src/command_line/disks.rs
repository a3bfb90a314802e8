//! Disks: virtio-blk in a slot of its own while there are slots, one SCSI controller for the rest.
//!
//! virtio-blk starts faster (25 ms less for two disks under emulation: the kernel asks a controller for 256 targets);
//! SCSI takes any number of disks in one slot, also while the machine runs. A machine without disks is a
//! template for containers to come, so it gets the controller.

use container_hypervisor::{ConfigError, Disk, DiskAccess, FlushPolicy, MachineConfig, MachineLimits};
use serde_json::{Value, json};

use super::devices::Devices;
use super::value;

/// Most disks of a machine. SCSI would take more, but each is an open file, and images have fewer layers.
pub(crate) const DISK_SLOTS: usize = 250;

/// Most network interfaces of a machine: microvm has eight slots for all devices of virtio (hw/i386/microvm.c), of which the serial
/// controller, that of the disks, entropy and shared directories take one each.
const FRAME_PORTS: usize = 4;

/// Processors that every board can have: microvm and q35 have room for 288 (hw/i386), virt for 512 (hw/arm/virt.c); an APIC's number is
/// one byte.
const VCPU_MAX: u32 = 255;

/// How large machines can be. QEMU itself bounds memory by what the host gives it.
pub(crate) const LIMITS: MachineLimits = MachineLimits {
    disk_slots: DISK_SLOTS,
    frame_ports: FRAME_PORTS,
    memory_bytes: MachineConfig::MINIMUM_MEMORY_BYTES..=u64::MAX,
    vcpu_count: 1..=VCPU_MAX,
};

/// `werror`: a write for which the host has no room stops the machine, which loses nothing by it (`stalls`); every other error is the guest's.
const WRITE_ERROR: &str = "enospc";

/// `rerror`: an error in reading is the guest's.
const READ_ERROR: &str = "report";

/// Which disks go where: the first ones to slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DiskPlacement {
    block_count: usize,
    /// Whether there is a SCSI controller.
    pub(crate) controller: bool,
}

impl DiskPlacement {
    pub(super) fn plan(disk_count: usize, free_slots: usize) -> Result<Self, ConfigError> {
        if disk_count > 0 && disk_count <= free_slots {
            return Ok(Self {
                block_count: disk_count,
                controller: false,
            });
        }
        match free_slots.checked_sub(1) {
            Some(block_count) => Ok(Self {
                block_count: block_count.min(disk_count),
                controller: true,
            }),
            None => Err(ConfigError::TooManyDisks {
                count: disk_count,
                slots: 0,
            }),
        }
    }
}

pub(super) fn attach(disks: &[Disk], numbers: &[i32], placement: DiskPlacement, devices: &mut Devices) {
    if placement.controller {
        devices.virtio("virtio-scsi", "id=scsi,num_queues=1");
    }
    for (index, (disk, number)) in disks.iter().zip(numbers).enumerate() {
        // The file is known by its number.
        let Disk {
            serial,
            path: _,
            access,
            flush,
        } = disk;
        let read_only = match access {
            DiskAccess::ReadOnly => "on",
            DiskAccess::ReadWrite => "off",
        };
        let node = disk_node(index);
        let no_flush = if ignores_flushes(*flush) { "on" } else { "off" };
        let locking = locking(*access);
        let file = value::descriptor_set(*number);
        devices.option("-add-fd", format!("fd={number},set={number}"));
        devices.option(
            "-blockdev",
            format!(
                "driver=raw,node-name={node},read-only={read_only},discard=unmap,cache.no-flush={no_flush},\
                 file.driver=file,file.aio=threads,file.locking={locking},file.filename={file}"
            ),
        );
        let disk = format!("drive={node},serial={serial},werror={WRITE_ERROR},rerror={READ_ERROR}");
        if index < placement.block_count {
            devices.virtio("virtio-blk", &disk);
        } else {
            devices.option(
                "-device",
                format!("scsi-hd,bus=scsi.0,channel=0,scsi-id=0,lun={index},{disk}"),
            );
        }
    }
}

/// What QEMU calls the disk with this number.
pub(crate) fn disk_node(index: usize) -> String {
    format!("disk{index}")
}

/// QEMU flushes as far as the system lets it, or not at all.
fn ignores_flushes(flush: FlushPolicy) -> bool {
    match flush {
        FlushPolicy::Full | FlushPolicy::Fsync => false,
        FlushPolicy::Never => true,
    }
}

/// A layer is opened by any number of machines and never written; a writable disk must not be opened twice.
fn locking(access: DiskAccess) -> &'static str {
    match access {
        DiskAccess::ReadOnly => "off",
        DiskAccess::ReadWrite => "auto",
    }
}

/// The first number of a descriptor set that is handed over while the machine runs, far above those of its start, which
/// are numbers of descriptors.
const HOT_PLUG_SETS: usize = 1_000_000;

/// The three control commands that add a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HotPlug {
    /// Arguments of `add-fd`, which the open disk goes with.
    pub(crate) descriptor: Value,
    /// Arguments of `blockdev-add`.
    pub(crate) node: Value,
    /// Arguments of `device_add`.
    pub(crate) device: Value,
}

/// Adds `disk` to the controller as unit `index`, which no disk of the machine has yet.
pub(crate) fn hot_plug(disk: &Disk, index: usize) -> HotPlug {
    let name = disk_node(index);
    let set = HOT_PLUG_SETS + index;
    let file = format!("/dev/fdset/{set}");
    HotPlug {
        descriptor: json!({ "fdset-id": set }),
        node: json!({
            "driver": "raw", "node-name": name, "read-only": disk.access == DiskAccess::ReadOnly, "discard": "unmap",
            "cache": { "no-flush": ignores_flushes(disk.flush) },
            "file": { "driver": "file", "filename": file, "aio": "threads", "locking": locking(disk.access) },
        }),
        device: json!({
            "driver": "scsi-hd", "bus": "scsi.0", "channel": 0, "scsi-id": 0, "lun": index,
            "drive": name, "serial": disk.serial.as_str(), "werror": WRITE_ERROR, "rerror": READ_ERROR,
        }),
    }
}
