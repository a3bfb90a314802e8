//! Answers of the network's own names.

use std::net::IpAddr;

use hickory_proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, PTR, SOA};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::Over;
use super::table::{Found, Table, Zone};
use super::wire::{self, Head, QUERY_MAX_BYTES};

/// How long an answer may be kept, seconds: as long as Apple's tool says. A container that is made again has another address.
const TTL_SECONDS: u32 = 5;

/// The version of EDNS that is spoken. RFC 6891, section 6.1.3.
const EDNS_VERSION: u8 = 0;

/// Times of the SOA record, seconds. There is no secondary server that would heed them.
const SOA_REFRESH_SECONDS: i32 = 3600;
const SOA_RETRY_SECONDS: i32 = 600;
const SOA_EXPIRE_SECONDS: i32 = 86_400;

/// Answers queries from the table of a network.
#[derive(Debug)]
pub struct Answerer {
    table: Table,
    /// Which address of a name with several is the first one in the next answer.
    turn: usize,
}

/// What becomes of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// This is sent to the client.
    Reply(Vec<u8>),
    /// It is well-formed, not larger than [`QUERY_MAX_BYTES`], and for others to answer.
    Forward,
    /// No query at all: nothing is sent.
    Ignore,
}

impl Answerer {
    /// Answers for a network that has no container yet.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        Self {
            table: Table::new(zone),
            turn: 0,
        }
    }

    /// The names, to be changed.
    pub fn table_mut(&mut self) -> &mut Table {
        &mut self.table
    }

    /// The names.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Answers a message from a machine, whatever it is.
    pub fn answer(&mut self, query: &[u8], over: Over) -> Answer {
        let Some(head) = Head::of(query).filter(|head| !head.is_response()) else {
            return Answer::Ignore;
        };
        if head.op_code() != OpCode::Query {
            return send(head.reply(ResponseCode::NotImp), over);
        }
        let question =
            wire::question(query).filter(|_| head.questions == 1 && query.len() <= usize::from(QUERY_MAX_BYTES));
        let Some(question) = question else {
            return send(head.reply(ResponseCode::FormErr), over);
        };
        // Transfers of zones are refused before all else: the query for a part of one has a record of authority.
        let is_transfer = matches!(question.query_type, RecordType::AXFR | RecordType::IXFR);
        let message = match Message::from_vec(query) {
            Ok(message) if is_transfer || head.answers == 0 && head.authorities == 0 => message,
            _ => return send(wire::reply(head, question, None, ResponseCode::FormErr), over),
        };
        let edns = message.edns.as_ref();
        let code = if edns.is_some_and(|edns| edns.version() > EDNS_VERSION) {
            ResponseCode::BADVERS
        } else if is_transfer || question.query_class != DNSClass::IN {
            ResponseCode::Refused
        } else {
            ResponseCode::NoError
        };
        let limit = wire::reply_limit(edns, over);
        let mut reply = wire::reply(head, question.clone(), edns, code);
        if code == ResponseCode::NoError {
            match self.table.find(&question.name) {
                Found::Foreign => return Answer::Forward,
                found => self.fill(&mut reply, &question, found),
            }
        }
        wire::fitted(reply, limit).map_or(Answer::Ignore, Answer::Reply)
    }

    fn fill(&mut self, reply: &mut Message, question: &Query, found: Found) {
        reply.metadata.authoritative = true;
        let is_asked = |kind| question.query_type == kind || question.query_type == RecordType::ANY;
        let record = |data| Record::from_rdata(question.name.clone(), TTL_SECONDS, data);
        match found {
            Found::Addresses(mut addresses) => {
                addresses.retain(|address| match address {
                    IpAddr::V4(_) => is_asked(RecordType::A),
                    IpAddr::V6(_) => is_asked(RecordType::AAAA),
                });
                if !addresses.is_empty() {
                    self.turn = self.turn.wrapping_add(1);
                    let first = self.turn % addresses.len();
                    addresses.rotate_left(first);
                }
                reply.add_answers(addresses.into_iter().map(|address| record(data_of(address))));
            }
            Found::Pointer(name) => {
                if is_asked(RecordType::PTR) {
                    reply.add_answer(record(RData::PTR(PTR(name))));
                }
            }
            Found::Empty | Found::Foreign => {}
            Found::Missing => reply.metadata.response_code = ResponseCode::NXDomain,
        }
        // The authority of a name outside of the domains is the name itself: nothing is then claimed of any other.
        let apex = self
            .table
            .authority_of(&question.name)
            .unwrap_or_else(|| question.name.clone());
        if question.query_type == RecordType::SOA
            && apex == question.name
            && reply.metadata.response_code == ResponseCode::NoError
        {
            reply.add_answer(record(authority(&apex)));
        } else if reply.answers.is_empty() {
            // RFC 2308, section 3: without it no client keeps the negative answer.
            reply.add_authority(Record::from_rdata(apex.clone(), TTL_SECONDS, authority(&apex)));
        }
    }
}

fn data_of(address: IpAddr) -> RData {
    match address {
        IpAddr::V4(address) => RData::A(A(address)),
        IpAddr::V6(address) => RData::AAAA(AAAA(address)),
    }
}

fn authority(apex: &Name) -> RData {
    let (refresh, retry, expire) = (SOA_REFRESH_SECONDS, SOA_RETRY_SECONDS, SOA_EXPIRE_SECONDS);
    // RNAME of nobody: the root stands for the lack of a mailbox. RFC 7505 has the same sign for mail.
    RData::SOA(SOA::new(
        apex.clone(),
        Name::root(),
        1,
        refresh,
        retry,
        expire,
        TTL_SECONDS,
    ))
}

fn send(reply: Message, over: Over) -> Answer {
    wire::fitted(reply, wire::reply_limit(None, over)).map_or(Answer::Ignore, Answer::Reply)
}

#[cfg(test)]
mod tests;
