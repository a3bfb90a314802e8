//! What an archive is compressed with, told from its first bytes, and the stream without that.
//!
//! Memory is bounded, whatever the stream asks for; how much comes out is for the caller to bound ([`Limited`]).

mod limited;

use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::MultiBzDecoder;
use container_tar::is_tar_header;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;

pub use limited::{LimitReached, Limited};

/// Bytes read at a time.
const BUFFER_BYTES: usize = 256 << 10;
/// The longest magic number.
const MAGIC_BYTES: usize = 6;
/// Enough for what `xz -9` makes, with a dictionary of 64 MiB.
const XZ_MEMORY_KIB: u32 = 96 << 10;

/// A format of compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// None that is known.
    None,
    /// RFC 1952
    Gzip,
    /// bzip2(1)
    Bzip2,
    /// The .xz file format
    Xz,
    /// RFC 8878
    Zstd,
}

impl Compression {
    /// What a stream is compressed with that begins like this.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            // RFC 1952, "ID1", "ID2" and "CM".
            [0x1f, 0x8b, 0x08, ..] => Self::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            // The .xz file format, section 2.1.1.1: Header Magic Bytes.
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            // RFC 8878, "Magic_Number" of a frame, and of one that is skipped.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    /// The stream without this compression. Several compressed streams one after the other are one.
    ///
    /// # Errors
    /// When the decoder cannot be set up. What is wrong with the stream, or wants more than 128 MiB of memory, shows when it is read.
    pub fn decoded<'a>(self, stream: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
        Ok(match self {
            Self::None => Box::new(stream),
            Self::Gzip => buffered(MultiGzDecoder::new(stream)),
            Self::Bzip2 => buffered(MultiBzDecoder::new(stream)),
            Self::Xz => buffered(XzReader::new_mem_limit(stream, true, XZ_MEMORY_KIB)),
            Self::Zstd => buffered(zstd::stream::read::Decoder::with_buffer(stream)?),
        })
    }
}

/// Whether a file that begins like this is an archive: a tar, or something compressed. 512 bytes are enough to tell.
#[must_use]
pub fn is_archive(head: &[u8]) -> bool {
    Compression::of(head) != Compression::None || is_tar_header(head)
}

/// The stream without the compression that it begins with.
pub(crate) fn decoded<'a>(stream: impl Read + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let mut stream = BufReader::with_capacity(BUFFER_BYTES, stream);
    // A pipe may give less than a magic number at first.
    let mut start = Vec::with_capacity(MAGIC_BYTES);
    stream.by_ref().take(MAGIC_BYTES as u64).read_to_end(&mut start)?;
    let compression = Compression::of(&start);
    compression.decoded(BufReader::with_capacity(
        BUFFER_BYTES,
        io::Cursor::new(start).chain(stream),
    ))
}

fn buffered<'a>(stream: impl Read + 'a) -> Box<dyn BufRead + 'a> {
    Box::new(BufReader::with_capacity(BUFFER_BYTES, stream))
}

#[cfg(test)]
mod tests;
