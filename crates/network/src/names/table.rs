//! Which addresses a name of the network has, and which name an address has.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_proto::rr::Name;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

mod key;

use crate::network_addresses::HOST_ACCESS_NAMES;
use key::{key_of_name, key_of_text, name_of_key, short_id};

/// One more of Docker's names of the host, in servers' answers only.
const DOCKER_GATEWAY_NAME: &str = "gateway.docker.internal";

/// What seldom changes while a network lives.
#[derive(Debug, Clone)]
pub struct Zone {
    /// The network's name: `<name>.<network>` is a name of a container.
    pub network: String,
    /// Further domains of which the same is true. Of these the network is the authority: what it does not know there does not exist.
    pub domains: Vec<String>,
    /// A further one in which others have names too: what the network does not know there is asked of them.
    pub shared_domain: Option<String>,
    /// IPv4 addresses of the network.
    pub ipv4_subnet: Ipv4Net,
    /// IPv6 addresses of the network.
    pub ipv6_subnet: Ipv6Net,
    /// The addresses that lead to the host's loopback; none where the network has no host access.
    pub host_access: Vec<IpAddr>,
    /// Whether what the network does not know is asked of others.
    pub has_way_out: bool,
}

/// The names of the containers of one network. Upper and lower case are the same.
#[derive(Debug)]
pub struct Table {
    zone: Zone,
    containers: BTreeMap<u64, Container>,
    /// The containers that have a name, by the name in lower case without a dot at its end.
    by_name: HashMap<String, BTreeSet<u64>>,
    by_address: HashMap<IpAddr, u64>,
}

#[derive(Debug)]
struct Container {
    /// As it was added.
    given: Vec<String>,
    names: BTreeSet<String>,
    addresses: Vec<IpAddr>,
    /// What its addresses are called.
    canonical: Option<Name>,
}

/// What the table knows of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It has these addresses, each once, of both families. Possibly none, for a container without any.
    Addresses(Vec<IpAddr>),
    /// It is the reverse of an address of the network, which has this name.
    Pointer(Name),
    /// It exists, but has no records of the kinds that are kept here: a domain itself, or the reverse of a part of the network.
    Empty,
    /// It is the network's to know, and does not exist.
    Missing,
    /// Others may know it.
    Foreign,
}

impl Table {
    /// A table without containers.
    #[must_use]
    pub fn new(mut zone: Zone) -> Self {
        zone.network = key_of_text(&zone.network);
        zone.domains = domain_keys(&zone.domains);
        zone.shared_domain = zone.shared_domain.map(|domain| key_of_text(&domain));
        zone.shared_domain = zone.shared_domain.filter(|domain| !domain.is_empty());
        Self {
            zone,
            containers: BTreeMap::new(),
            by_name: HashMap::new(),
            by_address: HashMap::new(),
        }
    }

    /// Puts other domains in the place of those that the zone had: containers have names there from now on.
    pub fn set_domains(&mut self, domains: &[String]) {
        self.zone.domains = domain_keys(domains);
        let keys: Vec<u64> = self.containers.keys().copied().collect();
        for key in keys {
            if let Some(Container { given, addresses, .. }) = self.take(key) {
                self.put(key, given, addresses);
            }
        }
    }

    /// What seldom changes.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Adds a container, or replaces what was known of the one with this key. The first name is the one that its addresses have. Names
    /// that are identifiers (a UUID, or 64 hexadecimal digits) are known by their short form too. What cannot be a name in the DNS is
    /// left out.
    pub fn insert(&mut self, key: u64, names: &[String], ipv4: Option<Ipv4Addr>, ipv6: Option<Ipv6Addr>) {
        self.remove(key);
        let given: Vec<String> = names.iter().map(|name| key_of_text(name)).collect();
        let addresses = ipv4.map(IpAddr::V4).into_iter().chain(ipv6.map(IpAddr::V6)).collect();
        self.put(key, given, addresses);
    }

    fn put(&mut self, key: u64, given: Vec<String>, addresses: Vec<IpAddr>) {
        let short = given.iter().filter_map(|name| short_id(name));
        let plain: BTreeSet<&str> = given.iter().map(String::as_str).chain(short).collect();
        let mut all = BTreeSet::new();
        for name in plain.into_iter().filter(|name| !name.is_empty()) {
            let suffixes = std::iter::once(&self.zone.network)
                .chain(&self.zone.domains)
                .chain(&self.zone.shared_domain);
            let qualified = suffixes.map(|suffix| format!("{name}.{suffix}"));
            all.extend(
                std::iter::once(name.to_owned())
                    .chain(qualified)
                    .filter(|name| name_of_key(name).is_some()),
            );
        }
        let canonical = given
            .first()
            .and_then(|name| name_of_key(&format!("{name}.{}", self.zone.network)).or_else(|| name_of_key(name)));
        for name in &all {
            self.by_name.entry(name.clone()).or_default().insert(key);
        }
        self.by_address.extend(addresses.iter().map(|&address| (address, key)));
        let container = Container {
            given,
            names: all,
            addresses,
            canonical,
        };
        self.containers.insert(key, container);
    }

    /// Forgets a container. One that is not known is no fault.
    pub fn remove(&mut self, key: u64) {
        self.take(key);
    }

    fn take(&mut self, key: u64) -> Option<Container> {
        let container = self.containers.remove(&key)?;
        for name in &container.names {
            if let Some(keys) = self.by_name.get_mut(name) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.by_name.remove(name);
                }
            }
        }
        for address in &container.addresses {
            if self.by_address.get(address) == Some(&key) {
                self.by_address.remove(address);
            }
        }
        Some(container)
    }

    /// Looks a name up.
    #[must_use]
    pub fn find(&self, name: &Name) -> Found {
        // RFC 6761, section 6.3: a server of names answers for localhost itself, so that no other can say what it is.
        if name.is_localhost() {
            return Found::Addresses(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        if let Ok(reversed) = name.parse_arpa_name() {
            return self.find_reverse(reversed);
        }
        let Some(key) = key_of_name(name) else {
            return self.unknown();
        };
        if let Some(keys) = self.by_name.get(&key) {
            let addresses = keys
                .iter()
                .filter_map(|key| self.containers.get(key))
                .flat_map(|of| &of.addresses);
            return Found::Addresses(addresses.copied().collect());
        }
        if HOST_ACCESS_NAMES.contains(&key.as_str()) || key == DOCKER_GATEWAY_NAME {
            return match self.zone.host_access.as_slice() {
                [] => Found::Missing,
                addresses => Found::Addresses(addresses.to_vec()),
            };
        }
        match self.domain_of(&key) {
            Some(domain) if domain == key || self.has_name_below(&key) => Found::Empty,
            Some(_) => Found::Missing,
            None => self.unknown(),
        }
    }

    /// The configured domain that a name is in, if it is in one.
    #[must_use]
    pub fn authority_of(&self, name: &Name) -> Option<Name> {
        let key = key_of_name(name)?;
        let labels = self.domain_of(&key)?.split('.').count();
        Some(name.trim_to(labels))
    }

    fn domain_of(&self, key: &str) -> Option<&str> {
        let is_in = |domain: &&str| {
            key.strip_suffix(*domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.zone
            .domains
            .iter()
            .map(String::as_str)
            .filter(is_in)
            .max_by_key(|domain| domain.len())
    }

    /// Whether a name exists only because one below it does. RFC 8020, section 2: saying that it does not exist would deny that one.
    fn has_name_below(&self, key: &str) -> bool {
        let is_below = |name: &String| name.strip_suffix(key).is_some_and(|rest| rest.ends_with('.'));
        self.by_name.keys().any(is_below)
    }

    fn find_reverse(&self, reversed: IpNet) -> Found {
        let subnets = [IpNet::V4(self.zone.ipv4_subnet), IpNet::V6(self.zone.ipv6_subnet)];
        let is_ours = subnets.iter().any(|subnet| subnet.contains(&reversed));
        if !is_ours {
            return self.unknown();
        }
        if reversed.prefix_len() != reversed.max_prefix_len() {
            return Found::Empty;
        }
        let address = reversed.addr();
        if self.zone.host_access.contains(&address) {
            return name_of_key(HOST_ACCESS_NAMES[0]).map_or(Found::Missing, Found::Pointer);
        }
        let container = self.by_address.get(&address).and_then(|key| self.containers.get(key));
        match container.map(|container| &container.canonical) {
            Some(Some(name)) => Found::Pointer(name.clone()),
            Some(None) => Found::Empty,
            None => Found::Missing,
        }
    }

    fn unknown(&self) -> Found {
        if self.zone.has_way_out {
            Found::Foreign
        } else {
            Found::Missing
        }
    }
}

/// Domains as they are compared, without those that are none.
fn domain_keys(domains: &[String]) -> Vec<String> {
    let keys = domains.iter().map(|domain| key_of_text(domain));
    keys.filter(|domain| !domain.is_empty()).collect()
}

#[cfg(test)]
mod tests;
