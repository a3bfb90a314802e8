//! zstd (RFC 8878), with a bound on the memory that several layers take together.
//!
//! A frame says how much of what has come out has to be kept in memory: its window. Up to 8 MiB every decoder is to allow, and
//! that much each layer gets. A frame may ask for up to 128 MiB; a layer with such a one waits for others of its kind.

use std::io::{self, BufRead, Read};

use zstd::stream::raw::{Decoder, InBuffer, Operation as _, OutBuffer};

use super::turn::Ticket;

/// The largest window that needs no turn (RFC 8878, section 3.1.1.1.2: "recommended to support at least 8 MB").
const SMALL_WINDOW_BYTES: u64 = 8 << 20;
/// RFC 8878, section 3.1.1: `Magic_Number`, little-endian.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// RFC 8878, section 3.1.1.1: magic number, descriptor, window, dictionary and content size at their longest.
const HEADER_BYTES: u64 = 4 + 1 + 1 + 4 + 8;

/// Decompresses a stream of frames. Windows beyond 128 MiB are refused, which is the library's default.
pub(crate) struct ZstdReader<R> {
    input: R,
    decoder: Decoder<'static>,
    /// The start of the current frame, perhaps with more behind it, and how much of that has been decompressed.
    head: Vec<u8>,
    used: usize,
    is_between_frames: bool,
    ticket: Ticket,
}

impl<R: BufRead> ZstdReader<R> {
    /// A reader that takes a turn with `ticket` when it needs a large window.
    pub(crate) fn new(input: R, ticket: Ticket) -> io::Result<Self> {
        Ok(Self {
            input,
            decoder: Decoder::new()?,
            head: Vec::new(),
            used: 0,
            is_between_frames: true,
            ticket,
        })
    }

    /// Looks at the next frame; `false` at the end.
    fn begin_frame(&mut self) -> io::Result<bool> {
        // A short frame may have left the start of the next one there.
        self.head.drain(..self.used);
        self.used = 0;
        let missing = HEADER_BYTES.saturating_sub(self.head.len() as u64);
        self.input.by_ref().take(missing).read_to_end(&mut self.head)?;
        if window_bytes(&self.head).is_some_and(|window| window > SMALL_WINDOW_BYTES) {
            self.ticket.take();
        }
        self.decoder.reinit()?;
        self.is_between_frames = false;
        Ok(!self.head.is_empty())
    }
}

impl<R: BufRead> Read for ZstdReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.is_between_frames && !self.begin_frame()? {
                self.is_between_frames = true;
                return Ok(0);
            }
            let is_head = self.used < self.head.len();
            let source = if is_head {
                &self.head[self.used..]
            } else {
                self.input.fill_buf()?
            };
            let is_at_end = source.is_empty();
            let (mut input, mut output) = (InBuffer::around(source), OutBuffer::around(&mut *buffer));
            let hint = self.decoder.run(&mut input, &mut output)?;
            let (taken, written) = (input.pos(), output.pos());
            match is_head {
                true => self.used += taken,
                false => self.input.consume(taken),
            }
            self.is_between_frames = hint == 0;
            if written > 0 {
                return Ok(written);
            }
            if is_at_end && hint != 0 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the last zstd frame is cut off",
                ));
            }
        }
    }
}

/// The window that a frame asks for, from its header (RFC 8878, section 3.1.1.1); `None` for what is no such frame.
fn window_bytes(header: &[u8]) -> Option<u64> {
    let (descriptor, rest) = header.strip_prefix(&MAGIC)?.split_first()?;
    let is_single_segment = descriptor & 0x20 != 0;
    if !is_single_segment {
        let window = rest.first()?;
        let base = 1_u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    // The whole content is the window.
    let dictionary_bytes = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let content_size = rest.get(dictionary_bytes..)?;
    match descriptor >> 6 {
        0 => content_size.first().map(|size| u64::from(*size)),
        1 => content_size
            .first_chunk()
            .map(|size| u64::from(u16::from_le_bytes(*size)) + 256),
        2 => content_size
            .first_chunk()
            .map(|size| u64::from(u32::from_le_bytes(*size))),
        _ => content_size.first_chunk().map(|size| u64::from_le_bytes(*size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;
    use std::sync::mpsc;

    fn compressed(content: &[u8], level: i32, window_log: u32, is_sized: bool) -> Vec<u8> {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), level).unwrap();
        if window_log > 0 {
            encoder.window_log(window_log).unwrap();
        }
        if is_sized {
            encoder.set_pledged_src_size(Some(content.len() as u64)).unwrap();
        }
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn decompressed(stream: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        ZstdReader::new(stream, Ticket::default())?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn windows_are_read_from_the_header() {
        for (log, window) in [(10, 1 << 10), (23, 8 << 20), (27, 128 << 20)] {
            assert_eq!(window_bytes(&compressed(&[7; 100], 1, log, false)), Some(window));
        }
        for size in [0, 100, 300, 70_000] {
            let stream = compressed(&vec![7; size], 1, 0, true);
            assert_eq!(window_bytes(&stream), Some(size as u64), "{size}");
        }
        for nothing in [&b""[..], &MAGIC, b"\x50\x2a\x4d\x18\x04\0\0\0abcd", b"something else"] {
            assert_eq!(window_bytes(nothing), None);
        }
    }

    #[test]
    fn several_frames_are_one_stream_and_skippable_ones_are_nothing() {
        let mut stream = compressed(b"one ", 1, 0, true);
        stream.extend_from_slice(b"\x50\x2a\x4d\x18\x04\0\0\0abcd");
        stream.extend(compressed(b"two", 19, 27, false));
        assert_eq!(decompressed(&stream).unwrap(), b"one two");
        assert_eq!(decompressed(b"").unwrap(), b"");
        let error = decompressed(&stream[..stream.len() - 1]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        stream.extend_from_slice(b"and more");
        assert!(decompressed(&stream).is_err());
    }

    #[test]
    fn only_one_layer_at_a_time_has_a_large_window() {
        let large = compressed(&[7; 1000], 1, 27, false);
        let small = compressed(&[7; 1000], 1, 23, false);
        let mut first = ZstdReader::new(&large[..], Ticket::default()).unwrap();
        first.read_exact(&mut [0; 10]).unwrap();
        // A small one goes its way meanwhile.
        assert_eq!(decompressed(&small).unwrap(), [7; 1000]);
        let (done, waits) = mpsc::channel();
        let stream = large.clone();
        let second = std::thread::spawn(move || {
            let content = decompressed(&stream);
            done.send(()).unwrap();
            content
        });
        assert!(waits.recv_timeout(std::time::Duration::from_millis(200)).is_err());
        drop(first);
        assert_eq!(second.join().unwrap().unwrap(), [7; 1000]);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>, is_frame: bool) {
            let stream = if is_frame { [&MAGIC[..], &bytes].concat() } else { bytes };
            let _ = window_bytes(&stream);
            let _ = decompressed(&stream);
        }

        #[test]
        fn what_was_compressed_comes_back(frames in prop::collection::vec((any::<Vec<u8>>(), 1i32..20, any::<bool>()), 0..4)) {
            let stream: Vec<u8> = frames.iter().flat_map(|(content, level, is_sized)| compressed(content, *level, 0, *is_sized)).collect();
            let content: Vec<u8> = frames.into_iter().flat_map(|(content, ..)| content).collect();
            prop_assert_eq!(decompressed(&stream).unwrap(), content);
        }
    }
}
