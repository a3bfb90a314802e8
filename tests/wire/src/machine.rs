//! A TCP/IP host attached to a network in the place of a machine.

use std::net::{IpAddr, SocketAddr};
use std::ops::{Deref, DerefMut};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use container_model::PublishedPort;
use container_network::{AttachRequest, Attached, frame_pair};
use smoltcp::socket::tcp;

use crate::line::Line;
use crate::request::attach_request;
use crate::{Endpoint, Network};

/// A port on which the gateway does not listen (RFC 863).
const DISCARD_PORT: u16 = 9;
/// The gateway answers in that time.
const GATEWAY_LIMIT: Duration = Duration::from_secs(60);

/// A machine, which is its [`Endpoint`] and the attachment of that.
pub struct Machine {
    /// What the process said when it attached the machine.
    pub attached: Attached,
    endpoint: Endpoint,
    request: AttachRequest,
    connection: UnixStream,
    switch_end: UnixDatagram,
}

impl Machine {
    /// Attaches a machine of this name whose IP packets have at most `mtu` bytes.
    ///
    /// # Panics
    /// When the process does not take it.
    #[must_use]
    pub fn attach(network: &Network, name: &str, mtu: u16, ports: Vec<PublishedPort>) -> Self {
        let request = attach_request(name, mtu, ports);
        let line = frame_pair().unwrap();
        let attachment = network.client.attach(&request, &line.switch).unwrap();
        let (attached, connection) = attachment.into_connection();
        let address = attached.status.ipv4_address;
        let endpoint = Endpoint::new(
            Line::datagrams(line.machine),
            usize::from(attached.status.mtu),
            attached.status.mac_address.bytes(),
            address.addr().into(),
            address.prefix_len(),
        );
        Self {
            attached,
            endpoint,
            request,
            connection,
            switch_end: line.switch,
        }
    }

    /// Has the gateway refuse a connection, after which its hardware address is known. While smoltcp has yet to ask for that address, it
    /// loses what it would answer to a packet, such as a reset; other hosts hold it back until they know.
    ///
    /// # Panics
    /// When it does not refuse.
    pub fn learn_gateway(&mut self) {
        let gateway = SocketAddr::new(self.attached.status.ipv4_gateway.into(), DISCARD_PORT);
        let handle = self.socket(64);
        self.connect(handle, gateway);
        self.wait(GATEWAY_LIMIT, |machine| {
            (machine.tcp(handle).state() == tcp::State::Closed).then_some(())
        });
        self.sockets.remove(handle);
    }

    /// Attaches the machine again to the process that takes the place of a lost one.
    ///
    /// # Panics
    /// When the process does not take it.
    pub fn attach_again(&mut self, network: &Network) {
        self.request.ports.clone_from(&self.attached.ports);
        let attachment = network.client.attach(&self.request, &self.switch_end).unwrap();
        (self.attached, self.connection) = attachment.into_connection();
    }

    /// The connection to the process, which belongs to the port of the switch.
    #[must_use]
    pub fn connection(&self) -> &UnixStream {
        &self.connection
    }

    /// The address that leads to the host's loopback.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn host(&self, port: u16) -> SocketAddr {
        let host = self.attached.host_access.iter().find(|address| address.is_ipv4());
        SocketAddr::new(*host.unwrap(), port)
    }

    /// The address of the host at which the machine's only port is published.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn published(&self) -> SocketAddr {
        let port = self.attached.ports.first().unwrap();
        let address = port.host_address.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
        SocketAddr::new(address, port.host_port)
    }
}

impl Deref for Machine {
    type Target = Endpoint;

    fn deref(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl DerefMut for Machine {
    fn deref_mut(&mut self) -> &mut Endpoint {
        &mut self.endpoint
    }
}
