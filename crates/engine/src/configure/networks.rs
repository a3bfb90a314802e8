//! The networks of a new container.

use std::net::IpAddr;

use container_model::{NetworkAttachment, NetworkConfig, NetworkName};
use container_network::addresses;

use crate::NetworkSelection;
use crate::error::RequestError;

/// What the container asks of each of its networks, the first one first.
pub(crate) fn attachments(selection: &NetworkSelection) -> Result<Vec<NetworkAttachment>, RequestError> {
    let attachments = match selection {
        NetworkSelection::Default => vec![NetworkAttachment::new(NetworkName::default_network())],
        NetworkSelection::None => Vec::new(),
        NetworkSelection::Named(attachments) => attachments.clone(),
    };
    for (index, attachment) in attachments.iter().enumerate() {
        if attachments[..index]
            .iter()
            .any(|other| other.network == attachment.network)
        {
            return Err(RequestError::NetworkTwice {
                network: attachment.network.clone(),
            });
        }
    }
    Ok(attachments)
}

/// Refuses addresses that a network cannot give to a container.
pub(crate) fn check_addresses(attachment: &NetworkAttachment, network: &NetworkConfig) -> Result<(), RequestError> {
    let refused = |address: IpAddr, subnet: String, reason: Option<&'static str>| match reason {
        Some(reason) => Err(RequestError::Address {
            network: network.name.clone(),
            subnet,
            address,
            reason,
        }),
        None => Ok(()),
    };
    if let Some(address) = attachment.ipv4_address {
        let reason = addresses::refusal_v4(network.ipv4_subnet, address);
        refused(address.into(), network.ipv4_subnet.to_string(), reason)?;
    }
    if let Some(address) = attachment.ipv6_address {
        let reason = addresses::refusal_v6(network.ipv6_subnet, address);
        refused(address.into(), network.ipv6_subnet.to_string(), reason)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::UnknownFields;

    fn network() -> NetworkConfig {
        NetworkConfig {
            name: "web".parse().unwrap(),
            created: time::OffsetDateTime::UNIX_EPOCH,
            ipv4_subnet: "10.1.0.0/24".parse().unwrap(),
            ipv6_subnet: "fd00::/64".parse().unwrap(),
            internal: false,
            host_access: true,
            labels: [].into(),
            options: [].into(),
            unknown: UnknownFields::new(),
        }
    }

    #[test]
    fn a_container_is_on_the_default_network_unless_it_says_otherwise() {
        let names = |selection: &NetworkSelection| -> Vec<String> {
            let attachments = attachments(selection).unwrap();
            attachments
                .iter()
                .map(|attachment| attachment.network.to_string())
                .collect()
        };
        assert_eq!(names(&NetworkSelection::Default), ["default"]);
        assert!(names(&NetworkSelection::None).is_empty());
        let web = || NetworkAttachment::new("web".parse().unwrap());
        assert_eq!(names(&NetworkSelection::Named(vec![web()])), ["web"]);
        let twice = attachments(&NetworkSelection::Named(vec![web(), web()])).unwrap_err();
        assert_eq!(twice.to_string(), "network web is asked for twice");
    }

    #[test]
    fn addresses_are_those_that_the_network_can_give() {
        let refused = |ipv4: Option<&str>, ipv6: Option<&str>| {
            let mut attachment = NetworkAttachment::new("web".parse().unwrap());
            attachment.ipv4_address = ipv4.map(|address| address.parse().unwrap());
            attachment.ipv6_address = ipv6.map(|address| address.parse().unwrap());
            check_addresses(&attachment, &network())
                .err()
                .map(|error| error.to_string())
        };
        assert_eq!(refused(Some("10.1.0.7"), Some("fd00::7")), None);
        assert_eq!(
            refused(Some("10.1.0.1"), None).unwrap(),
            "container address 10.1.0.1 cannot be had on network web (10.1.0.0/24): it is the network's gateway"
        );
        assert!(
            refused(Some("10.2.0.7"), None)
                .unwrap()
                .ends_with("it is not in the network's subnet")
        );
        assert!(
            refused(None, Some("fd00::fe"))
                .unwrap()
                .ends_with("it leads to the host")
        );
    }
}
