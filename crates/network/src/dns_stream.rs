//! The gateway's end of a machine's TCP connection for questions about names: messages with a length of two bytes in front (RFC 1035,
//! 4.2.2).

use std::collections::VecDeque;

use container_netstack::Read;

/// Questions that may wait for their answer; further ones are not taken before.
const QUESTIONS_MAX: usize = 16;

/// Bytes of questions that are not asked yet: room for the largest one with its length.
const QUESTIONS_MAX_BYTES: usize = 2 + u16::MAX as usize;

/// Bytes of answers that may wait for the machine to take them.
const ANSWERS_MAX_BYTES: usize = 256 << 10;

/// One connection.
#[derive(Debug, Default)]
pub(crate) struct DnsStream {
    incoming: VecDeque<u8>,
    outgoing: VecDeque<u8>,
    unanswered: usize,
    is_finished: bool,
}

impl DnsStream {
    /// Takes bytes of the machine, as many as there is room for.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        let room = QUESTIONS_MAX_BYTES.saturating_sub(self.incoming.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.incoming.extend(taken);
        taken.len()
    }

    /// Whether there is a question to be asked: one that is whole, unless too many wait for their answer. A machine for whose bytes there was
    /// no room is to be let on whenever there was one.
    pub(crate) fn has_question(&self) -> bool {
        self.unanswered < QUESTIONS_MAX && self.length().is_some_and(|length| self.incoming.len() >= 2 + length)
    }

    /// The next question.
    pub(crate) fn next_question(&mut self) -> Option<Vec<u8>> {
        let length = self.length().filter(|_| self.has_question())?;
        self.unanswered += 1;
        Some(self.incoming.drain(..2 + length).skip(2).collect())
    }

    fn length(&self) -> Option<usize> {
        let (&high, &low) = (self.incoming.front()?, self.incoming.get(1)?);
        Some(usize::from(u16::from_be_bytes([high, low])))
    }

    /// Whether [`DnsStream::read`] has something to say.
    pub(crate) fn is_readable(&self) -> bool {
        !self.outgoing.is_empty() || self.is_finished && self.unanswered == 0
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
    fn a_machine_that_only_asks_is_held_back_until_it_has_answers() {
        let mut stream = DnsStream::default();
        let questions = [0; 2 * (QUESTIONS_MAX + 1)];
        assert_eq!(stream.write(&questions), questions.len());
        for _ in 0..QUESTIONS_MAX {
            assert_eq!(stream.next_question().unwrap(), b"");
        }
        assert!(!stream.has_question());
        assert_eq!(stream.next_question(), None);
        stream.answer(b"");
        assert!(stream.has_question());
        assert_eq!(stream.next_question().unwrap(), b"");
        assert_eq!(stream.next_question(), None);
    }

    #[test]
    fn what_is_not_asked_yet_is_bounded_and_the_largest_question_has_room() {
        let mut stream = DnsStream::default();
        let flood = vec![u8::MAX; 1 << 20];
        assert_eq!(stream.write(&flood), QUESTIONS_MAX_BYTES);
        assert_eq!(stream.write(&flood), 0);
        assert!(stream.has_question());
        assert_eq!(stream.next_question().unwrap().len(), usize::from(u16::MAX));
        assert!(!stream.has_question());
        assert_eq!(stream.write(&[0]), 1);
    }

    #[test]
    fn a_connection_ends_after_the_last_answer_or_none() {
        let mut stream = DnsStream::default();
        stream.write(&[0, 0]);
        assert!(stream.next_question().is_some());
        stream.finish();
        assert!(!stream.is_readable());
        stream.leave_unanswered();
        assert!(stream.is_readable());
        assert_eq!(stream.read(&mut [0; 4]), Read::End);
    }
}
