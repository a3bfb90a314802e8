//! What sockets of the host have to say to flows.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::Stack;
use crate::destination::visible_client;
use crate::ports::Port;
use crate::tcp::TcpPort;
use crate::{ConnectFailure, FlowId, NetworkParameters, Outside, PortId};

impl Stack {
    /// The connection that [`Outside::tcp_connect`] began is there.
    pub fn tcp_connected(&mut self, now: Duration, flow: FlowId, outside: &mut dyn Outside) {
        self.tcp.connected(now, flow, &mut self.switch.link(outside));
    }

    /// The connection that [`Outside::tcp_connect`] began could not be made.
    pub fn tcp_failed(&mut self, now: Duration, flow: FlowId, why: ConnectFailure, outside: &mut dyn Outside) {
        self.tcp.failed(now, flow, why, &mut self.switch.link(outside));
    }

    /// The peer of a connection has sent something, or ended it.
    pub fn tcp_readable(&mut self, now: Duration, flow: FlowId, outside: &mut dyn Outside) {
        self.tcp.readable(now, flow, &mut self.switch.link(outside));
    }

    /// The peer of a connection takes bytes again.
    pub fn tcp_writable(&mut self, now: Duration, flow: FlowId, outside: &mut dyn Outside) {
        self.tcp.writable(now, flow, &mut self.switch.link(outside));
    }

    /// A client of a published TCP port was accepted: connects to `to_port` of the machine. It sees `client`, or the gateway if that is
    /// `None` or its answers to it would not lead outside. `None` if there are too many flows.
    pub fn tcp_accepted(
        &mut self,
        now: Duration,
        port: PortId,
        to_port: u16,
        is_ipv6: bool,
        client: Option<SocketAddr>,
        outside: &mut dyn Outside,
    ) -> Option<FlowId> {
        let state = self.switch.ports.get(port)?;
        let (machine, peer) = ends(&self.switch.network, state, to_port, is_ipv6, client);
        let tcp_port = TcpPort {
            id: port,
            mtu_bytes: state.parameters.mtu_bytes,
        };
        self.tcp
            .accepted(now, &tcp_port, machine, peer, &mut self.switch.link(outside))
    }

    /// The peer of a flow of datagrams has sent one.
    pub fn udp_received(&mut self, now: Duration, flow: FlowId, payload: &[u8], outside: &mut dyn Outside) {
        self.udp.received(now, flow, payload, &mut self.switch.link(outside));
    }

    /// The peer's host says that nobody takes the flow's datagrams.
    pub fn udp_refused(&mut self, _now: Duration, flow: FlowId, outside: &mut dyn Outside) {
        let network = self.switch.network;
        self.udp
            .refused(flow, |peer| spokesman(&network, peer), &mut self.switch.link(outside));
    }

    /// A client of a published UDP port has sent its first datagram: opens a flow to `to_port` of the machine and delivers it. Later ones
    /// go to [`Self::udp_received`]. The machine sees `client`, or the gateway if that is `None` or its answers to it would not lead
    /// outside. `None` if there is no such port. If the machine sees two clients as one, their flow is the same.
    #[expect(
        clippy::too_many_arguments,
        reason = "each says something else, and there is one caller"
    )]
    pub fn udp_accepted(
        &mut self,
        now: Duration,
        port: PortId,
        to_port: u16,
        is_ipv6: bool,
        client: Option<SocketAddr>,
        payload: &[u8],
        outside: &mut dyn Outside,
    ) -> Option<FlowId> {
        let state = self.switch.ports.get(port)?;
        let (machine, peer) = ends(&self.switch.network, state, to_port, is_ipv6, client);
        let mut link = self.switch.link(outside);
        let flow = self.udp.accepted(now, port, machine, peer, &mut link)?;
        self.udp.received(now, flow, payload, &mut link);
        Some(flow)
    }

    /// The peer of a flow of echoes has answered.
    pub fn echo_received(
        &mut self,
        now: Duration,
        flow: FlowId,
        sequence: u16,
        payload: &[u8],
        outside: &mut dyn Outside,
    ) {
        self.echo
            .received(now, flow, sequence, payload, &mut self.switch.link(outside));
    }

    /// This host cannot send echoes.
    pub fn echo_refused(&mut self, _now: Duration, flow: FlowId, sequence: u16, outside: &mut dyn Outside) {
        let network = self.switch.network;
        self.echo.refused(
            flow,
            sequence,
            |peer| spokesman(&network, peer),
            &mut self.switch.link(outside),
        );
    }
}

/// The two ends of a client's flow as the machine sees them. The peer's port is 0 if one of the gateway's has to be chosen.
fn ends(
    network: &NetworkParameters,
    port: &Port,
    to_port: u16,
    is_ipv6: bool,
    client: Option<SocketAddr>,
) -> (SocketAddr, SocketAddr) {
    let gateway = if is_ipv6 {
        network.ipv6.gateway.into()
    } else {
        IpAddr::from(network.ipv4.gateway)
    };
    let client = client.and_then(|client| visible_client(network, client, is_ipv6));
    let peer = client.unwrap_or(SocketAddr::new(gateway, 0));
    (SocketAddr::new(port.address_like(gateway), to_port), peer)
}

/// Which address of the gateway says what became of a packet to `destination`.
pub(super) fn spokesman(network: &NetworkParameters, destination: IpAddr) -> IpAddr {
    let (gateway, host_access) = match destination {
        IpAddr::V4(_) => (
            IpAddr::from(network.ipv4.gateway),
            network.ipv4.host_access.map(IpAddr::from),
        ),
        IpAddr::V6(_) => (
            IpAddr::from(network.ipv6.gateway),
            network.ipv6.host_access.map(IpAddr::from),
        ),
    };
    host_access.filter(|address| *address == destination).unwrap_or(gateway)
}
