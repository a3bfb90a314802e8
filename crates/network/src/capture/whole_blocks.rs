//! A pcapng stream cut where its blocks end, so that a file made of it is complete wherever the stream stops.

use std::io;

/// Largest block that is believed, bytes: more than the largest frame with everything around it.
const BLOCK_MAX_BYTES: usize = 1 << 20;

/// Smallest block: its type and its length twice, section 3.1.
const BLOCK_LEAST_BYTES: usize = 12;

/// Bytes of a stream, which come in any pieces.
#[derive(Debug, Default)]
pub struct WholeBlocks {
    waiting: Vec<u8>,
}

impl WholeBlocks {
    /// Takes the next bytes of the stream, and gives the blocks that are whole with them. The rest of a stream that has ended is dropped
    /// with this value.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] when this is no pcapng in little-endian.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.waiting.extend_from_slice(bytes);
        let mut whole = 0;
        while let Some(field) = self.waiting.get(whole + 4..).and_then(<[u8]>::first_chunk) {
            let length = u32::from_le_bytes(*field) as usize;
            if !(BLOCK_LEAST_BYTES..=BLOCK_MAX_BYTES).contains(&length) || !length.is_multiple_of(4) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the stream is no capture"));
            }
            if self.waiting.len() - whole < length {
                break;
            }
            whole += length;
        }
        let rest = self.waiting.split_off(whole);
        Ok(std::mem::replace(&mut self.waiting, rest))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::capture::{Direction, PcapngWriter};

    #[test]
    fn blocks_come_out_whole_however_the_stream_is_cut() {
        let mut writer = PcapngWriter::new(Vec::new(), 0).unwrap();
        let interface = writer.interface("web").unwrap();
        let before_last = writer.writer_mut().len();
        let at = Duration::from_secs(1);
        writer.packet(interface, at, Direction::FromMachine, &[1; 61]).unwrap();
        let stream = writer.into_writer();
        let mut blocks = WholeBlocks::default();
        let mut written = Vec::new();
        for byte in &stream[..stream.len() - 1] {
            written.extend(blocks.push(&[*byte]).unwrap());
        }
        assert_eq!(written, stream[..before_last], "the last block is not whole");
        written.extend(blocks.push(&stream[stream.len() - 1..]).unwrap());
        assert_eq!(written, stream);
        assert_eq!(WholeBlocks::default().push(&stream).unwrap(), stream);
    }

    #[test]
    fn what_is_no_capture_is_refused() {
        for length in [0_u32, 11, 13, 1 << 30] {
            let bytes = [[6, 0, 0, 0], length.to_le_bytes()].concat();
            assert!(WholeBlocks::default().push(&bytes).is_err(), "{length}");
        }
    }
}
