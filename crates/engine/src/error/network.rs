//! What can be wrong with networks.

use container_model::{ContainerId, NetworkName};
use container_network::{
    CreateNetworkError, DeleteNetworkError, EnsureNetworkError, ListNetworksError, LoadNetworkError, PlaceError,
};

use super::users::users;
use super::{Cause, FailureClass};

/// An operation on networks failed.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// There is none of this name.
    #[error("{cause}")]
    NotFound {
        /// The name.
        name: NetworkName,
        /// Says so, and which one may be meant.
        cause: Cause,
    },
    /// There is one of this name.
    #[error("network {name} exists already")]
    Exists {
        /// The name.
        name: NetworkName,
    },
    /// Its addresses cannot be had.
    #[error("cannot create network {name}: {reason}")]
    Subnet {
        /// The name.
        name: NetworkName,
        /// Who has them, or what they are.
        reason: Cause,
    },
    /// An option of it means nothing.
    #[error("cannot create network {name}: {reason}")]
    Option {
        /// The name.
        name: NetworkName,
        /// What is wrong.
        reason: Cause,
    },
    /// The default network is always there.
    #[error(
        "network {} cannot be deleted: it is that of containers that ask for none",
        NetworkName::DEFAULT
    )]
    Default,
    /// Containers refer to it.
    #[error("network {name} cannot be deleted: {} it", users(containers))]
    InUse {
        /// The network.
        name: NetworkName,
        /// The containers, at least one.
        containers: Vec<ContainerId>,
    },
    /// A container that cannot be read may refer to it.
    #[error("network {name} cannot be deleted: the record of container {container} cannot be read, which may use it")]
    UnknownUsers {
        /// The network.
        name: NetworkName,
        /// The container.
        container: ContainerId,
    },
    /// The container is on the network already.
    #[error("container {id} is on network {name} already")]
    Connected {
        /// The container.
        id: ContainerId,
        /// The network.
        name: NetworkName,
    },
    /// The container is not on the network.
    #[error("container {id} is not on network {name}")]
    NotConnected {
        /// The container.
        id: ContainerId,
        /// The network.
        name: NetworkName,
    },
    /// No container that runs is on the network, so that nothing goes on there.
    #[error("no container that runs is on network {name}")]
    Unused {
        /// The network.
        name: NetworkName,
    },
    /// The process of the network does not answer.
    #[error(transparent)]
    Silent(Cause),
    /// Records of networks could not be read or written.
    #[error(transparent)]
    Records(Cause),
}

impl NetworkError {
    /// What kind of failure it is.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::NotFound { .. } => FailureClass::NotFound,
            Self::Option { .. } => FailureClass::Usage,
            _ => FailureClass::Other,
        }
    }

    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { name, .. } => Some(instead_of(name)),
            Self::Unused { name } => Some(format!("container run --network {name} IMAGE")),
            Self::Subnet { name, .. } if name.is_default() => {
                Some("another network.subnet or network.subnetv6 in config.toml, or none".to_owned())
            }
            Self::Subnet { .. } => {
                Some("other addresses, or leave --subnet and --subnet-v6 out to have them chosen".to_owned())
            }
            Self::InUse { containers, .. } => Some(format!("container delete {}", containers.first()?)),
            Self::UnknownUsers { container, .. } => Some(format!("container delete {container}")),
            _ => None,
        }
    }

    pub(crate) fn creating(name: NetworkName, error: CreateNetworkError) -> Self {
        match error {
            CreateNetworkError::Exists { name } => Self::Exists { name },
            CreateNetworkError::Subnet(error) => Self::Subnet {
                name,
                reason: Cause::new(error),
            },
            CreateNetworkError::Option(error) => Self::Option {
                name,
                reason: Cause::new(error),
            },
            other => Self::Records(Cause::new(other)),
        }
    }
}

impl From<LoadNetworkError> for NetworkError {
    fn from(error: LoadNetworkError) -> Self {
        match error {
            LoadNetworkError::NotFound { ref name, .. } => Self::NotFound {
                name: name.clone(),
                cause: Cause::new(error),
            },
            other => Self::Records(Cause::new(other)),
        }
    }
}

/// What to do where there is no network of a name. Docker has some whose names say what they are.
fn instead_of(name: &NetworkName) -> String {
    match name.as_str() {
        "host" => "no --network: -p publishes ports on the host, and containers reach it as host.container.internal"
            .to_owned(),
        "bridge" => format!("no --network, or --network {}", NetworkName::DEFAULT),
        _ => "container network list".to_owned(),
    }
}

impl From<EnsureNetworkError> for NetworkError {
    fn from(error: EnsureNetworkError) -> Self {
        match error {
            EnsureNetworkError::Create(error) => Self::creating(NetworkName::default_network(), error),
            EnsureNetworkError::Load(error) => error.into(),
        }
    }
}

impl From<ListNetworksError> for NetworkError {
    fn from(error: ListNetworksError) -> Self {
        Self::Records(Cause::new(error))
    }
}

impl From<PlaceError> for NetworkError {
    fn from(error: PlaceError) -> Self {
        Self::Records(Cause::new(error))
    }
}

impl From<DeleteNetworkError<NetworkError>> for NetworkError {
    fn from(error: DeleteNetworkError<NetworkError>) -> Self {
        match error {
            DeleteNetworkError::NotFound(error) => error.into(),
            DeleteNetworkError::Refused(error) => error,
            other => Self::Records(Cause::new(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_that_docker_has_lead_to_what_there_is() {
        let hint = |name: &str| {
            let name: NetworkName = name.parse().unwrap();
            NetworkError::from(LoadNetworkError::NotFound { name, near: None })
                .hint()
                .unwrap()
        };
        assert!(hint("host").contains("-p publishes ports"));
        assert!(hint("bridge").ends_with("--network default"));
        assert_eq!(hint("web"), "container network list");
    }
}
