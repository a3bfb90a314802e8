//! Messages of the DNS as bytes: what has to be known of a query before it is parsed whole, and replies that are no larger than allowed.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use super::Over;

/// Largest query that is looked at, bytes, which is also what EDNS tells clients: what a packet carries on any path without fragments
/// (the recommendation of the DNS flag day 2020). A question with all options that are in use needs a quarter of it.
pub const QUERY_MAX_BYTES: u16 = 1232;

/// Largest datagram for a client that names no size, bytes. RFC 1035, section 4.2.1.
const PLAIN_UDP_MAX_BYTES: u16 = 512;

/// Bytes of the header. RFC 1035, section 4.1.1.
pub(super) const HEADER_BYTES: usize = 12;

/// Most bytes that an address record of a reply takes: a pointer to the name, type, class, time to live, length, address.
/// RFC 1035, sections 4.1.3 and 4.1.4, and RFC 3596, section 2.2.
const ADDRESS_RECORD_MAX_BYTES: usize = 2 + 2 + 2 + 4 + 2 + 16;

/// The header of a message. RFC 1035, section 4.1.1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) id: u16,
    flags: u16,
    pub(super) questions: u16,
    pub(super) answers: u16,
    pub(super) authorities: u16,
}

impl Head {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut fields = bytes.get(..HEADER_BYTES)?.chunks_exact(2).map(|pair| match *pair {
            [high, low] => u16::from_be_bytes([high, low]),
            _ => 0,
        });
        Some(Self {
            id: fields.next()?,
            flags: fields.next()?,
            questions: fields.next()?,
            answers: fields.next()?,
            authorities: fields.next()?,
        })
    }

    /// QR.
    pub(super) fn is_response(self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// OPCODE.
    pub(super) fn op_code(self) -> OpCode {
        OpCode::from_u8((self.flags >> 11 & 0xf) as u8)
    }

    /// TC.
    pub(super) fn is_truncated(self) -> bool {
        self.flags & 0x0200 != 0
    }

    /// RCODE, without the part that EDNS adds.
    pub(super) fn response_code(self) -> ResponseCode {
        ResponseCode::from_low(self.flags as u8 & 0xf)
    }

    /// A reply without a question, to a query of which no more can be read than its header.
    pub(super) fn reply(self, code: ResponseCode) -> Message {
        let mut reply = Message::error_msg(self.id, self.op_code(), code);
        // RD and CD are copied. RFC 1035, section 4.1.1, and RFC 4035, section 3.2.2.
        reply.metadata.recursion_desired = self.flags & 0x0100 != 0;
        reply.metadata.checking_disabled = self.flags & 0x0010 != 0;
        reply.metadata.recursion_available = true;
        reply.metadata.message_type = MessageType::Response;
        reply
    }
}

/// The first question of a message, which comes right after the header.
pub(super) fn question(bytes: &[u8]) -> Option<Query> {
    // The decoder gets the header too, because a name can point to where it begins, counted from there.
    let mut decoder = BinDecoder::new(bytes);
    decoder.read_slice(HEADER_BYTES).ok()?;
    Query::read(&mut decoder).ok()
}

/// A reply with the question of a query and the OPT record that the query's own asks for. RFC 6891, section 6.1.1.
pub(super) fn reply(head: Head, question: Query, edns: Option<&Edns>, code: ResponseCode) -> Message {
    let mut reply = head.reply(code);
    reply.add_query(question);
    if let Some(asked) = edns {
        let mut ours = Edns::new();
        ours.set_max_payload(QUERY_MAX_BYTES).set_version(0);
        // RFC 3225, section 3: DO is copied.
        ours.set_dnssec_ok(asked.flags().dnssec_ok);
        reply.set_edns(ours);
    }
    reply
}

/// A reply that says only what went wrong, to any query with at least a header.
pub(super) fn failure(query: &[u8], code: ResponseCode) -> Option<Vec<u8>> {
    let head = Head::of(query)?;
    let reply = match question(query) {
        Some(question) if head.questions == 1 => {
            let edns = Message::from_vec(query).ok().and_then(|message| message.edns);
            reply(head, question, edns.as_ref(), code)
        }
        _ => head.reply(code),
    };
    reply.to_vec().ok()
}

/// The largest reply that a client takes, bytes. RFC 6891, section 6.2.3.
pub(super) fn reply_limit(edns: Option<&Edns>, over: Over) -> usize {
    let limit = match over {
        Over::Tcp => u16::MAX,
        Over::Udp => edns.map_or(PLAIN_UDP_MAX_BYTES, |edns| edns.max_payload().max(PLAIN_UDP_MAX_BYTES)),
    };
    usize::from(limit)
}

/// The bytes of a reply, with TC and as many of its records as fit if it is larger than `limit`.
pub(super) fn fitted(mut reply: Message, limit: usize) -> Option<Vec<u8>> {
    loop {
        // A message beyond what the encoder can count is too large for every client as well.
        let excess = match reply.to_vec() {
            Ok(bytes) if bytes.len() <= limit => return Some(bytes),
            Ok(bytes) => bytes.len() - limit,
            Err(_) => usize::from(u16::MAX),
        };
        reply.metadata.truncation = true;
        if reply.answers.is_empty() && reply.authorities.is_empty() && reply.additionals.is_empty() {
            return None;
        }
        reply.authorities.clear();
        reply.additionals.clear();
        let surplus = excess.div_ceil(ADDRESS_RECORD_MAX_BYTES).max(1);
        let kept = reply.answers.len().saturating_sub(surplus);
        reply.answers.truncate(kept);
    }
}
