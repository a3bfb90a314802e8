//! What a new container has to do with networks.

use container_model::{HostEntry, NetworkAttachment, PublishedPort, ResolverConfig};

/// Networks, ports and names of a new container.
#[derive(Debug, Clone, Default)]
pub struct NetworkingRequest {
    /// Its networks.
    pub networks: NetworkSelection,
    /// Ports of the host that lead into it.
    pub ports: Vec<PublishedPort>,
    /// Publish every port that the image exposes and `ports` does not have, each on a port that the host chooses.
    pub publish_all: bool,
    /// Let the container see the addresses of the ports' clients.
    pub client_addresses: bool,
    /// What it knows of names.
    pub dns: ResolverConfig,
    /// Lines of `/etc/hosts`.
    pub extra_hosts: Vec<HostEntry>,
    /// Host name; `None` is the id's.
    pub hostname: Option<String>,
    /// Proxies for its environment.
    pub proxies: ProxyRequest,
}

/// Which networks a container is on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NetworkSelection {
    /// The network that is always there.
    #[default]
    Default,
    /// None: it has loopback only.
    None,
    /// These, of which the first one has the default route.
    Named(Vec<NetworkAttachment>),
}

/// Whether a container's environment names proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyRequest {
    /// Whether it does; `None` leaves it to the settings.
    pub pass: Option<bool>,
    /// The proxies in the environment of the caller, names and values.
    pub caller: Vec<(String, String)>,
}
