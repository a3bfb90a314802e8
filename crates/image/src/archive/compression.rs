//! Finding out how an archive, or a layer without a media type, is packed.

use std::io::{self, BufRead, BufReader, Read};

use container_oci::LayerCompression;

use crate::layer::{Ticket, ZstdReader, detect};

/// Size of the read buffer.
const BUFFER_BYTES: usize = 256 * 1024;

/// Unpacks `reader` according to its first bytes.
pub(super) fn unpacked<'a>(reader: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, reader);
    let start = reader.fill_buf()?;
    if let Some((name, tool)) = foreign(start) {
        let reason = format!("it is compressed with {name}, which is not supported; unpack it first ({tool})");
        return Err(io::Error::new(io::ErrorKind::Unsupported, reason));
    }
    Ok(match detect(start) {
        LayerCompression::None => Box::new(reader),
        LayerCompression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
        LayerCompression::Zstd => Box::new(ZstdReader::new(reader, Ticket::default())?),
    })
}

/// A compression that we know, but cannot unpack within bounded memory and without C: its name, and what unpacks it.
fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        // The .xz file format, section 2.1.1.1: Header Magic Bytes.
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(("xz", "xz -d")),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(("bzip2", "bzip2 -d")),
        _ => None,
    }
}
