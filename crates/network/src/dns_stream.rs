//! The gateway's end of a machine's TCP connection for questions about names: messages with a length of two bytes in front (RFC 1035,
//! 4.2.2).

use std::collections::VecDeque;

use container_netstack::Read;

/// Questions that may wait for their answer.
const QUESTIONS_MAX: usize = 16;

/// Bytes of answers that may wait for the machine to take them.
const ANSWERS_MAX_BYTES: usize = 256 << 10;

/// One connection.
#[derive(Debug, Default)]
pub(crate) struct DnsStream {
    incoming: Vec<u8>,
    outgoing: VecDeque<u8>,
    unanswered: usize,
    is_finished: bool,
}

impl DnsStream {
    /// Takes bytes of the machine; none when it asks without waiting for answers.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        if self.unanswered >= QUESTIONS_MAX {
            return 0;
        }
        self.incoming.extend_from_slice(bytes);
        bytes.len()
    }

    /// The next whole question.
    pub(crate) fn next_question(&mut self) -> Option<Vec<u8>> {
        let length = usize::from(u16::from_be_bytes(*self.incoming.first_chunk()?));
        let message = self.incoming.get(2..2 + length)?.to_vec();
        self.incoming.drain(..2 + length);
        self.unanswered += 1;
        Some(message)
    }

    /// Answers one question.
    pub(crate) fn answer(&mut self, message: &[u8]) {
        self.unanswered = self.unanswered.saturating_sub(1);
        let Ok(length) = u16::try_from(message.len()) else {
            return;
        };
        if self.outgoing.len() + message.len() <= ANSWERS_MAX_BYTES {
            self.outgoing.extend(length.to_be_bytes());
            self.outgoing.extend(message);
        }
    }

    /// One question gets no answer.
    pub(crate) fn leave_unanswered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
    }

    /// The machine asks no more.
    pub(crate) fn finish(&mut self) {
        self.is_finished = true;
    }

    /// Gives bytes of answers.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Read {
        let count = self.outgoing.len().min(buffer.len());
        for (place, byte) in buffer.iter_mut().zip(self.outgoing.drain(..count)) {
            *place = byte;
        }
        match count {
            0 if self.is_finished && self.unanswered == 0 => Read::End,
            0 => Read::Empty,
            count => Read::Bytes(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_in_pieces_and_answers_go_out_with_their_length() {
        let mut stream = DnsStream::default();
        assert_eq!(stream.write(&[0]), 1);
        assert_eq!(stream.next_question(), None);
        stream.write(&[3, b'a', b'b', b'c', 0, 1, b'd']);
        assert_eq!(stream.next_question().unwrap(), b"abc");
        assert_eq!(stream.next_question().unwrap(), b"d");
        assert_eq!(stream.next_question(), None);
        let mut buffer = [0; 4];
        assert_eq!(stream.read(&mut buffer), Read::Empty);
        stream.answer(b"xyz");
        stream.finish();
        assert_eq!(stream.read(&mut buffer), Read::Bytes(4));
        assert_eq!(&buffer, &[0, 3, b'x', b'y']);
        assert_eq!(stream.read(&mut buffer), Read::Bytes(1));
        assert_eq!(stream.read(&mut buffer), Read::Empty, "one question is still open");
        stream.answer(b"");
        assert_eq!(stream.read(&mut buffer), Read::Bytes(2));
        assert_eq!(stream.read(&mut buffer), Read::End);
    }

    #[test]
    fn a_machine_that_only_asks_is_given_up() {
        let mut stream = DnsStream::default();
        for _ in 0..QUESTIONS_MAX {
            assert_eq!(stream.write(&[0, 0]), 2);
            assert!(stream.next_question().is_some());
        }
        assert_eq!(stream.write(&[0, 0]), 0);
    }
}
