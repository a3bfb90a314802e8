//! What is compressed comes out again, whatever with, and nothing takes memory or time without end.

use std::io::Write as _;

use lzma_rust2::{XzOptions, XzWriter};
use proptest::prelude::*;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut writer = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn xz(bytes: &[u8], preset: u32) -> Vec<u8> {
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(preset)).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn all(bytes: &[u8]) -> [(Compression, Vec<u8>); 5] {
    [
        (Compression::None, bytes.to_vec()),
        (Compression::Gzip, gzip(bytes)),
        (Compression::Bzip2, bzip2(bytes)),
        (Compression::Xz, xz(bytes, 6)),
        (Compression::Zstd, zstd::stream::encode_all(bytes, 1).unwrap()),
    ]
}

fn read(stream: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    decoded(stream)?.take(1 << 20).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn formats_are_told_by_content_and_several_streams_are_one() {
    for (compression, stream) in all(b"some text") {
        assert_eq!(Compression::of(&stream), compression);
        assert_eq!(read(&stream).unwrap(), b"some text", "{compression:?}");
        assert_eq!(
            read(&stream.repeat(2)).unwrap(),
            b"some textsome text",
            "{compression:?}"
        );
    }
}

#[test]
fn an_archive_is_told_from_a_text() {
    let mut tar = container_tar::Writer::new(Vec::new());
    let entry = container_tar::Entry {
        path: b"a".to_vec(),
        kind: container_tar::EntryKind::Directory,
        mode: 0o755,
        uid: 0,
        gid: 0,
        modified: container_tar::Timestamp::default(),
        xattrs: Vec::new(),
    };
    tar.begin(&entry).unwrap();
    let tar = tar.finish().unwrap();
    for (compression, stream) in all(&tar) {
        assert!(is_archive(&stream), "{compression:?}");
    }
    for text in [&b"FROM scratch\n"[..], b"BZhow to\n", &[b'#'; 600]] {
        assert!(!is_archive(text));
    }
}

#[test]
fn a_stream_that_breaks_off_is_an_error() {
    let text: Vec<u8> = (0..5000_u32).flat_map(u32::to_le_bytes).collect();
    for (compression, stream) in all(&text).into_iter().skip(1) {
        assert!(read(&stream[..stream.len() / 2]).is_err(), "{compression:?}");
    }
}

#[test]
fn xz_gets_the_memory_that_its_strongest_preset_takes_and_no_more() {
    let mut stream = xz(b"some text", 9);
    assert_eq!(read(&stream).unwrap(), b"some text");
    // The .xz file format, section 3.1: after the stream's header of 12 bytes a block's, whose third filter byte is the size of the dictionary (5.3.1).
    assert_eq!(stream[14..16], [0x21, 0x01], "the filter is LZMA2");
    // 4 GiB - 1, and the checksum of the header for it.
    stream[16] = 40;
    let end = 12 + 4 * (usize::from(stream[12]) + 1) - 4;
    let checksum = crc32(&stream[12..end]).to_le_bytes();
    stream[end..end + 4].copy_from_slice(&checksum);
    let error = read(&stream).unwrap_err().to_string();
    assert!(error.contains("mem"), "{error}");
}

/// The .xz file format, section 6.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}

#[test]
fn a_limit_is_one_byte_before_an_error() {
    let read = |limit| {
        let mut bytes = Vec::new();
        let read = Limited::new(&b"four"[..], limit).read_to_end(&mut bytes);
        read.map_err(|error| error.get_ref().is_some_and(|cause| cause.is::<LimitReached>()))
    };
    assert_eq!(read(4), Ok(4));
    assert_eq!(read(3), Err(true));
}

proptest! {
    #[test]
    fn a_damaged_stream_ends_without_a_panic(
        format in 1..5_usize,
        text in proptest::collection::vec(any::<u8>(), 0..300),
        at: prop::sample::Index,
        with: u8,
    ) {
        let (_, mut stream) = all(&text).into_iter().nth(format).unwrap();
        let place = at.index(stream.len());
        stream[place] = with;
        let _ = read(&stream);
    }

    #[test]
    fn anything_behind_a_magic_number_ends_without_a_panic(
        format in 1..5_usize,
        keep in 3..16_usize,
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let (_, stream) = all(b"text").into_iter().nth(format).unwrap();
        let stream = [&stream[..keep.min(stream.len())], &rest].concat();
        let _ = read(&stream);
    }
}
