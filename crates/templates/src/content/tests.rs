//! What counts for the digest, and what does not.

use super::*;

fn file(length_bytes: u64, data: &[(u64, &[u8])]) -> File {
    let file = tempfile::tempfile().unwrap();
    file.set_len(length_bytes).unwrap();
    for (position, bytes) in data {
        file.write_all_at(bytes, *position).unwrap();
    }
    file
}

fn digest_of(length_bytes: u64, data: &[(u64, &[u8])]) -> Digest {
    digest(&file(length_bytes, data), length_bytes).unwrap()
}

const LENGTH_BYTES: u64 = 3 * SEGMENT_BYTES + 1000;

#[test]
fn every_byte_its_place_and_the_length_count() {
    let data: [(u64, &[u8]); 3] = [
        (0, b"first"),
        (SEGMENT_BYTES + 70_000, b"second"),
        (LENGTH_BYTES - 4, b"last"),
    ];
    let whole = digest_of(LENGTH_BYTES, &data);
    assert_eq!(whole, digest_of(LENGTH_BYTES, &data));
    assert_ne!(whole, digest_of(LENGTH_BYTES + 1, &data));
    for (index, (position, _)) in data.iter().enumerate() {
        let mut flipped = data.map(|(position, bytes)| (position, bytes.to_vec()));
        flipped[index].1[0] ^= 1;
        let flipped = flipped
            .each_ref()
            .map(|(position, bytes)| (*position, bytes.as_slice()));
        assert_ne!(whole, digest_of(LENGTH_BYTES, &flipped), "{position}");
        let mut moved = data;
        moved[index].0 = if index == 2 { position - 1 } else { position + 1 };
        assert_ne!(whole, digest_of(LENGTH_BYTES, &moved), "{position}");
    }
}

#[test]
fn blocks_cannot_be_exchanged() {
    let (one, other) = ([1; BLOCK_BYTES as usize], [2; BLOCK_BYTES as usize]);
    for distance in [BLOCK_BYTES, SEGMENT_BYTES] {
        assert_ne!(
            digest_of(LENGTH_BYTES, &[(0, &one), (distance, &other)]),
            digest_of(LENGTH_BYTES, &[(0, &other), (distance, &one)])
        );
    }
}

#[test]
fn written_zeros_are_as_good_as_holes() {
    let zeros = vec![0; (SEGMENT_BYTES + 3 * BLOCK_BYTES) as usize];
    assert_eq!(
        digest_of(LENGTH_BYTES, &[(5, b"data")]),
        digest_of(LENGTH_BYTES, &[(0, &zeros), (5, b"data"), (BLOCK_BYTES + 3, &[0; 9])])
    );
    assert_eq!(digest_of(LENGTH_BYTES, &[]), digest_of(LENGTH_BYTES, &[(0, &zeros)]));
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let bytes: Vec<u8> = (0..LENGTH_BYTES).map(|position| (position % 251) as u8).collect();
    let file = file(LENGTH_BYTES, &[(0, &bytes)]);
    let starts = segments_with_data(&file, LENGTH_BYTES).unwrap();
    assert_eq!(starts, [0, SEGMENT_BYTES, 2 * SEGMENT_BYTES, 3 * SEGMENT_BYTES]);
    let alone = segment_digests(&file, LENGTH_BYTES, &starts, 1).unwrap();
    for threads in [2, 3, 4, 9] {
        assert_eq!(segment_digests(&file, LENGTH_BYTES, &starts, threads).unwrap(), alone);
    }
}

#[test]
fn a_file_that_has_become_shorter_is_an_error() {
    let file = file(100, &[(0, b"data")]);
    assert_eq!(digest(&file, 101).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_huge_hole_is_not_read() {
    // Had it to be read, this would take minutes.
    let huge = 64 << 30;
    let bytes = [7; 3];
    assert_ne!(
        digest_of(huge, &[(huge / 2, &bytes)]),
        digest_of(huge, &[(huge / 2 + SEGMENT_BYTES, &bytes)])
    );
}
