//! Networks, what attaches a container to them, and the ports that it publishes.

mod attachment;
mod config;
mod host_name;
mod mac_address;
mod name;
mod port;
mod resolver;
mod status;

pub use attachment::NetworkAttachment;
pub use config::NetworkConfig;
pub use host_name::{HostNameError, check_domain_name, check_host_name};
pub use mac_address::{MacAddress, MacAddressError};
pub use name::{NetworkName, NetworkNameError};
pub use port::{PublishedPort, Transport};
pub use resolver::{HostEntry, ResolverConfig};
pub use status::NetworkStatus;
