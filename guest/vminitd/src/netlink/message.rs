//! The form of netlink(7) messages: a header, a structure of the message's kind, and attributes, each padded to four bytes.

/// Size of `struct nlmsghdr`, `linux/netlink.h`.
const HEADER_BYTES: usize = 16;
/// Size of `struct rtattr`, `linux/rtnetlink.h`.
const ATTRIBUTE_HEADER_BYTES: usize = 4;
/// `NLMSG_ALIGNTO` and `RTA_ALIGNTO`.
const ALIGNMENT_BYTES: usize = 4;
/// `NLA_TYPE_MASK`: the upper two bits of an attribute's kind are flags.
const ATTRIBUTE_KIND_MASK: u16 = 0x3fff;

/// A request under construction.
#[derive(Debug)]
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// A message of `kind` (`RTM_*`) with `flags` (`NLM_F_*`), whose own structure is `body`.
    pub(crate) fn new(kind: u16, flags: u16, body: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER_BYTES];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        bytes.extend_from_slice(body);
        let mut message = Self { bytes };
        message.pad();
        message
    }

    /// Appends an attribute. Those of this program have a few bytes, so that their length fits.
    pub(crate) fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(ATTRIBUTE_HEADER_BYTES + value.len()).unwrap_or(u16::MAX);
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.pad();
        self
    }

    /// The message as it is sent, with the number by which its answer is known.
    pub(crate) fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.bytes
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT_BYTES), 0);
    }
}

/// A message that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Received<'a> {
    pub(crate) kind: u16,
    pub(crate) sequence: u32,
    /// What follows the header.
    pub(crate) payload: &'a [u8],
}

/// The messages of one datagram. What is cut off or has an impossible length ends them.
pub(crate) fn messages(mut datagram: &[u8]) -> impl Iterator<Item = Received<'_>> {
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_at(datagram, 0)?).ok()?;
        let received = Received {
            kind: u16_at(datagram, 4)?,
            sequence: u32_at(datagram, 8)?,
            payload: datagram.get(HEADER_BYTES..length)?,
        };
        datagram = datagram
            .get(length.next_multiple_of(ALIGNMENT_BYTES)..)
            .unwrap_or_default();
        Some(received)
    })
}

/// The attributes of a message, which follow its own structure: kind and value.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        let kind = u16_at(bytes, 2)? & ATTRIBUTE_KIND_MASK;
        let value = bytes.get(ATTRIBUTE_HEADER_BYTES..length)?;
        bytes = bytes
            .get(length.next_multiple_of(ALIGNMENT_BYTES)..)
            .unwrap_or_default();
        Some((kind, value))
    })
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    let bytes = bytes.get(offset..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*bytes))
}

/// Four bytes as a number in the machine's order.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_reads_back() {
        let message = Message::new(16, 5, &[1; 16])
            .attribute(3, b"eth0\0")
            .attribute(1, &[2; 6]);
        let mut datagram = message.finish(7);
        datagram.extend(Message::new(20, 0, &[9; 8]).finish(8));
        let received: Vec<_> = messages(&datagram).collect();
        assert_eq!(received.len(), 2);
        assert_eq!((received[0].kind, received[0].sequence), (16, 7));
        assert_eq!(received[0].payload[..16], [1; 16]);
        let found: Vec<_> = attributes(&received[0].payload[16..]).collect();
        assert_eq!(found, [(3, &b"eth0\0"[..]), (1, &[2; 6][..])]);
        assert_eq!((received[1].kind, received[1].payload), (20, &[9; 8][..]));
    }

    #[test]
    fn a_message_that_is_cut_off_is_not_read() {
        let datagram = Message::new(16, 5, &[1; 16]).finish(7);
        assert_eq!(messages(&datagram[..datagram.len() - 1]).count(), 0);
        assert_eq!(messages(&[]).count(), 0);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_read_without_a_panic_and_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(messages(&bytes).count() <= bytes.len());
            prop_assert!(attributes(&bytes).count() <= bytes.len());
        }
    }
}
