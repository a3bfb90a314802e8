//! Asking the other networks of a container for a name.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::time::Duration;

use container_model::NetworkName;
use container_netstack::PortId;
use container_state::AppPaths;
use mio::net::UnixStream;
use mio::{Interest, Token};

use super::tokens::Source;
use super::world::{Asker, World};
use crate::place;
use crate::protocol::{LINE_MAX_BYTES, Reply, Request, from_line, to_line};

/// How long one network has for its answer: it knows it or not.
const LIMIT: Duration = Duration::from_millis(500);

/// Questions that are asked of others at once, of all machines and of one.
const LOOKUPS_MAX: usize = 1024;
const LOOKUPS_PER_MACHINE_MAX: usize = 256;

/// A question that others are asked.
#[derive(Debug)]
pub(super) struct LookUp {
    pub(super) asker: Asker,
    pub(super) machine: PortId,
    pub(super) message: Vec<u8>,
    /// What is answered if nobody knows more; `None`: the resolvers of the host are asked.
    pub(super) otherwise: Option<Vec<u8>>,
    /// The networks that are still to be asked.
    pub(super) networks: VecDeque<NetworkName>,
}

/// One that waits for a network.
struct Waiting {
    lookup: LookUp,
    stream: UnixStream,
    token: Token,
    incoming: Vec<u8>,
    deadline: Duration,
}

/// What came of a question.
pub(super) enum Outcome {
    /// A network knows.
    Known(Asker, Vec<u8>),
    /// Nobody does.
    Unknown(LookUp),
}

/// The questions that others are asked.
pub(super) struct LookUps {
    paths: AppPaths,
    waiting: HashMap<u64, Waiting>,
    /// How many of them each machine has; none is not kept.
    per_machine: HashMap<PortId, usize>,
    next: u64,
}

impl LookUps {
    pub(super) fn new(paths: &AppPaths) -> Self {
        Self {
            paths: paths.clone(),
            waiting: HashMap::new(),
            per_machine: HashMap::new(),
            next: 0,
        }
    }

    /// Asks the next network. `Some`: nobody is left.
    pub(super) fn ask(&mut self, now: Duration, mut lookup: LookUp, world: &mut World) -> Option<Outcome> {
        while let Some(network) = lookup.networks.pop_front() {
            let of_machine = self.per_machine.get(&lookup.machine).copied().unwrap_or_default();
            if self.waiting.len() >= LOOKUPS_MAX || of_machine >= LOOKUPS_PER_MACHINE_MAX {
                break;
            }
            let number = self.next;
            // One that has ended has no names.
            if let Ok((stream, token)) = self.send(&network, number, &lookup, world) {
                self.next += 1;
                self.per_machine.insert(lookup.machine, of_machine + 1);
                let waiting = Waiting {
                    lookup,
                    stream,
                    token,
                    incoming: Vec::new(),
                    deadline: now + LIMIT,
                };
                self.waiting.insert(number, waiting);
                return None;
            }
        }
        Some(Outcome::Unknown(lookup))
    }

    fn send(
        &self,
        network: &NetworkName,
        number: u64,
        lookup: &LookUp,
        world: &mut World,
    ) -> io::Result<(UnixStream, Token)> {
        let socket = place::socket(&self.paths, network).map_err(io::Error::other)?;
        let mut stream = UnixStream::connect(socket)?;
        let request = Request::LookUp {
            message: lookup.message.clone(),
            is_datagram: lookup.asker.is_datagram,
        };
        let line = to_line(&request)?;
        // A socket that was made just now has room for a question.
        if stream.write(&line)? != line.len() {
            return Err(ErrorKind::WriteZero.into());
        }
        let token = world.register(&mut stream, Source::LookUp(number), Interest::READABLE)?;
        Ok((stream, token))
    }

    /// A network has said something.
    pub(super) fn receive(&mut self, now: Duration, number: u64, world: &mut World) -> Option<Outcome> {
        let waiting = self.waiting.get_mut(&number)?;
        let answer = match read_reply(&mut waiting.stream, &mut waiting.incoming) {
            Ok(None) => return None,
            Ok(Some(Reply::LookedUp(answer))) => answer,
            Ok(Some(_)) | Err(_) => None,
        };
        let lookup = self.end(number, world)?;
        match answer {
            Some(reply) => Some(Outcome::Known(lookup.asker, reply)),
            None => self.ask(now, lookup, world),
        }
    }

    /// When one has taken too long.
    pub(super) fn poll_at(&self) -> Option<Duration> {
        self.waiting.values().map(|waiting| waiting.deadline).min()
    }

    /// Gives up what has taken too long.
    pub(super) fn expire(&mut self, now: Duration, world: &mut World) -> Vec<Outcome> {
        let late = self.waiting.iter().filter(|(_, waiting)| waiting.deadline <= now);
        let late: Vec<u64> = late.map(|(&number, _)| number).collect();
        let lookups: Vec<LookUp> = late.into_iter().filter_map(|number| self.end(number, world)).collect();
        let outcomes = lookups.into_iter().filter_map(|lookup| self.ask(now, lookup, world));
        outcomes.collect()
    }

    fn end(&mut self, number: u64, world: &mut World) -> Option<LookUp> {
        let mut waiting = self.waiting.remove(&number)?;
        let _ = world.registry.deregister(&mut waiting.stream);
        world.tokens.remove(waiting.token);
        if let Some(count) = self.per_machine.get_mut(&waiting.lookup.machine) {
            *count -= 1;
            if *count == 0 {
                self.per_machine.remove(&waiting.lookup.machine);
            }
        }
        Some(waiting.lookup)
    }
}

/// The reply, once it is whole.
fn read_reply(stream: &mut UnixStream, incoming: &mut Vec<u8>) -> io::Result<Option<Reply>> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => incoming.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
        if let Some(end) = incoming.iter().position(|&byte| byte == b'\n') {
            return Ok(Some(from_line(incoming.get(..end).unwrap_or_default())?));
        }
        if incoming.len() > LINE_MAX_BYTES {
            return Err(ErrorKind::InvalidData.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use container_netstack::FlowId;
    use mio::Poll;

    use super::*;

    fn lookup(machine: u32) -> LookUp {
        LookUp {
            asker: Asker {
                flow: FlowId(1),
                is_datagram: true,
            },
            machine: PortId(machine),
            message: b"question".to_vec(),
            otherwise: None,
            networks: VecDeque::from(["other".parse().unwrap()]),
        }
    }

    #[test]
    fn a_machine_that_asks_too_much_leaves_room_for_the_others() {
        let root = tempfile::tempdir().unwrap();
        let paths = AppPaths::new(root.path(), root.path().join("run"));
        paths.prepare().unwrap();
        let silent = UnixListener::bind(paths.network_socket(&"other".parse().unwrap()).unwrap()).unwrap();
        let poll = Poll::new().unwrap();
        let mut world = World::new(poll.registry().try_clone().unwrap());
        let mut lookups = LookUps::new(&paths);
        let mut connections = Vec::new();
        for _ in 0..LOOKUPS_PER_MACHINE_MAX {
            assert!(lookups.ask(Duration::ZERO, lookup(1), &mut world).is_none());
            connections.push(silent.accept().unwrap());
        }
        assert!(lookups.ask(Duration::ZERO, lookup(1), &mut world).is_some());
        assert!(lookups.ask(Duration::ZERO, lookup(2), &mut world).is_none());
        // What has taken too long makes room again.
        assert_eq!(lookups.expire(LIMIT, &mut world).len(), LOOKUPS_PER_MACHINE_MAX + 1);
        assert!(lookups.per_machine.is_empty());
        assert!(lookups.ask(LIMIT, lookup(1), &mut world).is_none());
    }
}
