//! Finding the last lines of a log.

use std::io::{self, SeekFrom};

use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::CHUNK_BYTES;

/// The search for the last lines that are not empty, from the end of a log backwards, over one file after the other.
pub(super) struct LastLines {
    wanted: usize,
    found: usize,
    /// Whether the line that the search is in has text.
    line_has_text: bool,
}

impl LastLines {
    pub(super) fn new(wanted: usize) -> Self {
        Self {
            wanted,
            found: 0,
            line_has_text: false,
        }
    }

    /// Moves to where the last lines begin, if that is in this file, and says so; else to the beginning of the file, and the search may
    /// go on in the file before it.
    pub(super) async fn seek(&mut self, file: &mut File) -> io::Result<bool> {
        let mut position = file.seek(SeekFrom::End(0)).await?;
        if self.wanted == 0 {
            return Ok(true);
        }
        while position > 0 {
            let start = position.saturating_sub(CHUNK_BYTES as u64);
            let mut chunk = vec![0; usize::try_from(position - start).unwrap_or(CHUNK_BYTES)];
            file.seek(SeekFrom::Start(start)).await?;
            file.read_exact(&mut chunk).await?;
            for (offset, byte) in chunk.iter().enumerate().rev() {
                if *byte != b'\n' {
                    self.line_has_text |= *byte != b'\r';
                    continue;
                }
                if self.line_has_text {
                    self.found += 1;
                    self.line_has_text = false;
                }
                if self.found == self.wanted {
                    file.seek(SeekFrom::Start(start + offset as u64 + 1)).await?;
                    return Ok(true);
                }
            }
            position = start;
        }
        file.seek(SeekFrom::Start(0)).await?;
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn last(text: &[u8], lines: usize) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut log = tempfile::NamedTempFile::new().unwrap();
            log.write_all(text).unwrap();
            let mut file = File::open(log.path()).await.unwrap();
            LastLines::new(lines).seek(&mut file).await.unwrap();
            let mut rest = Vec::new();
            file.read_to_end(&mut rest).await.unwrap();
            rest
        })
    }

    #[test]
    fn last_lines_do_not_count_empty_ones() {
        assert_eq!(last(b"a\n\nb\n", 1), b"b\n");
        assert_eq!(last(b"a\n\nb\n", 2), b"a\n\nb\n");
        assert_eq!(last(b"a\nb", 1), b"b");
        assert_eq!(last(b"a\n", 0), b"");
        assert_eq!(last(b"a\n", 9), b"a\n");
    }

    #[test]
    fn lines_are_found_across_chunks() {
        let long = vec![b'x'; CHUNK_BYTES + 10];
        let text = [b"first\n".as_slice(), &long, b"\nlast\n"].concat();
        assert_eq!(last(&text, 1), b"last\n");
        assert_eq!(last(&text, 2), text[6..]);
    }
}
