//! Questions about names: what the network knows itself, and sockets to the resolvers of the host for the rest.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use container_model::{NetworkConfig, NetworkName};
use container_netstack::PortId;
use container_state::AppPaths;

use super::attach::Machine;
use super::domains::Domains;
use super::happened::Happened;
use super::lookup::{LookUp, LookUps, Outcome};
use super::upstream::Upstream;
use super::world::{Asker, Question, World};
use crate::names::{Action, Answer, Answerer, Forwarder, HostResolvers, Limits, Over, UpstreamId, Zone};
use crate::network_addresses::NetworkAddresses;

/// The names of the network and the way to those of the world.
pub(super) struct Names {
    answerer: Answerer,
    forwarder: Forwarder,
    resolvers: HostResolvers,
    upstreams: HashMap<u64, Upstream>,
    lookups: LookUps,
    domains: Domains,
    /// The other networks of machines' containers.
    others: HashMap<PortId, Vec<NetworkName>>,
}

impl Names {
    /// `shared_domain`: see [`Zone::shared_domain`].
    pub(super) fn new(
        paths: &AppPaths,
        config: &NetworkConfig,
        shared_domain: Option<String>,
        resolvers: HostResolvers,
    ) -> Self {
        let (watched, domains) = Domains::new(paths);
        let zone = Zone {
            network: config.name.to_string(),
            domains,
            shared_domain,
            ipv4_subnet: config.ipv4_subnet,
            ipv6_subnet: config.ipv6_subnet,
            host_access: NetworkAddresses::new(config).host_access(),
            has_way_out: !config.internal,
        };
        // Nobody may foresee them. A system that gives no random bytes has refused to start this process before.
        let identifiers = || {
            let mut identifier = [0; 2];
            let _ = getrandom::fill(&mut identifier);
            u16::from_ne_bytes(identifier)
        };
        Self {
            answerer: Answerer::new(zone),
            forwarder: Forwarder::new(Limits::default(), identifiers),
            resolvers,
            upstreams: HashMap::new(),
            lookups: LookUps::new(paths),
            domains: watched,
            others: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, port: PortId, machine: &Machine) {
        let lease = &machine.lease;
        let (ipv4, ipv6) = (Some(lease.ipv4_address), Some(lease.ipv6_address));
        self.answerer
            .table_mut()
            .insert(port.0.into(), &machine.names, ipv4, ipv6);
        self.set_other_networks(port, machine.other_networks.clone());
    }

    /// Names that this network does not know are looked for on these for the machine.
    pub(super) fn set_other_networks(&mut self, port: PortId, others: Vec<NetworkName>) {
        self.others.insert(port, others);
    }

    pub(super) fn remove(&mut self, port: PortId, world: &mut World) {
        self.answerer.table_mut().remove(port.0.into());
        self.forwarder.forget_machine(port.0.into());
        self.others.remove(&port);
        self.act(Duration::ZERO, world);
    }

    pub(super) fn poll_at(&self) -> Option<Duration> {
        [self.forwarder.next_deadline(), self.lookups.poll_at()]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn poll(&mut self, now: Duration, world: &mut World) {
        self.forwarder.expire(now);
        for outcome in self.lookups.expire(now, world) {
            self.settle(now, outcome, world);
        }
        self.act(now, world);
    }

    /// Answers a question of a machine, now or later.
    pub(super) fn ask(&mut self, now: Duration, machine: Option<PortId>, question: Question, world: &mut World) {
        let Question { asker, message } = question;
        self.read_domains(now);
        let over = if asker.is_datagram { Over::Udp } else { Over::Tcp };
        let otherwise = match self.answerer.answer(&message, over) {
            Answer::Reply(reply) if !is_no_such_name(&reply) => return deliver(asker, Some(reply), world),
            Answer::Ignore => return deliver(asker, None, world),
            Answer::Reply(reply) => Some(reply),
            Answer::Forward => None,
        };
        // The machine has left.
        let Some(machine) = machine else {
            return;
        };
        let lookup = LookUp {
            asker,
            machine,
            message,
            otherwise,
            networks: self.others.get(&machine).into_iter().flatten().cloned().collect(),
        };
        if let Some(outcome) = self.lookups.ask(now, lookup, world) {
            self.settle(now, outcome, world);
        }
    }

    /// Another network of a container has answered, or none knows.
    pub(super) fn receive_looked_up(&mut self, now: Duration, number: u64, world: &mut World) {
        if let Some(outcome) = self.lookups.receive(now, number, world) {
            self.settle(now, outcome, world);
        }
    }

    /// What this network knows itself of a question; `None` when that is nothing.
    pub(super) fn look_up(&mut self, now: Duration, message: &[u8], is_datagram: bool) -> Option<Vec<u8>> {
        self.read_domains(now);
        let over = if is_datagram { Over::Udp } else { Over::Tcp };
        match self.answerer.answer(message, over) {
            Answer::Reply(reply) => (!is_no_such_name(&reply)).then_some(reply),
            Answer::Forward | Answer::Ignore => None,
        }
    }

    fn read_domains(&mut self, now: Duration) {
        if let Some(domains) = self.domains.changed(now) {
            self.answerer.table_mut().set_domains(&domains);
        }
    }

    fn settle(&mut self, now: Duration, outcome: Outcome, world: &mut World) {
        let lookup = match outcome {
            Outcome::Known(asker, reply) => return deliver(asker, Some(reply), world),
            Outcome::Unknown(lookup) => lookup,
        };
        if let Some(reply) = lookup.otherwise {
            return deliver(lookup.asker, Some(reply), world);
        }
        if self.resolvers.refresh(now) {
            self.forwarder.set_servers(&self.resolvers.current().servers);
        }
        let over = if lookup.asker.is_datagram { Over::Udp } else { Over::Tcp };
        let machine = lookup.machine.0.into();
        self.forwarder
            .submit(now, machine, lookup.asker.token(), &lookup.message, over);
        self.act(now, world);
    }

    /// Something came on a socket to a resolver.
    pub(super) fn receive(&mut self, now: Duration, number: u64, world: &mut World) {
        let upstream = UpstreamId(number);
        let Some(socket) = self.upstreams.get_mut(&number) else {
            return;
        };
        let outcome = socket.receive();
        match outcome {
            Ok(messages) => {
                for message in messages {
                    self.forwarder.received(now, upstream, &message);
                }
            }
            Err(_) => self.forwarder.failed(now, upstream),
        }
        self.act(now, world);
    }

    fn keep(&mut self, now: Duration, upstream: UpstreamId, opened: io::Result<Upstream>) {
        match opened {
            Ok(socket) => {
                self.upstreams.insert(upstream.0, socket);
            }
            Err(_) => self.forwarder.failed(now, upstream),
        }
    }

    fn act(&mut self, now: Duration, world: &mut World) {
        while let Some(action) = self.forwarder.next_action() {
            match action {
                Action::Send {
                    upstream,
                    server,
                    bytes,
                } => {
                    let opened = Upstream::datagrams(upstream, server, &bytes, world);
                    self.keep(now, upstream, opened);
                }
                Action::SendTcp {
                    upstream,
                    server,
                    bytes,
                } => {
                    let opened = Upstream::connection(upstream, server, &bytes, world);
                    self.keep(now, upstream, opened);
                }
                Action::Close { upstream } => {
                    if let Some(socket) = self.upstreams.remove(&upstream.0) {
                        world.tokens.remove(socket.token());
                    }
                }
                Action::Reply { token, bytes } => {
                    deliver(Asker::of_token(token), Some(bytes), world);
                }
            }
        }
    }
}

/// Whether a reply says that there is no such name: `NXDOMAIN`, RFC 1035, 4.1.1.
fn is_no_such_name(reply: &[u8]) -> bool {
    reply.get(3).is_some_and(|flags| flags & 0xf == 3)
}

/// Gives a machine its answer; `None` when there is none.
fn deliver(asker: Asker, reply: Option<Vec<u8>>, world: &mut World) {
    let Asker { flow, is_datagram } = asker;
    if is_datagram {
        world
            .happened
            .extend(reply.map(|reply| Happened::Datagram(flow, reply)));
        return;
    }
    world.answer_question(flow, reply.as_deref());
}
