//! Frames on a stream socket as QEMU's `-netdev stream` and passt have them: four bytes with the length, the most significant one first,
//! before every frame (QEMU, net/stream.c).

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// Bytes of a length.
const LENGTH_BYTES: usize = 4;
/// What is read at once: several of the largest frames.
const READ_BYTES: usize = 1 << 19;

/// The frames that come.
#[derive(Debug)]
pub(crate) struct FrameReader {
    stream: UnixStream,
    room: Vec<u8>,
    /// The bytes of `room` that have come and have not been given away.
    begin: usize,
    end: usize,
}

impl FrameReader {
    /// `stream` does not block.
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            room: vec![0; READ_BYTES],
            begin: 0,
            end: 0,
        }
    }

    /// The next frame that is there as a whole.
    pub(crate) fn receive(&mut self) -> Option<&[u8]> {
        let length = loop {
            if let Some(length) = self.complete() {
                break length;
            }
            self.room.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
            let room = self.room.get_mut(self.end..).filter(|room| !room.is_empty())?;
            match self.stream.read(room).ok()? {
                0 => return None,
                count => self.end += count,
            }
        };
        let begin = self.begin + LENGTH_BYTES;
        self.begin = begin + length;
        self.room.get(begin..begin + length)
    }

    /// The length of the frame that is next, when all of it is there.
    fn complete(&self) -> Option<usize> {
        let bytes = self.room.get(self.begin..self.end)?;
        let (length, frame) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        (frame.len() >= length).then_some(length)
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The frames that go.
#[derive(Debug)]
pub(crate) struct FrameWriter {
    stream: UnixStream,
    /// The rest of a frame that has been sent in part.
    rest: Vec<u8>,
}

impl FrameWriter {
    /// `stream` does not block.
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            rest: Vec::new(),
        }
    }

    /// Sends a frame, or the first part of it and keeps the rest.
    pub(crate) fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.flush()?;
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?.to_be_bytes();
        let sent = self
            .stream
            .write_vectored(&[IoSlice::new(&length), IoSlice::new(frame)])?;
        let parts = length.iter().chain(frame);
        self.rest.extend(parts.skip(sent));
        Ok(())
    }

    /// Sends the rest.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while !self.rest.is_empty() {
            match self.stream.write(&self.rest)? {
                0 => return Err(ErrorKind::WriteZero.into()),
                sent => drop(self.rest.drain(..sent)),
            }
        }
        Ok(())
    }

    pub(crate) fn is_behind(&self) -> bool {
        !self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (FrameWriter, FrameReader) {
        let (one, other) = UnixStream::pair().unwrap();
        for end in [&one, &other] {
            end.set_nonblocking(true).unwrap();
        }
        (FrameWriter::new(one), FrameReader::new(other))
    }

    #[test]
    fn frames_come_as_they_were_sent() {
        let (mut writer, mut reader) = pair();
        let frames = [vec![1; 60], vec![2; 65_534], vec![3; 1]];
        for frame in &frames {
            writer.send(frame).unwrap();
        }
        for frame in &frames {
            assert_eq!(reader.receive().unwrap(), frame);
        }
        assert_eq!(reader.receive(), None);
    }

    #[test]
    fn a_frame_that_finds_room_for_a_part_arrives_whole() {
        let (mut writer, mut reader) = pair();
        let frame: Vec<u8> = (0..65_534_u32).map(|number| number.to_le_bytes()[0]).collect();
        let mut sent = 0;
        while writer.send(&frame).is_ok() {
            sent += 1;
        }
        let mut received = 0;
        while received < sent {
            match reader.receive() {
                Some(bytes) => {
                    assert_eq!(bytes, frame);
                    received += 1;
                }
                None => drop(writer.flush()),
            }
        }
        assert!(!writer.is_behind());
    }

    #[test]
    fn nothing_of_a_frame_is_seen_before_its_end() {
        let (mut stream, other) = UnixStream::pair().unwrap();
        other.set_nonblocking(true).unwrap();
        let mut reader = FrameReader::new(other);
        for byte in [0, 0, 0, 2, 7] {
            stream.write_all(&[byte]).unwrap();
            assert_eq!(reader.receive(), None);
        }
        stream.write_all(&[8]).unwrap();
        assert_eq!(reader.receive(), Some(&[7, 8][..]));
    }
}
