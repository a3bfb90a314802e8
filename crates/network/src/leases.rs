//! Which container has which addresses of a network.
//!
//! A lease lasts as long as its container, so that a container has the same addresses at every start. Only when no address is left, one
//! of a container that does not run is given away.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use container_durable::RecordBody;
use container_model::{ContainerId, MacAddress};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::network_addresses::NetworkAddresses;

/// The leases of one network, as they are on record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leases {
    leases: Vec<Lease>,
}

impl RecordBody for Leases {
    const VERSION: u32 = 1;
}

/// The addresses of one container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lease {
    /// The container.
    pub(crate) container: ContainerId,
    /// When it was created: another container may have had its name.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created: OffsetDateTime,
    /// Hardware address of its interface.
    pub(crate) mac_address: MacAddress,
    /// Its IPv4 address.
    pub(crate) ipv4_address: Ipv4Addr,
    /// Its IPv6 address.
    pub(crate) ipv6_address: Ipv6Addr,
}

/// What a container asks for. `None` leaves the choice.
#[derive(Debug, Clone)]
pub(crate) struct LeaseRequest<'a> {
    /// The container.
    pub(crate) container: &'a ContainerId,
    /// When it was created.
    pub(crate) created: OffsetDateTime,
    /// Hardware address.
    pub(crate) mac_address: Option<MacAddress>,
    /// IPv4 address.
    pub(crate) ipv4_address: Option<Ipv4Addr>,
    /// IPv6 address.
    pub(crate) ipv6_address: Option<Ipv6Addr>,
}

/// What is known of other containers when a lease is made.
pub(crate) trait Containers {
    /// Whether the container of a lease still exists.
    fn exists(&self, lease: &Lease) -> bool;
    /// Whether it runs, so that its addresses are in use.
    fn runs(&self, lease: &Lease) -> bool;
}

/// There is no lease for a container.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LeaseError {
    /// Another container has the address.
    #[error("the address {address} is in use by container {container}")]
    InUse {
        /// The address.
        address: String,
        /// Who has it.
        container: ContainerId,
    },
    /// No container can have the address.
    #[error(
        "the address {address} is none that a container can have on this network: it is outside of its subnet, or the gateway's or the host's"
    )]
    NotForContainers {
        /// The address.
        address: String,
    },
    /// All addresses are in use.
    #[error("all {count} addresses of the network are in use")]
    Full {
        /// How many there are.
        count: usize,
    },
}

impl Leases {
    /// The lease of a container: the one that it has, as far as it fits what is asked for, else a new one. Leases of containers that no
    /// longer exist end.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub(crate) fn take(
        &mut self,
        addresses: NetworkAddresses<'_>,
        request: &LeaseRequest<'_>,
        containers: &dyn Containers,
    ) -> Result<Lease, LeaseError> {
        let is_own = |lease: &Lease| lease.container == *request.container && lease.created == request.created;
        self.leases.retain(|lease| is_own(lease) || containers.exists(lease));
        let earlier = self
            .leases
            .iter()
            .position(is_own)
            .map(|index| self.leases.remove(index));
        let taken = self.choose(addresses, request, earlier.as_ref(), containers);
        // One that was refused something keeps what it had.
        let kept = taken.as_ref().ok().cloned().or(earlier);
        self.leases.extend(kept);
        taken
    }

    fn choose(
        &mut self,
        addresses: NetworkAddresses<'_>,
        request: &LeaseRequest<'_>,
        earlier: Option<&Lease>,
        containers: &dyn Containers,
    ) -> Result<Lease, LeaseError> {
        if let Some(address) = request.ipv4_address {
            let is_allowed = addresses.is_for_containers_v4(address);
            self.claim(address.to_string(), is_allowed, containers, |lease| {
                lease.ipv4_address == address
            })?;
        }
        if let Some(address) = request.ipv6_address {
            let is_allowed = addresses.is_for_containers_v6(address);
            self.claim(address.to_string(), is_allowed, containers, |lease| {
                lease.ipv6_address == address
            })?;
        }
        if let Some(address) = request.mac_address {
            self.claim(address.to_string(), true, containers, |lease| {
                lease.mac_address == address
            })?;
        }
        let earlier_v4 = earlier.map(|lease| lease.ipv4_address);
        let earlier_v4 = earlier_v4.filter(|&address| addresses.is_for_containers_v4(address));
        let ipv4_address = match request.ipv4_address.or(earlier_v4) {
            Some(address) => address,
            None => self.free_ipv4(addresses, containers)?,
        };
        let number = u32::from(ipv4_address).wrapping_sub(addresses.ipv4(0).into());
        let earlier_v6 = earlier.map(|lease| lease.ipv6_address);
        let earlier_v6 = earlier_v6.filter(|&address| addresses.is_for_containers_v6(address));
        let ipv6_address = match request.ipv6_address.or(earlier_v6) {
            Some(address) => address,
            None => self.free_ipv6(addresses, number),
        };
        let earlier_mac = earlier.map(|lease| lease.mac_address);
        let mac_address = match request.mac_address.or(earlier_mac) {
            Some(address) => address,
            None => self.free_mac_address(ipv6_address)?,
        };
        Ok(Lease {
            container: request.container.clone(),
            created: request.created,
            mac_address,
            ipv4_address,
            ipv6_address,
        })
    }

    /// Makes an address free that was asked for: one of a container that does not run is given away.
    fn claim(
        &mut self,
        address: String,
        is_allowed: bool,
        containers: &dyn Containers,
        has_it: impl Fn(&Lease) -> bool,
    ) -> Result<(), LeaseError> {
        if !is_allowed {
            return Err(LeaseError::NotForContainers { address });
        }
        if let Some(holder) = self.leases.iter().find(|lease| has_it(lease) && containers.runs(lease)) {
            let container = holder.container.clone();
            return Err(LeaseError::InUse { address, container });
        }
        self.leases.retain(|lease| !has_it(lease));
        Ok(())
    }

    fn free_ipv4(
        &mut self,
        addresses: NetworkAddresses<'_>,
        containers: &dyn Containers,
    ) -> Result<Ipv4Addr, LeaseError> {
        let taken: HashSet<Ipv4Addr> = self.leases.iter().map(|lease| lease.ipv4_address).collect();
        let mut free = addresses.numbers().map(|number| addresses.ipv4(number));
        if let Some(address) = free.find(|address| !taken.contains(address)) {
            return Ok(address);
        }
        // The oldest one is the first.
        match self.leases.iter().position(|lease| !containers.runs(lease)) {
            Some(index) => Ok(self.leases.remove(index).ipv4_address),
            None => Err(LeaseError::Full { count: taken.len() }),
        }
    }

    /// The address of this host number, else the next one that is free: a /64 is not used up.
    fn free_ipv6(&self, addresses: NetworkAddresses<'_>, number: u32) -> Ipv6Addr {
        let is_free = |address: &Ipv6Addr| {
            addresses.is_for_containers_v6(*address) && !self.leases.iter().any(|lease| lease.ipv6_address == *address)
        };
        let mut numbers = (number..=u32::MAX).map(|number| addresses.ipv6(number));
        numbers.find(is_free).unwrap_or_else(|| addresses.ipv6(number))
    }

    /// A locally administered address (IEEE 802-2014, 8.2.2) made of the network's prefix and the last bytes of the IPv6 address: a
    /// container has another one on each of its networks.
    fn free_mac_address(&self, ipv6_address: Ipv6Addr) -> Result<MacAddress, LeaseError> {
        let octets = ipv6_address.octets();
        let [.., a, b, c, d] = octets;
        let prefix = octets[..8].iter().fold(0, |folded, octet| folded ^ octet);
        let is_free = |address: &MacAddress| !self.leases.iter().any(|lease| lease.mac_address == *address);
        let candidates = (0..=u8::MAX).filter_map(|salt| MacAddress::new([0xf2, prefix ^ salt, a, b, c, d]).ok());
        let count = self.leases.len();
        candidates.into_iter().find(is_free).ok_or(LeaseError::Full { count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_addresses::tests::network;

    /// Containers whose names begin with `live` run, those whose names begin with `gone` do not exist.
    struct ByName;

    impl Containers for ByName {
        fn exists(&self, lease: &Lease) -> bool {
            !lease.container.as_str().starts_with("gone")
        }

        fn runs(&self, lease: &Lease) -> bool {
            lease.container.as_str().starts_with("live")
        }
    }

    fn request(container: &ContainerId) -> LeaseRequest<'_> {
        LeaseRequest {
            container,
            created: OffsetDateTime::UNIX_EPOCH,
            mac_address: None,
            ipv4_address: None,
            ipv6_address: None,
        }
    }

    fn id(name: &str) -> ContainerId {
        name.parse().unwrap()
    }

    #[test]
    fn a_container_has_the_same_addresses_at_every_start() {
        let config = network("10.0.0.0/24");
        let addresses = NetworkAddresses::new(&config);
        let mut leases = Leases::default();
        let web = leases.take(addresses, &request(&id("live-web")), &ByName).unwrap();
        assert_eq!(web.ipv4_address.to_string(), "10.0.0.2");
        assert_eq!(web.ipv6_address.to_string(), "fd00:1::2");
        let db = leases.take(addresses, &request(&id("db")), &ByName).unwrap();
        assert_eq!(db.ipv4_address.to_string(), "10.0.0.3");
        assert_ne!(db.mac_address, web.mac_address);
        assert_eq!(leases.take(addresses, &request(&id("live-web")), &ByName).unwrap(), web);
        assert_eq!(leases.leases.len(), 2);
    }

    #[test]
    fn another_container_of_the_same_name_has_no_claim() {
        let config = network("10.0.0.0/24");
        let addresses = NetworkAddresses::new(&config);
        let mut leases = Leases::default();
        let web = id("live-web");
        let first = leases.take(addresses, &request(&web), &ByName).unwrap();
        let later = LeaseRequest {
            created: OffsetDateTime::UNIX_EPOCH + time::Duration::SECOND,
            ..request(&web)
        };
        assert_ne!(
            leases.take(addresses, &later, &ByName).unwrap().ipv4_address,
            first.ipv4_address
        );
    }

    #[test]
    fn leases_end_with_their_container() {
        let config = network("10.0.0.0/24");
        let addresses = NetworkAddresses::new(&config);
        let mut leases = Leases::default();
        let gone = leases.take(addresses, &request(&id("gone-1")), &ByName).unwrap();
        let next = leases.take(addresses, &request(&id("live-2")), &ByName).unwrap();
        assert_eq!(next.ipv4_address, gone.ipv4_address);
        assert_eq!(leases.leases, [next]);
    }

    #[test]
    fn an_address_in_use_is_refused_and_one_of_a_container_at_rest_is_given_away() {
        let config = network("10.0.0.0/24");
        let addresses = NetworkAddresses::new(&config);
        let mut leases = Leases::default();
        let (live, rest, new) = (id("live-1"), id("rest-1"), id("live-2"));
        leases.take(addresses, &request(&live), &ByName).unwrap();
        leases.take(addresses, &request(&rest), &ByName).unwrap();
        let ask = |address: &str| LeaseRequest {
            ipv4_address: Some(address.parse().unwrap()),
            ..request(&new)
        };
        let in_use = leases.take(addresses, &ask("10.0.0.2"), &ByName).unwrap_err();
        assert_eq!(in_use.to_string(), "the address 10.0.0.2 is in use by container live-1");
        for foreign in ["10.0.0.1", "10.0.0.254", "10.0.0.255", "10.0.1.2", "127.0.0.1"] {
            let error = leases.take(addresses, &ask(foreign), &ByName).unwrap_err();
            assert!(matches!(error, LeaseError::NotForContainers { .. }), "{foreign}");
        }
        let taken = leases.take(addresses, &ask("10.0.0.3"), &ByName).unwrap();
        assert_eq!(taken.ipv4_address.to_string(), "10.0.0.3");
        assert!(!leases.leases.iter().any(|lease| lease.container == rest));
    }

    #[test]
    fn a_full_network_gives_away_only_what_is_not_in_use() {
        let config = network("10.0.0.0/29");
        let addresses = NetworkAddresses::new(&config);
        let mut leases = Leases::default();
        for name in ["live-1", "rest-1", "live-2", "live-3"] {
            leases.take(addresses, &request(&id(name)), &ByName).unwrap();
        }
        let taken = leases.take(addresses, &request(&id("live-4")), &ByName).unwrap();
        assert_eq!(taken.ipv4_address.to_string(), "10.0.0.3");
        let full = leases.take(addresses, &request(&id("live-5")), &ByName).unwrap_err();
        assert_eq!(full, LeaseError::Full { count: 4 });
        assert_eq!(leases.leases.len(), 4);
    }
}
