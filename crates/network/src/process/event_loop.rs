//! Waiting for sockets, and telling the state machine.

use std::collections::{HashSet, VecDeque};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use container_model::NetworkConfig;
use container_netstack::{ConnectFailure, Ipv4Parameters, Ipv6Parameters, Limits, NetworkParameters, Stack};
use container_state::AppPaths;
use mio::net::UnixListener;
use mio::{Events, Interest, Poll};

use super::attach::Machines;
use super::clients::Clients;
use super::happened::Happened;
use super::own::{OwnError, Owned};
use super::resolver::Names;
use super::tokens::Source;
use super::world::{Received, World};
use crate::names::HostResolvers;
use crate::network_addresses::NetworkAddresses;

/// How long the process waits for the first machine.
const FIRST_MACHINE_LIMIT: Duration = Duration::from_secs(10);
/// How long it waits for another one after the last has left: a script that starts one container after the other finds it.
pub(super) const LINGER: Duration = Duration::from_millis(500);

/// Frames that are taken from one machine before the others have their turn.
const FRAME_BURST: usize = 64;
/// Pause before frames are tried again that found no room without the system's saying when there is some.
const UNANNOUNCED_PAUSE: Duration = Duration::from_millis(1);

/// Largest Ethernet frame, and largest datagram, bytes.
const BUFFER_BYTES: usize = 1 << 17;

/// Events that are taken at once.
const EVENTS: usize = 256;

/// Hardware address of every network's gateway: locally administered.
const GATEWAY_MAC: [u8; 6] = [0xf2, 0xff, 0, 0, 0, 1];

/// The process of a network at work.
pub(super) struct EventLoop<'a> {
    owned: &'a Owned,
    poll: Poll,
    pub(super) listener: UnixListener,
    begun: Instant,
    pub(super) stack: Stack,
    pub(super) world: World,
    pub(super) names: Names,
    pub(super) machines: Machines,
    pub(super) clients: Clients,
    /// Sources that may have more than was taken from them.
    again: VecDeque<Source>,
    is_again: HashSet<Source>,
    pub(super) buffer: Vec<u8>,
    /// When the process ends if no machine comes.
    pub(super) end_at: Option<Duration>,
}

impl<'a> EventLoop<'a> {
    pub(super) fn new(
        paths: &AppPaths,
        owned: &'a Owned,
        shared_domain: Option<String>,
        resolvers: HostResolvers,
    ) -> Result<Self, OwnError> {
        let failed = |source| OwnError::Events { source };
        let poll = Poll::new().map_err(failed)?;
        let registry = poll.registry().try_clone().map_err(failed)?;
        let mut world = World::new(registry);
        let listener = owned.listener().map_err(failed)?;
        let mut listener = UnixListener::from_std(listener);
        world
            .register(&mut listener, Source::Control, Interest::READABLE)
            .map_err(failed)?;
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(|error| failed(error.into()))?;
        let seed = u64::from_ne_bytes(seed);
        Ok(Self {
            owned,
            poll,
            listener,
            begun: Instant::now(),
            stack: Stack::new(parameters(&owned.config), seed),
            world,
            names: Names::new(paths, &owned.config, shared_domain, resolvers),
            machines: Machines::new(paths, owned.config.clone(), &owned.directory),
            clients: Clients::default(),
            again: VecDeque::new(),
            is_again: HashSet::new(),
            buffer: vec![0; BUFFER_BYTES],
            end_at: Some(FIRST_MACHINE_LIMIT),
        })
    }

    pub(super) fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Serves until no machine is left.
    pub(super) fn run(mut self) -> Result<(), OwnError> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let now = self.now();
            if self.end_at.is_some_and(|end_at| end_at <= now) {
                tracing::info!(network = %self.owned.config.name, "nobody uses the network");
                return Ok(());
            }
            match self.poll.poll(&mut events, self.pause(now)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(OwnError::Events { source: error }),
                _ => {}
            }
            let turn = std::mem::take(&mut self.again);
            self.is_again.clear();
            for event in &events {
                if let Some(source) = self.world.tokens.get(event.token()) {
                    let is_writable = event.is_writable();
                    let is_readable = event.is_readable() || event.is_read_closed() || event.is_error();
                    self.serve(source, is_readable, is_writable);
                }
            }
            for source in turn {
                let mut is_writable = false;
                if let Source::Tcp(flow) = source {
                    self.world.take_questions(flow);
                    is_writable = true;
                }
                self.serve(source, true, is_writable);
            }
            self.serve_due();
        }
    }

    /// How long nothing is due.
    fn pause(&self, now: Duration) -> Option<Duration> {
        if !self.again.is_empty() {
            return Some(Duration::ZERO);
        }
        let is_unannounced = self.world.ports.values().any(|port| port.is_unannounced);
        let unannounced = is_unannounced.then(|| now + UNANNOUNCED_PAUSE);
        let due = [self.stack.poll_at(), self.names.poll_at(), self.end_at, unannounced];
        let next = due.into_iter().flatten().min()?;
        Some(next.saturating_sub(now))
    }

    fn serve(&mut self, source: Source, is_readable: bool, is_writable: bool) {
        let now = self.now();
        match source {
            Source::Control => self.accept_clients(),
            Source::Client(number) => self.serve_client(number),
            Source::Port(port) => {
                if is_writable {
                    self.stack.port_writable(now, port, &mut self.world);
                }
                if is_readable {
                    self.take_frames(source);
                }
            }
            Source::Tcp(flow) => {
                if self.world.has_connected(flow) {
                    if is_writable {
                        self.stack.tcp_writable(now, flow, &mut self.world);
                    }
                    if is_readable {
                        self.stack.tcp_readable(now, flow, &mut self.world);
                    }
                }
            }
            Source::Udp(flow) => {
                if self.world.receive_datagrams(flow, &mut self.buffer) {
                    self.serve_again(source);
                }
            }
            Source::Echo(flow) => {
                for (sequence, payload) in self.world.receive_echoes(flow) {
                    self.stack.echo_received(now, flow, sequence, &payload, &mut self.world);
                }
            }
            Source::Published(number) => self.accept_published(number),
            Source::LookUp(number) => self.names.receive_looked_up(now, number, &mut self.world),
            Source::Resolver(number) => self.names.receive(now, number, &mut self.world),
        }
        self.tell();
    }

    pub(super) fn serve_again(&mut self, source: Source) {
        if self.is_again.insert(source) {
            self.again.push_back(source);
        }
    }

    /// Does what time demands.
    fn serve_due(&mut self) {
        let now = self.now();
        for port in self.world.take_unannounced() {
            self.stack.port_writable(now, port, &mut self.world);
        }
        if self.stack.poll_at().is_some_and(|at| at <= now) {
            self.stack.poll(now, &mut self.world);
        }
        self.names.poll(now, &mut self.world);
        self.tell();
        let Self { world, clients, .. } = self;
        world.taps.flush(|client, bytes| clients.send_some(client, bytes));
    }

    /// Tells the state machine what has happened while it was at work.
    fn tell(&mut self) {
        loop {
            let now = self.now();
            while let Some(question) = self.world.questions.pop_front() {
                let asker = self.stack.port_of(question.asker.flow);
                self.names.ask(now, asker, question, &mut self.world);
            }
            let Some(happened) = self.world.happened.pop_front() else {
                return;
            };
            let world = &mut self.world;
            match happened {
                Happened::Connected(flow) => self.stack.tcp_connected(now, flow, world),
                Happened::ConnectFailed(flow, why) => self.stack.tcp_failed(now, flow, why, world),
                Happened::Readable(flow) => self.stack.tcp_readable(now, flow, world),
                Happened::NamesWanted(flow) => match self.stack.port_of(flow) {
                    Some(machine) if world.connect_names(flow, machine) => self.stack.tcp_connected(now, flow, world),
                    _ => self.stack.tcp_failed(now, flow, ConnectFailure::Refused, world),
                },
                // Others have their turn before.
                Happened::MayAsk(flow) => self.serve_again(Source::Tcp(flow)),
                Happened::Datagram(flow, payload) => self.stack.udp_received(now, flow, &payload, world),
                Happened::UdpRefused(flow) => self.stack.udp_refused(now, flow, world),
                Happened::EchoRefused(flow, sequence) => self.stack.echo_refused(now, flow, sequence, world),
            }
        }
    }

    fn take_frames(&mut self, source: Source) {
        let Source::Port(port) = source else {
            return;
        };
        let now = self.now();
        let mut has_more = true;
        for _ in 0..FRAME_BURST {
            match self.world.receive_frame(port, &mut self.buffer) {
                Received::Frame(length) => {
                    let frame = self.buffer.get(..length).unwrap_or_default();
                    self.stack.frame_of_burst(now, port, frame, &mut self.world);
                }
                // The launcher, which has an end of it as well, tells when the machine is gone for good.
                Received::Empty | Received::Gone => {
                    has_more = false;
                    break;
                }
            }
        }
        self.stack.end_burst(now, &mut self.world);
        if has_more {
            self.serve_again(source);
        }
    }
}

fn parameters(network: &NetworkConfig) -> NetworkParameters {
    let addresses = NetworkAddresses::new(network);
    let has_host_access = !addresses.host_access().is_empty();
    NetworkParameters {
        gateway_mac: GATEWAY_MAC,
        ipv4: Ipv4Parameters {
            gateway: addresses.ipv4_gateway(),
            prefix_length: network.ipv4_subnet.prefix_len(),
            host_access: has_host_access.then(|| addresses.ipv4_host_access()),
        },
        ipv6: Ipv6Parameters {
            gateway: addresses.ipv6_gateway(),
            prefix_length: network.ipv6_subnet.prefix_len(),
            host_access: has_host_access.then(|| addresses.ipv6_host_access()),
        },
        is_internal: network.internal,
        limits: Limits::default(),
    }
}

impl From<io::Error> for OwnError {
    fn from(source: io::Error) -> Self {
        Self::Events { source }
    }
}
