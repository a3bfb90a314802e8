//! One query of a client, the resolvers that it goes to, and what is believed of their answers.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, Query, ResponseCode};

use super::super::Over;
use super::super::wire::{self, Head};
use super::ROUNDS;

/// A query that is under way.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) machine: u64,
    pub(super) token: u64,
    /// As the client sent it.
    query: Vec<u8>,
    question: Query,
    edns: Option<Edns>,
    over: Over,
    servers: Vec<SocketAddr>,
    /// How many attempts were begun.
    attempts: usize,
    /// How the present attempt asks.
    asked_over: Over,
    /// Identifier of the present attempt.
    identifier: u16,
    /// When the present attempt has taken too long.
    pub(super) deadline: Duration,
    /// What a resolver said that could not answer, for when none can.
    pub(super) refusal: Option<ResponseCode>,
}

/// What a message on the socket of an attempt is.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Not the answer to what was asked. The real one may still come.
    Foreign,
    /// The answer, as the client gets it; `None` if it cannot have one.
    Answer(Option<Vec<u8>>),
    /// The resolver cannot answer. Another one may.
    Refusal,
}

impl Exchange {
    /// `None` for what is no query with one question.
    pub(super) fn new(machine: u64, token: u64, query: &[u8], over: Over, servers: Vec<SocketAddr>) -> Option<Self> {
        Head::of(query).filter(|head| !head.is_response() && head.questions == 1)?;
        Some(Self {
            machine,
            token,
            query: query.to_owned(),
            question: wire::question(query)?,
            edns: Message::from_vec(query).ok()?.edns,
            over,
            servers,
            attempts: 0,
            asked_over: over,
            identifier: 0,
            deadline: Duration::ZERO,
            refusal: None,
        })
    }

    /// The resolver that has let a datagram go unanswered, when the present attempt has taken too long. One that does so with a connection
    /// may still answer datagrams.
    pub(super) fn silent_server(&self) -> Option<SocketAddr> {
        self.server().filter(|_| self.asked_over == Over::Udp)
    }

    /// The resolver of the present attempt.
    fn server(&self) -> Option<SocketAddr> {
        let index = self.attempts.checked_sub(1)?.checked_rem(self.servers.len())?;
        self.servers.get(index).copied()
    }

    /// What is sent to whom next; `None` when every resolver was asked often enough, or once if one said that it cannot answer.
    ///
    /// A client with a connection expects an answer that is larger than a datagram, so resolvers are asked the same way; in the second
    /// round by a datagram, because not every one takes connections.
    pub(super) fn next_attempt(&mut self, identifier: u16) -> Option<(SocketAddr, Over, Vec<u8>)> {
        let round = self.attempts.checked_div(self.servers.len())?;
        if round >= ROUNDS || round > 0 && self.refusal.is_some() {
            return None;
        }
        self.attempts += 1;
        self.asked_over = if round == 0 { self.over } else { Over::Udp };
        self.identifier = identifier;
        Some((
            self.server()?,
            self.asked_over,
            with_identifier(&self.query, identifier),
        ))
    }

    /// What a message is that came from the resolver.
    pub(super) fn judge(&mut self, bytes: &[u8]) -> Verdict {
        let Some(head) = Head::of(bytes) else {
            return Verdict::Foreign;
        };
        if !head.is_response() || head.id != self.identifier {
            return Verdict::Foreign;
        }
        let code = head.response_code();
        let is_refusal = matches!(
            code,
            ResponseCode::ServFail | ResponseCode::NotImp | ResponseCode::Refused
        );
        // A server that does not understand a query may leave its question out.
        let is_bare = head.questions == 0 && (is_refusal || code == ResponseCode::FormErr);
        let is_ours = head.questions == 1 && wire::question(bytes).is_some_and(|question| self.is_question(&question));
        if !is_ours && !is_bare {
            return Verdict::Foreign;
        }
        if is_refusal {
            self.refusal = Some(code);
            return Verdict::Refusal;
        }
        if is_bare {
            return Verdict::Answer(self.failure(code));
        }
        if head.is_truncated() && self.over == Over::Tcp {
            return Verdict::Refusal;
        }
        let limit = wire::reply_limit(self.edns.as_ref(), self.over);
        if bytes.len() <= limit {
            return Verdict::Answer(Some(with_identifier(bytes, self.client_identifier())));
        }
        // The client asks again by a connection, and needs no records for that. RFC 2181, section 9.
        let reply = Head::of(&self.query).map(|asked| {
            let mut reply = wire::reply(asked, self.question.clone(), self.edns.as_ref(), code);
            reply.metadata.truncation = true;
            reply
        });
        Verdict::Answer(reply.and_then(|reply| wire::fitted(reply, limit)))
    }

    /// A reply that says only what went wrong.
    pub(super) fn failure(&self, code: ResponseCode) -> Option<Vec<u8>> {
        wire::failure(&self.query, code)
    }

    /// Names are the same in upper and lower case.
    fn is_question(&self, other: &Query) -> bool {
        self.question.query_type == other.query_type
            && self.question.query_class == other.query_class
            && self.question.name == other.name
    }

    fn client_identifier(&self) -> u16 {
        Head::of(&self.query).map_or(0, |head| head.id)
    }
}

fn with_identifier(message: &[u8], identifier: u16) -> Vec<u8> {
    let mut bytes = message.to_owned();
    if let Some(field) = bytes.first_chunk_mut::<2>() {
        *field = identifier.to_be_bytes();
    }
    bytes
}
