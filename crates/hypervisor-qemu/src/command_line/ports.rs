//! Everything but disks: console, control, agent, entropy, network, balloon.

use std::ffi::OsString;

use container_agent_api::AGENT_PORT_NAME;
use container_hypervisor::{FramePort, SHARES_TAG};

use super::devices::Devices;
use super::setup::AgentChannel;
use super::value;
use crate::{Accelerator, DeviceSet};

/// Requests that the guest may have on the way: as many as QEMU's device takes.
const SHARES_QUEUE_SIZE: u32 = 1024;

/// What QEMU calls the host's side of the agent's port.
pub(crate) const AGENT: &str = "agent";

/// The console, written to a descriptor: the board's first serial port, where a start takes as long as with a console of virtio and which
/// shows what happens before virtio works; on PCI that console, because machines that have it there have no serial port.
pub(super) fn console(descriptor: i32, set: DeviceSet, devices: &mut Devices) {
    let file = value::descriptor_set(descriptor);
    devices.option("-add-fd", format!("fd={descriptor},set={descriptor}"));
    let character_device = format!("file,id=console,append=on,path={file}");
    match set {
        DeviceSet::Mmio => {
            devices.option("-chardev", character_device);
            devices.option("-serial", "chardev:console");
        }
        DeviceSet::Pci => devices.serial_port(character_device, "virtconsole,chardev=console".to_owned()),
    }
}

/// QEMU's machine protocol on an inherited socket.
pub(super) fn control(descriptor: i32) -> [OsString; 4] {
    let socket = format!("socket,id=control,fd={descriptor}");
    [
        "-chardev".into(),
        socket.into(),
        "-mon".into(),
        "chardev=control,mode=control".into(),
    ]
}

pub(super) fn agent(channel: &AgentChannel, devices: &mut Devices) {
    match channel {
        AgentChannel::Port { descriptor } => agent_port(format!("socket,id={AGENT},fd={descriptor}"), devices),
        AgentChannel::ClosedPort => agent_port(format!("null,id={AGENT}"), devices),
        AgentChannel::Vsock { guest_cid, descriptor } => {
            devices.virtio("vhost-vsock", &format!("guest-cid={guest_cid},vhostfd={descriptor}"));
        }
    }
}

fn agent_port(character_device: String, devices: &mut Devices) {
    let port = format!("virtserialport,chardev={AGENT},name={AGENT_PORT_NAME}");
    devices.serial_port(character_device, port);
}

/// Under emulation the processor's own random instruction is the host's getrandom(2), so that a device would only cost time; it is
/// part of the set that stands for a Mac's machine.
pub(super) fn entropy(accelerator: Accelerator, set: DeviceSet, devices: &mut Devices) {
    if accelerator != Accelerator::Tcg || set == DeviceSet::Pci {
        devices.virtio("virtio-rng", "");
    }
}

/// A machine that is restored has not moved, so its guest has nothing to announce. Where the guest could be asked to, QEMU (10.0 did) fails when such an
/// interface is reset after a restore without announcements (`announce-rounds` 0 leaves hw/net/virtio-net.c without its timer).
const NO_ANNOUNCEMENT: &str = "guest_announce=off";

/// Connected datagram sockets, one frame in each datagram.
pub(super) fn frames(ports: &[FramePort], numbers: &[i32], devices: &mut Devices) {
    for (index, (port, number)) in ports.iter().zip(numbers).enumerate() {
        // The socket is known by its number.
        let FramePort {
            socket: _,
            mac_address,
            mtu_bytes,
        } = port;
        devices.option(
            "-netdev",
            format!("dgram,id=net{index},local.type=fd,local.str={number}"),
        );
        devices.network(&format!(
            "netdev=net{index},mac={mac_address},host_mtu={mtu_bytes},{NO_ANNOUNCEMENT}"
        ));
    }
}

/// The device that has all shared directories, whose requests another process answers by way of the machine's memory.
pub(super) fn shares(descriptor: Option<i32>, devices: &mut Devices) {
    if let Some(descriptor) = descriptor {
        devices.option("-chardev", format!("socket,id=shares,fd={descriptor}"));
        devices.virtio(
            "vhost-user-fs",
            &format!("chardev=shares,tag={SHARES_TAG},queue-size={SHARES_QUEUE_SIZE}"),
        );
    }
}

/// The guest reports what it has freed, and QEMU gives it back. What is there afterwards need not be zeros: a guest to which that matters has to be told
/// (`page-poison`) that it cannot rely on it, and then reports nothing.
pub(super) fn balloon(wanted: bool, devices: &mut Devices) {
    if wanted {
        devices.virtio(
            "virtio-balloon",
            "deflate-on-oom=on,free-page-reporting=on,page-poison=off",
        );
    }
}
