//! Fragments of one machine, put together again for the gateway.
//!
//! Bounded in datagrams, fragments, bytes and time. Fragments that overlap discard their datagram, because machines disagree about which
//! one counts (RFC 5722 for IPv6; the same here for IPv4).

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use crate::Limits;
use crate::ip::{Datagram, Fragment};
use crate::packet::Header;

/// How long fragments wait for the others (RFC 1122, section 3.3.2, has 60 s or more; Linux takes 30 s).
pub(crate) const REASSEMBLY_TIMEOUT: Duration = Duration::from_secs(30);

/// Fragments of one datagram: 64 KiB in those of an MTU of 576 bytes.
const MAXIMUM_FRAGMENTS: usize = 128;

/// What it costs to hold a fragment beside its bytes.
const FRAGMENT_OVERHEAD_BYTES: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    protocol: u8,
}

#[derive(Debug)]
struct Partial {
    key: Key,
    /// By offset.
    fragments: BTreeMap<usize, Vec<u8>>,
    /// Length of the whole, once the last fragment is there.
    length: Option<usize>,
    received_bytes: usize,
    expires_at: Duration,
    /// Of this one only the name is remembered, so that what still comes of it does not begin it anew.
    is_discarded: bool,
}

impl Partial {
    fn new(key: Key, now: Duration) -> Self {
        let expires_at = now.saturating_add(REASSEMBLY_TIMEOUT);
        Self {
            key,
            fragments: BTreeMap::new(),
            length: None,
            received_bytes: 0,
            expires_at,
            is_discarded: false,
        }
    }

    fn held_bytes(&self) -> usize {
        self.received_bytes + self.fragments.len() * FRAGMENT_OVERHEAD_BYTES
    }

    /// Whether the fragment fits those that are there.
    fn fits(&self, fragment: &Fragment<'_>) -> bool {
        let end = fragment.offset + fragment.data.len();
        let before = self.fragments.range(..=fragment.offset).next_back();
        let after = self.fragments.range(fragment.offset..).next();
        let is_apart = before.is_none_or(|(offset, data)| offset + data.len() <= fragment.offset)
            && after.is_none_or(|(offset, _)| *offset >= end);
        let is_within = match (self.length, fragment.is_last) {
            (Some(_), true) => false,
            (Some(length), false) => end <= length,
            (None, true) => self
                .fragments
                .last_key_value()
                .is_none_or(|(offset, data)| offset + data.len() <= end),
            (None, false) => true,
        };
        is_apart && is_within && self.fragments.len() < MAXIMUM_FRAGMENTS
    }

    fn is_repeated(&self, fragment: &Fragment<'_>) -> bool {
        self.fragments
            .get(&fragment.offset)
            .is_some_and(|data| data == fragment.data)
    }

    fn is_complete(&self) -> bool {
        self.length == Some(self.received_bytes)
    }

    fn discard(&mut self) {
        self.fragments.clear();
        self.received_bytes = 0;
        self.length = None;
        self.is_discarded = true;
    }
}

/// The datagrams of one machine of which some fragments are there, the one that waits longest for another first.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    partials: VecDeque<Partial>,
}

impl Reassembly {
    /// Takes a fragment. Answers the whole packet, without options or extension headers of the fragments, if this one completes it.
    pub(crate) fn add(
        &mut self,
        now: Duration,
        limits: &Limits,
        datagram: &Datagram<'_>,
        fragment: &Fragment<'_>,
    ) -> Option<Vec<u8>> {
        self.expire(now);
        let key = Key {
            source: datagram.source,
            destination: datagram.destination,
            identification: fragment.identification,
            protocol: fragment.protocol,
        };
        let mut partial = match self.partials.iter().position(|partial| partial.key == key) {
            Some(index) => self.partials.remove(index)?,
            None => Partial::new(key, now),
        };
        if partial.is_discarded || partial.is_repeated(fragment) {
            self.keep(limits, partial);
            return None;
        }
        if !partial.fits(fragment) {
            partial.discard();
            self.keep(limits, partial);
            return None;
        }
        if fragment.is_last {
            partial.length = Some(fragment.offset + fragment.data.len());
        }
        partial.received_bytes += fragment.data.len();
        partial.fragments.insert(fragment.offset, fragment.data.to_vec());
        if !partial.is_complete() {
            self.keep(limits, partial);
            return None;
        }
        let header = Header {
            hop_limit: datagram.hop_limit,
            ..Header::new(datagram.source, datagram.destination, fragment.protocol)
        };
        let payload = partial.fragments.into_values().collect::<Vec<_>>().concat();
        (payload.len() <= header.maximum_payload_bytes()).then(|| header.packet(0, &payload))
    }

    /// Forgets what waited for too long.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.partials.retain(|partial| partial.expires_at > now);
    }

    /// Bytes held, with what it costs to hold them.
    pub(crate) fn held_bytes(&self) -> usize {
        self.partials.iter().map(Partial::held_bytes).sum()
    }

    /// Datagrams of which something is held.
    #[cfg(test)]
    pub(crate) fn datagrams(&self) -> usize {
        self.partials.len()
    }

    fn keep(&mut self, limits: &Limits, partial: Partial) {
        self.partials.push_back(partial);
        while self.partials.len() > limits.reassembled_datagrams_per_port
            || self.held_bytes() > limits.reassembly_bytes_per_port
        {
            self.partials.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
