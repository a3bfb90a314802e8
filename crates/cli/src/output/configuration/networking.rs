//! Networks, ports and names in the configuration of a container.

use std::net::{IpAddr, Ipv4Addr};

use container_model::{NetworkAttachment, PublishedPort, ResolverConfig};
use serde_json::{Value, json};

use super::with_unknown;

/// `{network, options{hostname, macAddress, mtu, …}}`.
pub(super) fn attachment(attachment: &NetworkAttachment, hostname: &str) -> Value {
    let NetworkAttachment {
        network,
        mac_address,
        mtu,
        ipv4_address,
        ipv6_address,
        aliases,
        unknown,
    } = attachment;
    let mut options = json!({ "hostname": hostname });
    let mut add = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            options[key] = value;
        }
    };
    add("macAddress", mac_address.map(|address| json!(address)));
    add("mtu", mtu.map(Value::from));
    add("ipv4Address", ipv4_address.map(|address| json!(address)));
    add("ipv6Address", ipv6_address.map(|address| json!(address)));
    add("aliases", (!aliases.is_empty()).then(|| json!(aliases)));
    with_unknown(unknown, json!({ "network": network, "options": options }))
}

/// `{hostAddress, hostPort, containerPort, proto, count}`. Every address is `0.0.0.0`, as in Apple's tool; that it includes those of IPv6 is
/// said by `allAddresses`.
pub(crate) fn port(port: &PublishedPort) -> Value {
    let address = port.host_address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let mut shown = json!({
        "hostAddress": address,
        "hostPort": port.host_port,
        "containerPort": port.container_port,
        "proto": port.proto,
        "count": port.count,
    });
    if port.host_address.is_none() {
        shown["allAddresses"] = true.into();
    }
    with_unknown(&port.unknown, shown)
}

/// `{nameservers, domain, searchDomains, options}`.
pub(super) fn resolver(resolver: &ResolverConfig) -> Value {
    let mut shown = json!({
        "nameservers": resolver.nameservers,
        "searchDomains": resolver.search_domains,
        "options": resolver.options,
    });
    if let Some(domain) = &resolver.domain {
        shown["domain"] = domain.as_str().into();
    }
    if resolver.disabled {
        shown["disabled"] = true.into();
    }
    with_unknown(&resolver.unknown, shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_the_shape_of_apple_s_tool() {
        let mut asked = NetworkAttachment::new("web".parse().unwrap());
        assert_eq!(
            attachment(&asked, "db"),
            json!({ "network": "web", "options": { "hostname": "db" } })
        );
        asked.mtu = Some(1500);
        asked.mac_address = Some("02:00:00:00:00:09".parse().unwrap());
        asked.ipv4_address = Some([10, 0, 0, 9].into());
        asked.aliases = vec!["data".to_owned()];
        let options = json!({
            "hostname": "db", "macAddress": "02:00:00:00:00:09", "mtu": 1500, "ipv4Address": "10.0.0.9", "aliases": ["data"],
        });
        assert_eq!(attachment(&asked, "db")["options"], options);
    }

    #[test]
    fn ports_have_an_address_of_the_host_always() {
        let record = json!({ "hostPort": 8080, "containerPort": 80, "proto": "udp" });
        let mut published: PublishedPort = serde_json::from_value(record).unwrap();
        let mut expected = json!({
            "hostAddress": "0.0.0.0", "hostPort": 8080, "containerPort": 80, "proto": "udp", "count": 1, "allAddresses": true,
        });
        assert_eq!(port(&published), expected);
        published.host_address = Some("::1".parse().unwrap());
        expected["hostAddress"] = "::1".into();
        expected.as_object_mut().unwrap().remove("allAddresses");
        assert_eq!(port(&published), expected);
    }
}
