//! Interfaces that are brought up before the machine is saved, so that a restored one has only to be given what is its own: the hardware address,
//! the size of packets, addresses and routes. One that was brought up after it would not be ready yet when the first process starts.
//!
//! Until then they have no address, and IPv6 is switched off, so that nothing is sent.

use super::{
    InterfaceError, Settings, assign, clear, configure, find, in_text, link, list, open, set_ipv6_parameters, step,
};
use crate::interface::link::Link;
use crate::netlink::Netlink;
use crate::sysctl;

/// Interfaces as they were when they were prepared.
#[derive(Debug, Default)]
pub(crate) struct Prepared(Vec<Link>);

impl Prepared {
    /// Brings the network devices that were made with these addresses up. One that refuses is left for [`Prepared::configure`].
    pub(crate) fn new(device_addresses: &[[u8; 6]]) -> Self {
        let prepared = open().and_then(|mut netlink| {
            let links = list(&mut netlink)?;
            let is_wanted = |link: &Link| link.device_address.is_some_and(|own| device_addresses.contains(&own));
            let is_ready = |link: &Link| is_wanted(link) && ready(&mut netlink, link).is_ok();
            Ok(Self(links.into_iter().filter(is_ready).collect()))
        });
        prepared.unwrap_or_default()
    }

    /// Gives each interface what its settings say, and takes those down that have none.
    pub(crate) fn configure(&self, interfaces: &[Settings]) -> Result<(), InterfaceError> {
        for settings in interfaces {
            if self.complete(settings).is_err() {
                configure(settings)?;
            }
        }
        let is_unwanted = |link: &&Link| {
            interfaces
                .iter()
                .all(|settings| Some(settings.device_address) != link.device_address)
        };
        self.0
            .iter()
            .filter(is_unwanted)
            .try_for_each(|link| clear(&mut open()?, link))
    }

    /// Fails for an interface that needs more than this, or refuses it.
    fn complete(&self, settings: &Settings) -> Result<(), InterfaceError> {
        let link = find(&self.0, settings.device_address)?;
        let name = settings.name.as_str();
        if link.name != name {
            return Err(InterfaceError::Missing(settings.device_address));
        }
        let mut netlink = open()?;
        let mtu_bytes = settings.mtu_bytes;
        if link.mtu_bytes != mtu_bytes {
            link::set_mtu(&mut netlink, link.index, mtu_bytes)
                .map_err(step(format!("set the MTU of {name} to {mtu_bytes}")))?;
        }
        let address = settings.mac_address;
        link::set_address(&mut netlink, link.index, address)
            .map_err(step(format!("give {name} the address {}", in_text(address))))?;
        if settings.has_ipv6() {
            sysctl::set(&format!("net/ipv6/conf/{name}/disable_ipv6"), "0")?;
        }
        assign(&mut netlink, link.index, settings)
    }
}

fn ready(netlink: &mut Netlink, link: &Link) -> Result<(), InterfaceError> {
    let name = &link.name;
    // All that IPv6 needs, and then off.
    set_ipv6_parameters(name, true)?;
    set_ipv6_parameters(name, false)?;
    link::set_up(netlink, link.index, true).map_err(step(format!("bring {name} up")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_was_not_prepared_is_configured_as_any_other() {
        let settings = Settings {
            device_address: [2, 0xff, 0, 0, 0, 9],
            name: "eth0".to_owned(),
            mac_address: [2, 0, 0, 0, 0, 1],
            mtu_bytes: 1500,
            addresses: Vec::new(),
            gateways: Vec::new(),
        };
        let error = Prepared::default().configure(&[settings]).unwrap_err();
        assert!(matches!(error, InterfaceError::Missing(_)), "{error}");
    }
}
