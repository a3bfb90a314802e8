//! The network interfaces of the machine, set as the host says. The container has no network namespace of its own: what is set here is what
//! the workload sees.

mod address;
pub(crate) mod link;
mod prepared;
mod settings;
pub(crate) mod traffic;

use rustix::io::Errno;
use tonic::Status;

use crate::netlink::Netlink;
use crate::sysctl::{self, SysctlError};
use link::Link;
pub(crate) use prepared::Prepared;
pub(crate) use settings::{Settings, hardware_address};

/// Why an interface could not be set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InterfaceError {
    #[error("the machine has no network device with the address {}", in_text(*.0))]
    Missing([u8; 6]),
    #[error("cannot {step}: {source}")]
    Refused { step: String, source: Errno },
    #[error(transparent)]
    Sysctl(#[from] SysctlError),
}

impl From<InterfaceError> for Status {
    fn from(error: InterfaceError) -> Self {
        match error {
            InterfaceError::Missing(_) => Self::not_found(error.to_string()),
            InterfaceError::Refused { .. } | InterfaceError::Sysctl(_) => Self::internal(error.to_string()),
        }
    }
}

/// Completes "cannot …" with the kernel's reason.
fn step(step: impl Into<String>) -> impl FnOnce(Errno) -> InterfaceError {
    |source| InterfaceError::Refused {
        step: step.into(),
        source,
    }
}

/// Gives an interface exactly what `settings` say, and brings it up.
pub(crate) fn configure(settings: &Settings) -> Result<(), InterfaceError> {
    let mut netlink = open()?;
    let links = list(&mut netlink)?;
    let link = find(&links, settings.device_address)?;
    let (name, index) = (settings.name.as_str(), link.index);
    clear(&mut netlink, link)?;
    if link.name != name {
        if let Some(other) = links.iter().find(|other| other.name == name) {
            // The kernel numbers devices as it finds them. The one whose name this is gets its own when it is configured.
            let spare = free_name(&links, other.index);
            link::set_name(&mut netlink, other.index, &spare).map_err(step(format!("rename {name} to {spare}")))?;
        }
        link::set_name(&mut netlink, index, name).map_err(step(format!("rename {} to {name}", link.name)))?;
    }
    link::set_address(&mut netlink, index, settings.mac_address).map_err(step(format!(
        "give {name} the address {}",
        in_text(settings.mac_address)
    )))?;
    let mtu_bytes = settings.mtu_bytes;
    link::set_mtu(&mut netlink, index, mtu_bytes).map_err(step(format!("set the MTU of {name} to {mtu_bytes}")))?;
    set_ipv6_parameters(name, settings.has_ipv6())?;
    // Before the addresses: the kernel takes IPv6 routes only for interfaces that are up.
    link::set_up(&mut netlink, index, true).map_err(step(format!("bring {name} up")))?;
    assign(&mut netlink, index, settings)
}

/// Gives an interface that is up its addresses and routes.
fn assign(netlink: &mut Netlink, index: u32, settings: &Settings) -> Result<(), InterfaceError> {
    let name = &settings.name;
    for address in &settings.addresses {
        address::add(netlink, index, *address).map_err(step(format!("give {name} the address {address}")))?;
    }
    for gateway in &settings.gateways {
        address::add_default_route(netlink, index, *gateway, settings.rank())
            .map_err(step(format!("make {gateway} the gateway of {name}")))?;
    }
    Ok(())
}

/// Takes an interface down and removes its addresses and routes.
pub(crate) fn release(device_address: [u8; 6]) -> Result<(), InterfaceError> {
    let mut netlink = open()?;
    let links = list(&mut netlink)?;
    clear(&mut netlink, find(&links, device_address)?)
}

fn open() -> Result<Netlink, InterfaceError> {
    Netlink::open().map_err(step("open a netlink socket"))
}

fn list(netlink: &mut Netlink) -> Result<Vec<Link>, InterfaceError> {
    link::list(netlink).map_err(step("list the network devices"))
}

fn find(links: &[Link], device_address: [u8; 6]) -> Result<&Link, InterfaceError> {
    links
        .iter()
        .find(|link| link.device_address == Some(device_address))
        .ok_or(InterfaceError::Missing(device_address))
}

/// A name that no interface has, for one whose own name is needed.
fn free_name(links: &[Link], index: u32) -> String {
    let mut name = format!("spare{index}");
    while links.iter().any(|link| link.name == name) {
        name.push('_');
    }
    name
}

fn clear(netlink: &mut Netlink, link: &Link) -> Result<(), InterfaceError> {
    let name = &link.name;
    link::set_up(netlink, link.index, false).map_err(step(format!("take {name} down")))?;
    address::remove_ipv4(netlink, link.index).map_err(step(format!("remove the addresses of {name}")))
}

/// Addresses and routes are the host's to give: routers that advertise themselves are not believed, and nobody is asked whether an address is
/// taken. On a network without IPv6 the interface has no IPv6 address at all, as in Docker.
fn set_ipv6_parameters(name: &str, enabled: bool) -> Result<(), SysctlError> {
    let set = |parameter: &str, value: &str| sysctl::set(&format!("net/ipv6/conf/{name}/{parameter}"), value);
    if !enabled {
        return match set("disable_ipv6", "1") {
            // The kernel has none of this for an interface whose packets are too small for IPv6.
            Err(error) if error.is_missing() => Ok(()),
            result => result,
        };
    }
    set("disable_ipv6", "0")?;
    set("accept_ra", "0")?;
    set("accept_dad", "0")
}

fn in_text([a, b, c, d, e, f]: [u8; 6]) -> String {
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    #[test]
    fn a_device_that_the_machine_lacks_is_named() {
        let status = Status::from(release([2, 0xff, 0, 0, 0, 9]).unwrap_err());
        assert_eq!(status.code(), Code::NotFound);
        assert!(status.message().contains("02:ff:00:00:00:09"), "{status}");
    }

    #[test]
    fn a_name_that_is_needed_is_replaced_by_one_that_is_free() {
        let link = |index, name: &str| Link {
            index,
            name: name.to_owned(),
            device_address: None,
            mtu_bytes: 1500,
        };
        assert_eq!(free_name(&[link(2, "eth0")], 2), "spare2");
        assert_eq!(free_name(&[link(2, "eth0"), link(3, "spare2")], 2), "spare2_");
    }
}
