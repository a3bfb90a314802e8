//! Captures as an independent reader sees them.

use super::*;

/// A block with its type, and what is between its two lengths.
struct Block {
    kind: u32,
    body: Vec<u8>,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn blocks(mut bytes: &[u8]) -> Vec<Block> {
    let mut blocks = Vec::new();
    while !bytes.is_empty() {
        let length = u32_at(bytes, 4) as usize;
        assert_eq!(length % 4, 0);
        assert_eq!(u32_at(bytes, length - 4) as usize, length);
        blocks.push(Block {
            kind: u32_at(bytes, 0),
            body: bytes[8..length - 4].to_vec(),
        });
        bytes = &bytes[length..];
    }
    blocks
}

fn options(mut bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let mut options = Vec::new();
    loop {
        let code = u16::from_le_bytes([bytes[0], bytes[1]]);
        let length = usize::from(u16::from_le_bytes([bytes[2], bytes[3]]));
        if code == 0 {
            assert_eq!((length, bytes.len()), (0, 4));
            return options;
        }
        options.push((code, bytes[4..4 + length].to_vec()));
        bytes = &bytes[4 + length.next_multiple_of(4)..];
    }
}

#[test]
fn a_capture_names_its_machines_and_has_their_frames() {
    let mut capture = PcapngWriter::new(Vec::new(), 0).unwrap();
    assert_eq!(capture.interface("db").unwrap(), 0);
    assert_eq!(capture.interface("web").unwrap(), 1);
    let time = Duration::new(1_700_000_000, 123_456_789);
    capture.packet(1, time, Direction::FromMachine, b"hello").unwrap();
    capture.packet(0, time, Direction::ToMachine, b"").unwrap();
    capture.flush().unwrap();
    let blocks = blocks(&capture.into_writer());
    let kinds: Vec<u32> = blocks.iter().map(|block| block.kind).collect();
    assert_eq!(kinds, [0x0a0d_0d0a, 1, 1, 6, 6]);

    assert_eq!(
        blocks[0].body[..16],
        *b"\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"
    );
    assert_eq!(options(&blocks[0].body[16..])[0].0, 4);
    for (block, name) in blocks[1..3].iter().zip(["db", "web"]) {
        assert_eq!(block.body[..8], [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(options(&block.body[8..]), [(2, name.as_bytes().to_vec()), (9, vec![9])]);
    }
    let nanoseconds = u64::from(u32_at(&blocks[3].body, 4)) << 32 | u64::from(u32_at(&blocks[3].body, 8));
    assert_eq!(nanoseconds, 1_700_000_000_123_456_789);
    assert_eq!([0, 12, 16].map(|at| u32_at(&blocks[3].body, at)), [1, 5, 5]);
    assert_eq!(blocks[3].body[20..28], *b"hello\0\0\0");
    assert_eq!(options(&blocks[3].body[28..]), [(2, vec![1, 0, 0, 0])]);
    assert_eq!([0, 12, 16].map(|at| u32_at(&blocks[4].body, at)), [0, 0, 0]);
    assert_eq!(options(&blocks[4].body[20..]), [(2, vec![2, 0, 0, 0])]);
}

#[test]
fn a_long_frame_is_cut_and_its_length_is_kept() {
    let mut capture = PcapngWriter::new(Vec::new(), 6).unwrap();
    capture.interface("db").unwrap();
    capture
        .packet(0, Duration::ZERO, Direction::ToMachine, b"0123456789")
        .unwrap();
    let blocks = blocks(&capture.into_writer());
    assert_eq!(u32_at(&blocks[1].body, 4), 6);
    assert_eq!([12, 16].map(|at| u32_at(&blocks[2].body, at)), [6, 10]);
    assert_eq!(blocks[2].body[20..28], *b"012345\0\0");
}

#[test]
fn a_frame_of_an_unknown_interface_is_refused_and_nothing_is_written() {
    let mut capture = PcapngWriter::new(Vec::new(), 0).unwrap();
    let error = capture
        .packet(0, Duration::ZERO, Direction::ToMachine, b"x")
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(blocks(&capture.into_writer()).len(), 1);
}

#[test]
fn a_name_that_is_too_long_is_cut_between_characters() {
    let mut capture = PcapngWriter::new(Vec::new(), 0).unwrap();
    capture.interface(&"ä".repeat(40_000)).unwrap();
    let blocks = blocks(&capture.into_writer());
    assert_eq!(options(&blocks[1].body[8..])[0].1, "ä".repeat(32_767).into_bytes());
}

proptest::proptest! {
    #[test]
    fn every_frame_is_read_back(frames in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..100), 0..20)) {
        let mut capture = PcapngWriter::new(Vec::new(), 0).unwrap();
        capture.interface("db").unwrap();
        for frame in &frames {
            capture.packet(0, Duration::ZERO, Direction::FromMachine, frame).unwrap();
        }
        let read: Vec<Vec<u8>> = blocks(&capture.into_writer())[2..]
            .iter()
            .map(|block| block.body[20..20 + u32_at(&block.body, 12) as usize].to_vec())
            .collect();
        proptest::prop_assert_eq!(read, frames);
    }
}
