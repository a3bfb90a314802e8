//! What the guest is told about one of its interfaces.

use container_agent_api::v1::ConfigureInterfaceRequest;

use super::AttachedLine;

/// The hardware address that the device of a line is made with: locally administered. The guest finds the interface by it, and gives it
/// the address of the lease.
pub(crate) fn device_address(line: usize) -> [u8; 6] {
    // A machine has a handful of them.
    [2, 0, 0, 0, 0, line as u8]
}

/// How the guest sets the interface of a line.
pub(crate) fn configuration(line: &AttachedLine) -> ConfigureInterfaceRequest {
    let AttachedLine { line, attached } = line;
    let status = &attached.status;
    let gateway = |address: String| if attached.has_way_out { address } else { String::new() };
    ConfigureInterfaceRequest {
        device_address: device_address(*line).to_vec(),
        name: format!("eth{line}"),
        mac_address: status.mac_address.bytes().to_vec(),
        mtu_bytes: status.mtu.into(),
        addresses: vec![status.ipv4_address.to_string(), status.ipv6_address.to_string()],
        ipv4_gateway: gateway(status.ipv4_gateway.to_string()),
        ipv6_gateway: gateway(status.ipv6_gateway.to_string()),
    }
}
