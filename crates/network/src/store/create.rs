//! Making a network.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;

use container_durable::{Record, sync_dir, write_record};
use container_model::{NetworkConfig, NetworkName, UnknownFields};
use ipnet::{IpNet, Ipv6Net};
use time::OffsetDateTime;

use super::{Body, CreateNetworkError, LoadNetworkError, NEW_PREFIX, NetworkStore, PlaceError, RECORD_FILE};
use crate::NetworkRequest;
use crate::host_prefixes::host_prefixes;
use crate::subnets::{Occupant, Occupied, SubnetError, check_ipv4, check_ipv6, choose_ipv4, unique_local};

/// How often a random subnet is tried.
const ATTEMPTS: usize = 16;

impl NetworkStore {
    /// Makes a network. It appears whole or not at all.
    ///
    /// # Errors
    /// [`CreateNetworkError::Exists`], [`CreateNetworkError::Subnet`], [`CreateNetworkError::Option`].
    pub fn create(&self, request: &NetworkRequest) -> Result<NetworkConfig, CreateNetworkError> {
        let host_access = request.host_access()?;
        request.check_mtu()?;
        let _lock = self.lock_for_change()?;
        if self.directory(&request.name).exists() {
            return Err(CreateNetworkError::Exists {
                name: request.name.clone(),
            });
        }
        let occupied = self.occupied()?;
        let config = NetworkConfig {
            name: request.name.clone(),
            created: OffsetDateTime::now_utc(),
            ipv4_subnet: match request.ipv4_subnet {
                Some(subnet) => check_ipv4(subnet, &occupied)?,
                None => choose_ipv4(&occupied)?,
            },
            ipv6_subnet: match request.ipv6_subnet {
                Some(subnet) => check_ipv6(subnet, &occupied)?,
                None => choose_ipv6(&occupied)?,
            },
            internal: request.internal,
            host_access,
            labels: request.labels.clone(),
            options: request.options.clone(),
            unknown: UnknownFields::new(),
        };
        self.put(&config)?;
        Ok(config)
    }

    /// The network of containers that ask for none in particular, which is made by whoever needs it first. `request` says how; its
    /// name does not matter.
    ///
    /// # Errors
    /// [`CreateNetworkError`]; a record that cannot be read is one inside it.
    pub fn ensure_default(&self, request: &NetworkRequest) -> Result<NetworkConfig, EnsureNetworkError> {
        let name = NetworkName::default_network();
        let made = match self.load(&name) {
            Err(LoadNetworkError::NotFound { .. }) => self.create(&NetworkRequest {
                name: name.clone(),
                ..request.clone()
            }),
            found => return Ok(found?),
        };
        match made {
            // Another process was faster.
            Err(CreateNetworkError::Exists { .. }) => Ok(self.load(&name)?),
            made => Ok(made?),
        }
    }

    /// The addresses of all networks, and those that the host itself is connected to.
    fn occupied(&self) -> Result<Vec<Occupied>, CreateNetworkError> {
        let networks = self.list()?.networks;
        let of_networks = networks.into_iter().flat_map(|network| {
            let by = Occupant::Network(network.name);
            [IpNet::V4(network.ipv4_subnet), IpNet::V6(network.ipv6_subnet)]
                .map(|subnet| Occupied { subnet, by: by.clone() })
        });
        Ok(of_networks.chain(host_prefixes()).collect())
    }

    /// Writes the record of a new network. The lock of the directory is held.
    fn put(&self, config: &NetworkConfig) -> Result<(), CreateNetworkError> {
        let (new, path) = (self.passing(NEW_PREFIX), self.directory(&config.name));
        let failed = |source| CreateNetworkError::Rename {
            path: path.clone(),
            source,
        };
        DirBuilder::new().mode(0o700).create(&new).map_err(failed)?;
        let placed = write_record(&new.join(RECORD_FILE), &Record::new(Body(config.clone())))
            .map_err(CreateNetworkError::from)
            .and_then(|()| std::fs::rename(&new, &path).map_err(failed));
        if placed.is_err() {
            let _ = std::fs::remove_dir_all(&new);
        }
        placed?;
        sync_dir(&self.directory).map_err(PlaceError::from)?;
        Ok(())
    }
}

/// The network of containers that ask for none in particular could not be had.
#[derive(Debug, thiserror::Error)]
pub enum EnsureNetworkError {
    /// It is not there and could not be made.
    #[error(transparent)]
    Create(#[from] CreateNetworkError),
    /// It is there and cannot be read.
    #[error(transparent)]
    Load(#[from] LoadNetworkError),
}

fn choose_ipv6(occupied: &[Occupied]) -> Result<Ipv6Net, CreateNetworkError> {
    let mut refused = SubnetError::NoneFree;
    for _ in 0..ATTEMPTS {
        let mut random = [0; 7];
        getrandom::fill(&mut random).map_err(CreateNetworkError::Random)?;
        match check_ipv6(unique_local(random), occupied) {
            Ok(subnet) => return Ok(subnet),
            Err(error) => refused = error,
        }
    }
    Err(refused.into())
}
