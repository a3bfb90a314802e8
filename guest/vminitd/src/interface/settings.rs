//! What an interface is to have, from the host's request.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use container_agent_api::v1::ConfigureInterfaceRequest;
use tonic::Status;

/// Longest name of an interface, bytes: `IFNAMSIZ` without its zero, `linux/if.h`.
const NAME_MAX_BYTES: usize = 15;

/// An address with the size of the network that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InterfaceAddress {
    pub(crate) address: IpAddr,
    /// Bits.
    pub(crate) prefix_length: u8,
}

impl std::fmt::Display for InterfaceAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_length)
    }
}

impl FromStr for InterfaceAddress {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix_length) = text.split_once('/').ok_or(())?;
        let address: IpAddr = address.parse().map_err(drop)?;
        let prefix_length = prefix_length.parse().map_err(drop)?;
        let bits = if address.is_ipv4() {
            Ipv4Addr::BITS
        } else {
            Ipv6Addr::BITS
        };
        if u32::from(prefix_length) > bits {
            return Err(());
        }
        Ok(Self { address, prefix_length })
    }
}

/// What an interface is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) device_address: [u8; 6],
    pub(crate) name: String,
    pub(crate) mac_address: [u8; 6],
    pub(crate) mtu_bytes: u32,
    pub(crate) addresses: Vec<InterfaceAddress>,
    pub(crate) gateways: Vec<IpAddr>,
}

impl Settings {
    pub(crate) fn has_ipv6(&self) -> bool {
        self.addresses.iter().any(|address| address.address.is_ipv6())
    }

    /// The number at the end of the name; interfaces are preferred in this order.
    pub(crate) fn rank(&self) -> u32 {
        let digits = self.name.trim_start_matches(|c: char| !c.is_ascii_digit());
        digits.parse().unwrap_or_default()
    }
}

impl TryFrom<ConfigureInterfaceRequest> for Settings {
    type Error = Status;

    fn try_from(request: ConfigureInterfaceRequest) -> Result<Self, Status> {
        let ConfigureInterfaceRequest { name, mtu_bytes, .. } = request;
        let is_path = name == "." || name == "..";
        if name.is_empty()
            || name.len() > NAME_MAX_BYTES
            || is_path
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        {
            return Err(Status::invalid_argument(format!(
                "\"{name}\" is not the name of an interface"
            )));
        }
        let addresses = request
            .addresses
            .iter()
            .map(|text| {
                text.parse().map_err(|()| {
                    Status::invalid_argument(format!("\"{text}\" is not an address with a prefix length"))
                })
            })
            .collect::<Result<_, _>>()?;
        let v4 = gateway::<Ipv4Addr>(&request.ipv4_gateway)?;
        let v6 = gateway::<Ipv6Addr>(&request.ipv6_gateway)?;
        Ok(Self {
            device_address: hardware_address(&request.device_address)?,
            name,
            mac_address: hardware_address(&request.mac_address)?,
            mtu_bytes,
            addresses,
            gateways: v4.into_iter().chain(v6).collect(),
        })
    }
}

fn gateway<A: FromStr + Into<IpAddr>>(text: &str) -> Result<Option<IpAddr>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<A>() {
        Ok(address) => Ok(Some(address.into())),
        Err(_) => Err(Status::invalid_argument(format!(
            "\"{text}\" is not the address of a gateway of its family"
        ))),
    }
}

/// Six bytes as a hardware address.
pub(crate) fn hardware_address(bytes: &[u8]) -> Result<[u8; 6], Status> {
    bytes
        .try_into()
        .map_err(|_| Status::invalid_argument(format!("a hardware address has 6 bytes, not {}", bytes.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    fn request() -> ConfigureInterfaceRequest {
        ConfigureInterfaceRequest {
            device_address: vec![2, 0, 0, 0, 0, 1],
            name: "eth1".to_owned(),
            mac_address: vec![2, 1, 2, 3, 4, 5],
            mtu_bytes: 65520,
            addresses: vec!["10.1.2.3/24".to_owned(), "fd00::3/64".to_owned()],
            ipv4_gateway: "10.1.2.1".to_owned(),
            ipv6_gateway: String::new(),
        }
    }

    #[test]
    fn a_request_is_understood() {
        let settings = Settings::try_from(request()).unwrap();
        assert_eq!(settings.rank(), 1);
        assert!(settings.has_ipv6());
        assert_eq!(settings.gateways, [IpAddr::from([10, 1, 2, 1])]);
        assert_eq!(settings.addresses[1].to_string(), "fd00::3/64");
    }

    #[test]
    fn what_the_kernel_would_misunderstand_is_refused() {
        for spoil in [
            |request: &mut ConfigureInterfaceRequest| request.name = "../all".to_owned(),
            |request: &mut ConfigureInterfaceRequest| request.name = "..".to_owned(),
            |request: &mut ConfigureInterfaceRequest| request.name.clear(),
            |request: &mut ConfigureInterfaceRequest| request.name = "e".repeat(16),
            |request: &mut ConfigureInterfaceRequest| request.mac_address.truncate(5),
            |request: &mut ConfigureInterfaceRequest| request.device_address.push(0),
            |request: &mut ConfigureInterfaceRequest| request.addresses.push("10.1.2.3".to_owned()),
            |request: &mut ConfigureInterfaceRequest| request.addresses.push("10.1.2.3/33".to_owned()),
            |request: &mut ConfigureInterfaceRequest| request.addresses.push("fd00::3/129".to_owned()),
            |request: &mut ConfigureInterfaceRequest| request.ipv4_gateway = "fd00::1".to_owned(),
            |request: &mut ConfigureInterfaceRequest| request.ipv6_gateway = "10.1.2.1".to_owned(),
        ] {
            let mut request = request();
            spoil(&mut request);
            assert_eq!(Settings::try_from(request).unwrap_err().code(), Code::InvalidArgument);
        }
    }
}
