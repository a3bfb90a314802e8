//! Machines that come and go.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use container_durable::{Record, read_record, write_record};
use container_model::{ContainerId, NetworkConfig, NetworkName, NetworkStatus, PublishedPort, UnknownFields};
use container_netstack::{PortError, PortId, PortParameters, Stack};
use container_state::{AppPaths, ContainerStore};
use ipnet::{Ipv4Net, Ipv6Net};

use super::port_holder::holder_hint;
use super::world::{PublishError, World};
use crate::leases::{Containers, Lease, LeaseError, LeaseRequest, Leases};
use crate::network_addresses::NetworkAddresses;
use crate::protocol::{AttachRequest, Attached, Refusal, RefusalKind};

/// Largest IP packet when nobody asks for another, bytes: throughput is bound by the number of frames.
const DEFAULT_MTU_BYTES: u16 = 65_520;
/// Smallest one: IPv6 has no link with less (RFC 8200, section 5).
const LEAST_MTU_BYTES: u16 = 1280;

/// A machine that is attached.
pub(super) struct Machine {
    pub(super) container: ContainerId,
    pub(super) lease: Lease,
    pub(super) names: Vec<String>,
    pub(super) other_networks: Vec<NetworkName>,
    pub(super) ports: Vec<PublishedPort>,
}

/// The machines that are attached, and who has which addresses.
pub(super) struct Machines {
    pub(super) attached: HashMap<PortId, Machine>,
    config: NetworkConfig,
    leases: Leases,
    leases_file: PathBuf,
    containers: ContainerStore,
    next_listener: u64,
}

impl Machines {
    pub(super) fn new(paths: &AppPaths, config: NetworkConfig, directory: &std::path::Path) -> Self {
        let leases_file = directory.join("leases.json");
        let leases = match read_record::<Leases>(&leases_file) {
            Ok(record) => record.map(|record| record.body).unwrap_or_default(),
            Err(error) => {
                // Containers that run ask for the addresses that they have; others get new ones.
                tracing::warn!(%error, "the leases cannot be read");
                Leases::default()
            }
        };
        Self {
            attached: HashMap::new(),
            config,
            leases,
            leases_file,
            containers: ContainerStore::new(paths.clone()),
            next_listener: 0,
        }
    }

    /// The port of a container that is attached already.
    pub(super) fn port_of(&self, container: &ContainerId) -> Option<PortId> {
        let mut attached = self.attached.iter();
        attached.find_map(|(&port, machine)| (machine.container == *container).then_some(port))
    }

    /// Attaches a machine: its lease, its port of the switch, its published ports.
    pub(super) fn attach(
        &mut self,
        request: &AttachRequest,
        socket: OwnedFd,
        stack: &mut Stack,
        world: &mut World,
    ) -> Result<(PortId, Attached), Refusal> {
        let lease = self.lease(request).map_err(|error| refuse_lease(&error))?;
        let mtu = self.mtu(request);
        let parameters = PortParameters {
            mac: lease.mac_address.bytes(),
            ipv4: lease.ipv4_address,
            ipv6: lease.ipv6_address,
            mtu_bytes: mtu,
        };
        let port = stack.add_port(parameters).map_err(|error| refuse_port(&error))?;
        let opened = world.open_port(port, socket);
        let published = opened.map_err(|error| failed(&format!("its socket cannot be used: {error}")));
        let published = published.and_then(|()| {
            world
                .publish(port, &request.ports, request.client_addresses, &mut self.next_listener)
                .map_err(|error| self.refuse_publishing(&error))
        });
        let ports = match published {
            Ok(ports) => ports,
            Err(refusal) => {
                world.close_port(port);
                stack.remove_port(Duration::ZERO, port, world);
                return Err(refusal);
            }
        };
        self.write_leases();
        let addresses = NetworkAddresses::new(&self.config);
        let names = names(request);
        world.taps.add_machine(port, request.container.clone());
        let machine = Machine {
            container: request.container.clone(),
            lease: lease.clone(),
            names,
            other_networks: request.other_networks.clone(),
            ports: ports.clone(),
        };
        self.attached.insert(port, machine);
        tracing::info!(container = %request.container, address = %lease.ipv4_address, "attached");
        let attached = Attached {
            status: NetworkStatus {
                network: self.config.name.clone(),
                hostname: request.hostname.clone(),
                ipv4_address: with_prefix_v4(&lease, &self.config),
                ipv4_gateway: addresses.ipv4_gateway(),
                ipv6_address: with_prefix_v6(&lease, &self.config),
                ipv6_gateway: addresses.ipv6_gateway(),
                mac_address: lease.mac_address,
                mtu,
                unknown: UnknownFields::new(),
            },
            has_way_out: !self.config.internal,
            nameservers: vec![addresses.ipv4_gateway().into()],
            host_access: addresses.host_access(),
            ports,
        };
        Ok((port, attached))
    }

    /// Lets a machine go.
    pub(super) fn detach(&mut self, now: Duration, port: PortId, stack: &mut Stack, world: &mut World) {
        if let Some(machine) = self.attached.remove(&port) {
            tracing::info!(container = %machine.container, "detached");
        }
        world.unpublish(port);
        stack.remove_port(now, port, world);
        world.close_port(port);
        world.taps.remove_machine(port);
    }

    fn lease(&mut self, request: &AttachRequest) -> Result<Lease, LeaseError> {
        let wanted = LeaseRequest {
            container: &request.container,
            created: request.created,
            mac_address: request.mac_address,
            ipv4_address: request.ipv4_address,
            ipv6_address: request.ipv6_address,
        };
        let known = Known {
            attached: &self.attached,
            store: &self.containers,
        };
        self.leases.take(NetworkAddresses::new(&self.config), &wanted, &known)
    }

    /// A record that cannot be written costs the containers their addresses at the next start, no more.
    fn write_leases(&self) {
        let record = Record::new(self.leases.clone());
        if let Err(error) = write_record(&self.leases_file, &record) {
            tracing::warn!(%error, "the leases cannot be recorded");
        }
    }

    fn mtu(&self, request: &AttachRequest) -> u16 {
        let wanted = request.mtu.or(self.config.mtu()).unwrap_or(DEFAULT_MTU_BYTES);
        wanted.max(LEAST_MTU_BYTES).min(request.device_mtu)
    }

    fn refuse_publishing(&self, error: &PublishError) -> Refusal {
        let hint = match error.source.kind() {
            ErrorKind::AddrInUse => match self.publisher(error.port) {
                Some(container) => format!("container {container} publishes it: container stop {container}"),
                None => holder_hint(error.port, error.proto),
            },
            ErrorKind::PermissionDenied => {
                "choose a port from 1024 up; an administrator can allow lower ones (on Linux: \
                 sysctl net.ipv4.ip_unprivileged_port_start)"
                    .to_owned()
            }
            _ => String::new(),
        };
        Refusal {
            kind: RefusalKind::Port,
            message: error.to_string(),
            hint,
        }
    }

    /// The running container that publishes this port of the host, on whatever network.
    fn publisher(&self, host_port: u16) -> Option<ContainerId> {
        let listing = self.containers.list().ok()?;
        let has_it = |range: &PublishedPort| {
            let last = range.host_port.saturating_add(range.count.saturating_sub(1));
            (range.host_port..=last).contains(&host_port)
        };
        let mut containers = listing.containers.into_iter();
        let found = containers.find(|found| found.state.published_ports.iter().any(has_it))?;
        Some(found.config.id)
    }
}

fn with_prefix_v4(lease: &Lease, network: &NetworkConfig) -> Ipv4Net {
    Ipv4Net::new_assert(lease.ipv4_address, network.ipv4_subnet.prefix_len())
}

fn with_prefix_v6(lease: &Lease, network: &NetworkConfig) -> Ipv6Net {
    Ipv6Net::new_assert(lease.ipv6_address, network.ipv6_subnet.prefix_len())
}

/// The names by which others find a container, each once.
fn names(request: &AttachRequest) -> Vec<String> {
    let own = [request.container.as_str(), &request.hostname];
    let mut names: Vec<String> = Vec::new();
    for name in own.into_iter().chain(request.aliases.iter().map(String::as_str)) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn refuse_lease(error: &LeaseError) -> Refusal {
    let (kind, hint) = match error {
        LeaseError::Full { .. } => (
            RefusalKind::Full,
            "use another network: container network create NAME --subnet 10.99.0.0/16",
        ),
        LeaseError::InUse { .. } | LeaseError::NotForContainers { .. } => (RefusalKind::Address, ""),
    };
    Refusal {
        kind,
        message: error.to_string(),
        hint: hint.to_owned(),
    }
}

fn refuse_port(error: &PortError) -> Refusal {
    Refusal {
        kind: RefusalKind::Address,
        message: error.to_string(),
        hint: String::new(),
    }
}

fn failed(message: &str) -> Refusal {
    Refusal {
        kind: RefusalKind::Failed,
        message: message.to_owned(),
        hint: String::new(),
    }
}

/// What is known of containers: those that are attached here run, and of the others their records and locks tell.
struct Known<'a> {
    attached: &'a HashMap<PortId, Machine>,
    store: &'a ContainerStore,
}

impl Known<'_> {
    fn load(&self, lease: &Lease) -> Option<container_state::Container> {
        let found = self.store.load(&lease.container).ok()?;
        (found.config.created == lease.created).then_some(found)
    }
}

impl Containers for Known<'_> {
    fn exists(&self, lease: &Lease) -> bool {
        self.attached.values().any(|machine| machine.lease == *lease) || self.load(lease).is_some()
    }

    fn runs(&self, lease: &Lease) -> bool {
        let is_attached = self.attached.values().any(|machine| machine.lease == *lease);
        let is_live = || {
            self.load(lease)
                .is_some_and(|found| found.standing == container_model::Standing::Live)
        };
        is_attached || is_live()
    }
}

/// Attaching without a socket makes no sense.
pub(super) fn no_socket() -> Refusal {
    failed(&io::Error::from(ErrorKind::InvalidInput).to_string())
}
