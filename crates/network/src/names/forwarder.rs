//! The way of a query to the resolvers of the host and of the answer back, without sockets.
//!
//! The driver of a [`Forwarder`] takes its [`Action`]s after each call, and reports what came of them. It opens a fresh socket for each
//! [`Action::Send`], bound to a port that the system chooses at random and connected to the resolver, so that an answer is believed only
//! if it comes from there, to that port, with the identifier and the question that were sent (RFC 5452, section 9). It closes the socket
//! at [`Action::Close`], which follows in every case.
//!
//! Each resolver is asked once for two seconds, then the next; after two rounds the client gets SERVFAIL. A resolver that was silent is
//! asked last for a while, so that one that is gone does not delay every query. What one machine may have under way is limited, and so
//! is the whole: beyond that SERVFAIL is the answer at once.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::ResponseCode;

use super::Over;
use super::wire::QUERY_MAX_BYTES;

mod action;
mod exchange;

pub use action::{Action, Limits, UpstreamId};
use exchange::{Exchange, Verdict};

/// How long one resolver has for an answer.
const SERVER_TIMEOUT: Duration = Duration::from_secs(2);

/// How often all resolvers are asked.
const ROUNDS: usize = 2;

/// How long a resolver that was silent is asked after the others.
const SILENT_FOR: Duration = Duration::from_secs(10);

/// Forwards queries.
pub struct Forwarder {
    identifiers: Box<dyn FnMut() -> u16 + Send>,
    limits: Limits,
    servers: Vec<Server>,
    next_upstream: u64,
    exchanges: HashMap<UpstreamId, Exchange>,
    /// When the attempts under way have taken too long.
    deadlines: BTreeSet<(Duration, UpstreamId)>,
    /// How many queries each machine has under way; none is not kept.
    per_machine: HashMap<u64, usize>,
    actions: VecDeque<Action>,
}

#[derive(Debug, Clone, Copy)]
struct Server {
    address: SocketAddr,
    /// Until when it is asked after the others.
    silent_until: Duration,
}

impl Forwarder {
    /// Forwards to nobody yet. `identifiers` gives the identifiers of the messages to resolvers, which nobody may be able to foresee.
    #[must_use]
    pub fn new(limits: Limits, identifiers: impl FnMut() -> u16 + Send + 'static) -> Self {
        Self {
            identifiers: Box::new(identifiers),
            limits,
            servers: Vec::new(),
            next_upstream: 0,
            exchanges: HashMap::new(),
            deadlines: BTreeSet::new(),
            per_machine: HashMap::new(),
            actions: VecDeque::new(),
        }
    }

    /// The resolvers that are asked from now on, the first one first. What is under way with others goes on with those it began with.
    pub fn set_servers(&mut self, servers: &[SocketAddr]) {
        let known = |address: SocketAddr| self.servers.iter().find(|server| server.address == address).copied();
        let fresh = |address| Server {
            address,
            silent_until: Duration::ZERO,
        };
        self.servers = servers
            .iter()
            .map(|&address| known(address).unwrap_or_else(|| fresh(address)))
            .collect();
    }

    /// Forwards a query for which [`super::Answerer::answer`] said so. [`Action::Reply`] with the token follows in every case except
    /// [`Forwarder::forget_machine`]; a message that is no query has none.
    pub fn submit(&mut self, now: Duration, machine: u64, token: u64, query: &[u8], over: Over) {
        let under_way = self.per_machine.get(&machine).copied().unwrap_or(0);
        let Some(exchange) = Exchange::new(machine, token, query, over, self.order(now)) else {
            return;
        };
        let is_too_large = query.len() > usize::from(QUERY_MAX_BYTES);
        if is_too_large || under_way >= self.limits.per_machine || self.exchanges.len() >= self.limits.total {
            self.reply(&exchange, exchange.failure(ResponseCode::ServFail));
            return;
        }
        *self.per_machine.entry(machine).or_default() += 1;
        self.attempt(now, exchange);
    }

    /// A message came on the socket of an attempt.
    pub fn received(&mut self, now: Duration, upstream: UpstreamId, bytes: &[u8]) {
        let Some(exchange) = self.exchanges.get_mut(&upstream) else {
            return;
        };
        match exchange.judge(bytes) {
            Verdict::Foreign => {}
            Verdict::Answer(reply) => {
                if let Some(exchange) = self.end(upstream) {
                    self.finish(&exchange, reply);
                }
            }
            Verdict::Refusal => {
                if let Some(exchange) = self.end(upstream) {
                    self.attempt(now, exchange);
                }
            }
        }
    }

    /// The socket of an attempt could not be opened, or broke: the next resolver is asked.
    pub fn failed(&mut self, now: Duration, upstream: UpstreamId) {
        if let Some(exchange) = self.end(upstream) {
            self.attempt(now, exchange);
        }
    }

    /// When [`Forwarder::expire`] has something to do; `None` while nothing is under way.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// Gives up the attempts that have taken too long.
    pub fn expire(&mut self, now: Duration) {
        while let Some(&(deadline, upstream)) = self.deadlines.first()
            && deadline <= now
        {
            let Some(exchange) = self.end(upstream) else {
                self.deadlines.remove(&(deadline, upstream));
                continue;
            };
            let silent = exchange.silent_server();
            for server in self.servers.iter_mut().filter(|server| Some(server.address) == silent) {
                server.silent_until = now + SILENT_FOR;
            }
            self.attempt(now, exchange);
        }
    }

    /// Forgets the queries of a machine, which gets no reply any more.
    pub fn forget_machine(&mut self, machine: u64) {
        let of_machine =
            |(&upstream, exchange): (&UpstreamId, &Exchange)| (exchange.machine == machine).then_some(upstream);
        let upstreams: Vec<UpstreamId> = self.exchanges.iter().filter_map(of_machine).collect();
        for upstream in upstreams {
            self.end(upstream);
        }
        self.per_machine.remove(&machine);
    }

    /// What the driver is to do next; `None` when that is all for now.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// How many queries are under way.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.exchanges.len()
    }

    /// The resolvers in the order in which a new query asks them.
    fn order(&self, now: Duration) -> Vec<SocketAddr> {
        let mut servers = self.servers.clone();
        servers.sort_by_key(|server| server.silent_until > now);
        servers.iter().map(|server| server.address).collect()
    }

    /// Asks the next resolver, or tells the client that none has answered.
    fn attempt(&mut self, now: Duration, mut exchange: Exchange) {
        let identifier = (self.identifiers)();
        let Some((server, over, bytes)) = exchange.next_attempt(identifier) else {
            let reply = exchange.failure(exchange.refusal.unwrap_or(ResponseCode::ServFail));
            self.finish(&exchange, reply);
            return;
        };
        let upstream = UpstreamId(self.next_upstream);
        self.next_upstream += 1;
        exchange.deadline = now + SERVER_TIMEOUT;
        self.deadlines.insert((exchange.deadline, upstream));
        self.exchanges.insert(upstream, exchange);
        self.actions.push_back(match over {
            Over::Udp => Action::Send {
                upstream,
                server,
                bytes,
            },
            Over::Tcp => Action::SendTcp {
                upstream,
                server,
                bytes,
            },
        });
    }

    /// Ends an attempt.
    fn end(&mut self, upstream: UpstreamId) -> Option<Exchange> {
        let exchange = self.exchanges.remove(&upstream)?;
        self.deadlines.remove(&(exchange.deadline, upstream));
        self.actions.push_back(Action::Close { upstream });
        Some(exchange)
    }

    fn finish(&mut self, exchange: &Exchange, reply: Option<Vec<u8>>) {
        if let Some(count) = self.per_machine.get_mut(&exchange.machine) {
            *count -= 1;
            if *count == 0 {
                self.per_machine.remove(&exchange.machine);
            }
        }
        self.reply(exchange, reply);
    }

    fn reply(&mut self, exchange: &Exchange, reply: Option<Vec<u8>>) {
        let token = exchange.token;
        self.actions.extend(reply.map(|bytes| Action::Reply { token, bytes }));
    }
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (servers, pending) = (&self.servers, self.pending());
        f.debug_struct("Forwarder")
            .field("servers", servers)
            .field("pending", &pending)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
