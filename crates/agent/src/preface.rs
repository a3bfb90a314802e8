//! Checks by the first bytes that arrive that the peer is a gRPC server.
//!
//! An HTTP/2 server speaks first with a SETTINGS frame on stream 0 (RFC 9113, section 3.4). Where the guest's kernel or
//! another program writes to the port, the error of this check has the bytes in it, which the transport's would not.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use container_stream::ByteStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Size of a frame's header, RFC 9113 section 4.1.
const FRAME_HEADER_BYTES: usize = 9;

/// Type of a SETTINGS frame, RFC 9113 section 6.5.
const FRAME_TYPE_SETTINGS: u8 = 4;

/// Initial value of SETTINGS_MAX_FRAME_SIZE, RFC 9113 section 6.5.2.
const FRAME_SIZE_MAX_BYTES: u32 = 16_384;

/// Bytes kept for the message.
const SAMPLE_BYTES: usize = 64;

/// The bytes that were received instead of the preface, escaped.
pub(crate) type Sample = Arc<OnceLock<String>>;

/// A stream whose first incoming frame is checked.
pub(crate) struct CheckedStream {
    stream: ByteStream,
    header: Vec<u8>,
    checked: bool,
    sample: Sample,
}

impl CheckedStream {
    pub(crate) fn new(stream: ByteStream, sample: Sample) -> Self {
        Self {
            stream,
            header: Vec::new(),
            checked: false,
            sample,
        }
    }

    fn check(&mut self, fresh: &[u8]) -> io::Result<()> {
        self.header.extend(fresh.iter().take(SAMPLE_BYTES - self.header.len()));
        if !may_be_settings(&self.header) {
            let escaped = format!("\"{}\"", self.header.escape_ascii());
            // It is empty: after the error the stream is not read again.
            let _ = self.sample.set(escaped);
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not an HTTP/2 server"));
        }
        self.checked = self.header.len() >= FRAME_HEADER_BYTES;
        Ok(())
    }
}

/// Whether `bytes` may begin a SETTINGS frame that is no acknowledgement. Looks at what is there of the header.
fn may_be_settings(bytes: &[u8]) -> bool {
    let at = |index: usize, allowed: u8| bytes.get(index).is_none_or(|byte| *byte == allowed);
    let length = match bytes {
        [a, b, c, ..] => u32::from_be_bytes([0, *a, *b, *c]),
        [first, ..] => u32::from(*first) << 16,
        [] => 0,
    };
    length <= FRAME_SIZE_MAX_BYTES && at(3, FRAME_TYPE_SETTINGS) && (4..FRAME_HEADER_BYTES).all(|index| at(index, 0))
}

impl AsyncRead for CheckedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if !self.checked {
            let fresh = buf.filled().get(before..).unwrap_or_default();
            self.check(fresh)?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for CheckedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_settings_frame_passes_whole_and_in_pieces() {
        let frame = [0, 0, 18, 4, 0, 0, 0, 0, 0];
        for end in 0..=frame.len() {
            assert!(may_be_settings(&frame[..end]), "{end}");
        }
    }

    #[test]
    fn text_and_other_frames_do_not() {
        for bytes in [
            &b"login: "[..],
            b"[    0.0",
            &[0, 0, 0, 4, 1],
            &[0, 0, 8, 6],
            &[0x80],
            &[0, 0x40, 1],
        ] {
            assert!(!may_be_settings(bytes), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_pass_or_fail_alike(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            cut in 0..200_usize,
        ) {
            let (near, _far) = tokio::io::duplex(1);
            let mut stream = CheckedStream::new(near.into(), Sample::default());
            let (first, rest) = bytes.split_at(cut.min(bytes.len()));
            let passed = stream.check(first).is_ok() && (stream.checked || stream.check(rest).is_ok());
            let header = bytes.get(..FRAME_HEADER_BYTES).unwrap_or(&bytes);
            prop_assert_eq!(passed, may_be_settings(header));
        }
    }
}
