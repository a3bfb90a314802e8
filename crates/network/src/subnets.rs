//! Which addresses a network gets: data in, data out.
//!
//! A container reaches what is outside of its network through the host. Hosts whose addresses are the network's own are out of its reach,
//! so a network keeps away from what the host itself is connected to.

pub mod addresses;
mod check;
mod choice;

use std::fmt;

use container_model::NetworkName;
use ipnet::IpNet;

pub(crate) use check::{check_ipv4, check_ipv6};
pub(crate) use choice::{choose_ipv4, unique_local};

/// Addresses that are in use already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupied {
    /// The addresses.
    pub subnet: IpNet,
    /// Whose they are.
    pub by: Occupant,
}

/// Whose addresses they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occupant {
    /// Another network's.
    Network(NetworkName),
    /// Those of the link that an interface of the host is on.
    Interface(String),
    /// Those that the host reaches by a route through an interface.
    Route(String),
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(name) => write!(f, "network {name}"),
            Self::Interface(name) => write!(f, "the host's interface {name}"),
            Self::Route(name) => write!(f, "a route of the host through {name}"),
        }
    }
}

/// A network cannot have these addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubnetError {
    /// There is not one for every container, or far too many.
    #[error("the subnet {subnet} cannot be a network's: a prefix of /{shortest} to /{longest} is needed")]
    Size {
        /// What was asked for.
        subnet: IpNet,
        /// The shortest prefix.
        shortest: u8,
        /// The longest prefix.
        longest: u8,
    },
    /// They mean something else everywhere.
    #[error("the subnet {subnet} cannot be a network's: its addresses are {meaning}")]
    Reserved {
        /// What was asked for.
        subnet: IpNet,
        /// What they mean.
        meaning: &'static str,
    },
    /// Somebody has them.
    #[error("the subnet {subnet} overlaps {} of {}", occupied.subnet, occupied.by)]
    Occupied {
        /// What was asked for.
        subnet: IpNet,
        /// Who has them.
        occupied: Occupied,
    },
    /// All addresses that are chosen from are in use.
    #[error("no subnet is free: all that networks are made of by themselves are in use")]
    NoneFree,
}

/// The first of `occupied` that shares addresses with `subnet`.
fn conflict<'a>(subnet: IpNet, occupied: impl IntoIterator<Item = &'a Occupied>) -> Option<&'a Occupied> {
    occupied
        .into_iter()
        .find(|other| subnet.contains(&other.subnet) || other.subnet.contains(&subnet))
}

#[cfg(test)]
pub(crate) fn route(subnet: &str) -> Occupied {
    Occupied {
        subnet: subnet.parse().unwrap(),
        by: Occupant::Route("tun0".to_owned()),
    }
}
