//! Everything but disks: console, control, agent, entropy, network, balloon.

use std::ffi::OsString;

use container_agent_api::AGENT_PORT_NAME;
use container_hypervisor::FramePort;

use super::devices::Devices;
use super::setup::AgentChannel;
use super::value;
use crate::Accelerator;

/// The first serial port, written to a descriptor. A start takes as long as with virtconsole, and it shows what happens
/// before virtio works.
pub(super) fn console(descriptor: i32) -> [OsString; 6] {
    let file = value::descriptor_set(descriptor);
    [
        "-add-fd".into(),
        format!("fd={descriptor},set={descriptor}").into(),
        "-chardev".into(),
        format!("file,id=console,append=on,path={file}").into(),
        "-serial".into(),
        "chardev:console".into(),
    ]
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
        AgentChannel::Port { descriptor } => {
            devices.on_transport("virtio-serial-device,max_ports=2");
            devices.option("-chardev", format!("socket,id=agent,fd={descriptor}"));
            devices.option(
                "-device",
                format!("virtserialport,chardev=agent,name={AGENT_PORT_NAME}"),
            );
        }
        AgentChannel::Vsock { guest_cid, descriptor } => {
            devices.on_transport(format!("vhost-vsock-device,guest-cid={guest_cid},vhostfd={descriptor}"));
        }
    }
}

/// Under emulation the processor's own random instruction is the host's getrandom(2), so a device would only cost time.
pub(super) fn entropy(accelerator: Accelerator, devices: &mut Devices) {
    if accelerator == Accelerator::Kvm {
        devices.on_transport("virtio-rng-device");
    }
}

/// Connected datagram sockets, one frame in each datagram.
pub(super) fn frames(ports: &[FramePort], numbers: &[i32], devices: &mut Devices) {
    for (index, (port, number)) in ports.iter().zip(numbers).enumerate() {
        devices.option(
            "-netdev",
            format!("dgram,id=net{index},local.type=fd,local.str={number}"),
        );
        let FramePort {
            mac_address, mtu_bytes, ..
        } = port;
        devices.on_transport(format!(
            "virtio-net-device,netdev=net{index},mac={mac_address},host_mtu={mtu_bytes}"
        ));
    }
}

pub(super) fn balloon(wanted: bool, devices: &mut Devices) {
    if wanted {
        devices.on_transport("virtio-balloon-device,deflate-on-oom=on,free-page-reporting=on");
    }
}
