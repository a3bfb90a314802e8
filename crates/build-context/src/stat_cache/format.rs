//! The file of the cache: a mark with the version, notes of one size, and SHA-256 of all that.
//!
//! An older program finds a mark that it does not know and starts anew, and so does a newer one; both write the file as they know it. Nothing is lost but time.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use ring::digest::{SHA256, digest};

use super::Note;
use crate::fingerprint::Sha256;

const MARK: &[u8; 24] = b"container stat cache 1\n\0";
const DIGEST_BYTES: usize = size_of::<Sha256>();
/// Key, fingerprint, hour.
const NOTE_BYTES: usize = 2 * DIGEST_BYTES + size_of::<u32>();
/// Not more notes than this are kept: 27 MB, for the files of several large contexts.
const MAX_NOTES: usize = 400_000;
const MAX_BYTES: usize = MARK.len() + MAX_NOTES * NOTE_BYTES + DIGEST_BYTES;

/// Reads a cache; nothing where there is none, or one that is not as it should be.
pub(super) fn read(path: &Path) -> Option<HashMap<Sha256, Note>> {
    let file = File::open(path).ok()?;
    // A fifo in its place would have no end.
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= MAX_BYTES).then(|| decode(&bytes)).flatten()
}

fn decode(bytes: &[u8]) -> Option<HashMap<Sha256, Note>> {
    let (content, sum) = bytes.split_last_chunk::<DIGEST_BYTES>()?;
    let (notes, rest) = content.strip_prefix(MARK)?.as_chunks::<NOTE_BYTES>();
    if !rest.is_empty() || digest(&SHA256, content).as_ref() != sum {
        return None;
    }
    notes.iter().map(|note| decode_note(note)).collect()
}

fn decode_note(bytes: &[u8]) -> Option<(Sha256, Note)> {
    let (key, rest) = bytes.split_first_chunk()?;
    let (fingerprint, hour) = rest.split_first_chunk()?;
    let note = Note {
        fingerprint: *fingerprint,
        used_hour: u32::from_le_bytes(*hour.first_chunk()?),
    };
    Some((*key, note))
}

/// The file of these notes, without the oldest where they are too many.
pub(super) fn encode(notes: &HashMap<Sha256, Note>) -> Vec<u8> {
    encode_at_most(notes, MAX_NOTES)
}

fn encode_at_most(notes: &HashMap<Sha256, Note>, limit: usize) -> Vec<u8> {
    let mut notes: Vec<_> = notes.iter().collect();
    if notes.len() > limit {
        notes.sort_unstable_by_key(|(key, note)| (std::cmp::Reverse(note.used_hour), **key));
        notes.truncate(limit);
    }
    let mut bytes = Vec::with_capacity(MARK.len() + notes.len() * NOTE_BYTES + DIGEST_BYTES);
    bytes.extend(MARK);
    for (key, note) in notes {
        bytes.extend(key);
        bytes.extend(note.fingerprint);
        bytes.extend(note.used_hour.to_le_bytes());
    }
    let sum = digest(&SHA256, &bytes);
    bytes.extend(sum.as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn note(number: u32) -> (Sha256, Note) {
        let bytes = [number as u8; DIGEST_BYTES];
        let note = Note {
            fingerprint: bytes,
            used_hour: number,
        };
        (bytes, note)
    }

    #[test]
    fn what_was_not_used_for_long_goes_first() {
        let notes: HashMap<_, _> = (0..10).map(note).collect();
        let kept = decode(&encode_at_most(&notes, 3)).unwrap();
        assert_eq!(kept, (7..10).map(note).collect());
    }

    proptest! {
        #[test]
        fn notes_come_back(numbers in proptest::collection::vec(0..200_u32, 0..20)) {
            let notes: HashMap<_, _> = numbers.into_iter().map(note).collect();
            prop_assert_eq!(decode(&encode(&notes)), Some(notes));
        }

        #[test]
        fn any_change_makes_it_no_cache(at: prop::sample::Index, bit in 0..8_u8) {
            let mut bytes = encode(&(0..3).map(note).collect());
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(decode(&bytes), None);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&bytes), None);
        }
    }
}
