//! The file of a saved machine's devices: what QEMU writes of them, and a digest of it.
//!
//! QEMU notices a stream that is cut off or does not fit the machine, but not a value that is damaged: the digest (SHA-256, FIPS 180-4) does.

use std::io;

use sha2::{Digest as _, Sha256};

/// Bytes of the digest.
const DIGEST_BYTES: usize = 32;

/// Longest stream of QEMU's, bytes. One of a large machine has a few hundred thousand; it would be longer if it had the memory in it.
pub(crate) const STREAM_MAX_BYTES: u64 = 64 << 20;

/// The content of a file with this stream.
pub(crate) fn seal(mut stream: Vec<u8>) -> Vec<u8> {
    let digest = Sha256::digest(&stream);
    stream.extend_from_slice(&digest);
    stream
}

/// The stream of a file with this content.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] when it is not what was written.
pub(crate) fn open(mut content: Vec<u8>) -> io::Result<Vec<u8>> {
    let length = content.len().saturating_sub(DIGEST_BYTES);
    let digest = content.split_off(length);
    if Sha256::digest(&content).as_slice() == digest {
        Ok(content)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file is damaged: its digest is another one",
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_shorter_than_a_digest_is_damaged() {
        assert!(open(Vec::new()).is_err());
        assert!(open(vec![0; DIGEST_BYTES - 1]).is_err());
        assert_eq!(open(seal(Vec::new())).unwrap(), b"");
    }

    proptest! {
        #[test]
        fn each_flip_and_each_cut_is_noticed(stream in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
            let content = seal(stream.clone());
            prop_assert_eq!(open(content.clone()).unwrap(), stream);
            let at = at.index(content.len());
            let mut flipped = content.clone();
            flipped[at] ^= 1;
            prop_assert!(open(flipped).is_err());
            prop_assert!(open(content[..at].to_vec()).is_err());
        }
    }
}
