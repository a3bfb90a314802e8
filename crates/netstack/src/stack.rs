//! The network as one machine of states.

mod flows;
mod frames;
mod gateway;

use std::time::Duration;

use crate::echo::EchoFlows;
use crate::gateway_link::Switch;
use crate::link::Link;
use crate::reassembly::REASSEMBLY_TIMEOUT;
use crate::tcp::TcpFlows;
use crate::udp::UdpFlows;
use crate::{FlowId, FlowView, NetworkParameters, Outside, PortCounters, PortError, PortId, PortParameters};

/// A network: its switch, its gateway, and all flows through it.
///
/// Calls with a port or a flow that is not there (any more) do nothing.
#[derive(Debug)]
pub struct Stack {
    switch: Switch,
    tcp: TcpFlows,
    udp: UdpFlows,
    echo: EchoFlows,
    /// When fragments are looked through next for those that wait for too long. They are bounded, so that this need not be in time.
    next_expiry: Duration,
}

impl Stack {
    /// A network without ports. `random_seed` is for what must not be guessed, such as initial sequence numbers.
    #[must_use]
    pub fn new(parameters: NetworkParameters, random_seed: u64) -> Self {
        let limits = parameters.limits;
        Self {
            switch: Switch::new(parameters, random_seed),
            tcp: TcpFlows::new(&limits, random_seed),
            udp: UdpFlows::new(&limits),
            echo: EchoFlows::new(&limits),
            next_expiry: Duration::ZERO,
        }
    }

    /// Adds a machine.
    ///
    /// # Errors
    /// When its addresses are taken or cannot be a machine's, or its MTU is too small for IPv6.
    pub fn add_port(&mut self, parameters: PortParameters) -> Result<PortId, PortError> {
        self.switch.ports.add(&self.switch.network, parameters)
    }

    /// Resets the flows of a port and forgets everything of it.
    pub fn remove_port(&mut self, now: Duration, port: PortId, outside: &mut dyn Outside) {
        let mut link = self.switch.link(outside);
        self.tcp.forget_port(now, port, &mut link);
        self.udp.forget_port(port, &mut link);
        self.echo.forget_port(port, &mut link);
        self.switch.ports.remove(port);
    }

    /// A machine's socket takes frames again.
    pub fn port_writable(&mut self, now: Duration, port: PortId, outside: &mut dyn Outside) {
        let mut link = self.switch.link(outside);
        link.flush(port);
        if link.is_open(port) {
            self.tcp.port_writable(now, port, &mut link);
        }
    }

    /// Does what is due. To be called at [`Self::poll_at`].
    pub fn poll(&mut self, now: Duration, outside: &mut dyn Outside) {
        let mut link = self.switch.link(outside);
        self.tcp.poll(now, &mut link);
        self.udp.poll(now, &mut link);
        self.echo.poll(now, &mut link);
        if now >= self.next_expiry {
            self.next_expiry = now.saturating_add(REASSEMBLY_TIMEOUT);
            for port in self.switch.ports.iter_mut() {
                port.reassembly.expire(now);
            }
        }
    }

    /// When something is due next.
    #[must_use]
    pub fn poll_at(&self) -> Option<Duration> {
        [self.tcp.poll_at(), self.udp.poll_at(), self.echo.poll_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What went through a port.
    #[must_use]
    pub fn counters(&self, port: PortId) -> Option<PortCounters> {
        self.switch.ports.get(port).map(|port| port.counters)
    }

    /// Bytes that are held of a port's traffic beside TCP: frames that its socket did not take, and fragments.
    #[must_use]
    pub fn held_bytes(&self, port: PortId) -> Option<usize> {
        self.switch
            .ports
            .get(port)
            .map(|port| port.queued_bytes() + port.reassembly.held_bytes())
    }

    /// The machine that has a flow of TCP or UDP.
    #[must_use]
    pub fn port_of(&self, flow: FlowId) -> Option<PortId> {
        self.tcp.port_of(flow).or_else(|| self.udp.port_of(flow))
    }

    /// All flows.
    pub fn flows(&self) -> impl Iterator<Item = FlowView> + '_ {
        self.tcp.views().chain(self.udp.views()).chain(self.echo.views())
    }
}
