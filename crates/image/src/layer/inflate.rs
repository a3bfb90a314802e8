//! Decompression. What a layer is compressed with is told from its first bytes, because media types may be wrong.

use std::io::{self, BufRead, BufReader, Read};

use container_oci::LayerCompression;
use container_tar::is_tar_header;
use flate2::bufread::MultiGzDecoder;

use super::error::LayerError;
use super::turn::Ticket;
use super::zstd::ZstdReader;

/// Compressed bytes read at a time.
const INPUT_BYTES: usize = 256 << 10;
/// RFC 1952, "ID1" and "ID2".
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// RFC 8878, "Magic_Number" of a frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// RFC 8878, the last three bytes of the magic number of a skippable frame.
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// The decompressed stream, and how it is compressed. It waits for a turn with `ticket` where it takes much memory.
pub(super) fn decompress<'a>(
    source: impl Read + Send + 'a,
    declared: LayerCompression,
    ticket: Ticket,
) -> Result<(Box<dyn Read + Send + 'a>, LayerCompression), LayerError> {
    let mut source = BufReader::with_capacity(INPUT_BYTES, source);
    let start = first_bytes(&mut source).map_err(LayerError::Read)?;
    let input = io::Cursor::new(start).chain(source);
    let found = detect(input.get_ref().0.get_ref());
    Ok(match found {
        LayerCompression::Gzip => (Box::new(MultiGzDecoder::new(input)), found),
        LayerCompression::Zstd => {
            let decoder = ZstdReader::new(input, ticket).map_err(LayerError::Read)?;
            (Box::new(decoder), found)
        }
        LayerCompression::None => {
            if declared != found && !is_tar_header(input.get_ref().0.get_ref()) {
                return Err(LayerError::NotAsDeclared { declared });
            }
            (Box::new(input), found)
        }
    })
}

/// The compression whose magic number is at the start.
pub(crate) fn detect(start: &[u8]) -> LayerCompression {
    if start.starts_with(&GZIP_MAGIC) {
        LayerCompression::Gzip
    } else if start.starts_with(&ZSTD_MAGIC)
        || (start.len() > 3 && start[0] & 0xf0 == 0x50 && start[1..4] == ZSTD_SKIPPABLE)
    {
        LayerCompression::Zstd
    } else {
        LayerCompression::None
    }
}

/// The first 512 bytes, or fewer where the stream ends earlier.
fn first_bytes(source: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(512);
    source.take(512).read_to_end(&mut start)?;
    Ok(start)
}
