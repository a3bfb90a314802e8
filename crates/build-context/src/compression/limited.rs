//! A stream that ends with an error where it gets too long.

use std::io::{self, BufRead, Read};

/// A stream of which only so many bytes are read; one more is an error, whose cause is [`LimitReached`].
#[derive(Debug)]
pub struct Limited<R> {
    stream: R,
    left_bytes: u64,
}

/// More bytes came than were allowed.
#[derive(Debug, thiserror::Error)]
#[error("the stream is too long")]
pub struct LimitReached;

impl<R> Limited<R> {
    /// The first `limit_bytes` of a stream.
    pub fn new(stream: R, limit_bytes: u64) -> Self {
        Self {
            stream,
            left_bytes: limit_bytes,
        }
    }
}

impl<R: BufRead> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Limited<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let available = self.stream.fill_buf()?;
        if available.is_empty() {
            return Ok(available);
        }
        let length = usize::try_from(self.left_bytes)
            .unwrap_or(usize::MAX)
            .min(available.len());
        if length == 0 {
            return Err(io::Error::other(LimitReached));
        }
        Ok(&available[..length])
    }

    fn consume(&mut self, length: usize) {
        self.left_bytes = self.left_bytes.saturating_sub(length as u64);
        self.stream.consume(length);
    }
}
