//! How much a commit may have. A few kilobytes can name a tree of any size, by naming the same directory again and again.

use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::program::Git;
use crate::remote::RemoteError;

/// The most files.
const FILES: u64 = 2_000_000;
/// The most bytes of files: as much as a context may have.
const BYTES: u64 = 64 << 30;
/// The longest line: a path and what is said of it.
const LINE_BYTES: usize = 64 << 10;

/// Makes sure that a commit can be checked out.
pub(super) async fn check(git: &Git<'_>, url: &str, commit: &str) -> Result<(), RemoteError> {
    let arguments = ["ls-tree", "-r", "-l", "-z", "--full-tree", commit];
    let counted = git.read(&arguments, async |stdout| {
        let mut lines = BufReader::new(stdout);
        let (mut files, mut bytes) = (0_u64, 0_u64);
        let too_large = |what, limit| RemoteError::TreeTooLarge {
            url: url.to_owned(),
            what,
            limit,
        };
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = lines.read_until(0, &mut line).await?;
            if length == 0 {
                return Ok(());
            }
            files += 1;
            bytes = bytes.saturating_add(size_of(&line));
            if files > FILES {
                return Err(too_large("files", FILES));
            }
            if bytes > BYTES {
                return Err(too_large("bytes of files", BYTES));
            }
            if length > LINE_BYTES {
                return Err(too_large("bytes in the name of a file", LINE_BYTES as u64));
            }
        }
    });
    Ok(counted.await?)
}

/// The size in `<mode> blob <object> <size>\t<path>`; 0 for what is no file.
fn size_of(line: &[u8]) -> u64 {
    let head = line.split(|byte| *byte == b'\t').next().unwrap_or_default();
    let size = head.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(size)
        .ok()
        .and_then(|size| size.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(size_of(b"100644 blob 0123    4711\ta file"), 4711);
        assert_eq!(size_of(b"160000 commit 0123       -\tmodule"), 0);
        assert_eq!(size_of(b""), 0);
    }
}
