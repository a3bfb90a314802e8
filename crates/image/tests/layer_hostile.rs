//! Layers that are cut off, padded, glued together, bombs, or no layers at all: a disk that `e2fsck` accepts, or an error. Nothing in between.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod layer_support;

use std::io::Write;

use container_image::layer::{DiskOptions, LayerError, LayerLimits, write_layer_disk};
use container_oci::{Algorithm, LayerCompression};
use layer_support::{Tar, assert_clean, disk_of, header, sha256, try_disk_of};
use proptest::prelude::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn small_tar() -> Vec<u8> {
    Tar::new()
        .directory("d")
        .file("d/f", b"some content that compresses a little, a little, a little")
        .symlink("l", "d/f")
        .end()
}

#[test]
fn a_layer_cut_anywhere_is_an_error() {
    let tar = small_tar();
    let zstd = zstd::encode_all(&tar[..], 3).unwrap();
    for (name, whole) in [("gzip", gzip(&tar)), ("zstd", zstd)] {
        for cut in 1..whole.len() {
            let outcome = try_disk_of(&whole[..cut], LayerCompression::Gzip, LayerLimits::default());
            // The tar may be complete before the compressed stream is; the digest then gives it away.
            match outcome {
                Err(LayerError::Read(_) | LayerError::Tar(_) | LayerError::NotAsDeclared { .. }) => {}
                other => panic!("{name} cut at {cut} of {}: {other:?}", whole.len()),
            }
        }
        assert!(try_disk_of(&whole, LayerCompression::Gzip, LayerLimits::default()).is_ok());
    }
}

#[test]
fn members_that_follow_each_other_are_one_stream() {
    let tar = small_tar();
    let (first, second) = tar.split_at(777);
    let frames = [
        zstd::encode_all(first, 3).unwrap(),
        zstd::encode_all(second, 3).unwrap(),
    ];
    for glued in [[gzip(first), gzip(second)].concat(), frames.concat()] {
        let summary = try_disk_of(&glued, LayerCompression::Gzip, LayerLimits::default()).unwrap();
        assert_eq!(summary.diff_id.hex(), sha256(&tar));
    }
}

#[test]
fn what_trails_a_compressed_stream_is_an_error() {
    let tar = small_tar();
    for whole in [gzip(&tar), zstd::encode_all(&tar[..], 3).unwrap()] {
        for trailing in [&b"garbage"[..], &[0x1f, 0x8b, 0x00], &[0x28]] {
            let padded = [&whole[..], trailing].concat();
            match try_disk_of(&padded, LayerCompression::Gzip, LayerLimits::default()) {
                Err(LayerError::Read(_) | LayerError::Tar(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Zeros without end, or nearly.
#[test]
fn bombs_end_at_the_limit() {
    let limits = LayerLimits {
        uncompressed_bytes: 2 << 20,
        ..LayerLimits::default()
    };
    let tar = Tar::new().file("zeros", &vec![0; 8 << 20]).end();
    for bomb in [gzip(&tar), zstd::encode_all(&tar[..], 3).unwrap()] {
        assert!(bomb.len() < 1 << 20);
        let error = try_disk_of(&bomb, LayerCompression::Gzip, limits).unwrap_err();
        assert!(matches!(error, LayerError::TooLarge { limit_bytes } if limit_bytes == 2 << 20));
        assert_eq!(error.to_string(), "the layer's tar is larger than 2097152 bytes");
    }
    // The same behind the tar's end, where nothing is written any more.
    let tar = [small_tar(), vec![0; 8 << 20]].concat();
    let error = try_disk_of(&gzip(&tar), LayerCompression::Gzip, limits).unwrap_err();
    assert!(matches!(error, LayerError::TooLarge { .. }));
}

#[test]
fn floods_of_entries_names_and_whiteouts_end_at_their_limits() {
    let limits = LayerLimits {
        entries: 1000,
        retained_bytes: 100_000,
        whiteout_bytes: 1000,
        ..LayerLimits::default()
    };
    let flood = |path: &dyn Fn(usize) -> String| {
        let tar = (0..2000)
            .fold(Tar::new(), |tar, number| tar.file(&path(number), b""))
            .end();
        try_disk_of(&tar, LayerCompression::None, limits).unwrap_err()
    };
    let entries = flood(&|number| number.to_string());
    assert!(matches!(entries, LayerError::Disk(_)) && entries_of(&entries).contains("1000 entries"));
    let names = flood(&|number| format!("{number:0>90}"));
    assert!(entries_of(&names).contains("100000 bytes"), "{names:?}");
    let whiteouts = flood(&|number| format!(".wh.{number}"));
    assert!(matches!(whiteouts, LayerError::TooManyWhiteouts { limit_bytes: 1000 }));
}

fn entries_of(error: &LayerError) -> String {
    std::error::Error::source(error).unwrap().to_string()
}

/// Every way to name something outside: nothing outside is read, written or named.
#[test]
fn no_path_link_or_whiteout_leaves_the_root() {
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("victim");
    std::fs::write(&victim, b"untouched").unwrap();
    let escape = format!("../../../../../../../..{}", victim.display());
    let tar = Tar::new()
        .file(&escape, b"1")
        .file(victim.to_str().unwrap(), b"2")
        .symlink("out", outside.path().to_str().unwrap())
        .file("out/victim", b"3")
        .symlink("up", "../../../../../../../../..")
        .file("up/etc/passwd", b"4")
        .hard_link("hard", &escape)
        .file(&format!("{}/.wh.victim", outside.path().display()), b"")
        .file("../.wh..wh..opq", b"")
        .end();
    let disk = disk_of(&tar);
    assert_eq!(std::fs::read(&victim).unwrap(), b"untouched");
    assert_eq!(disk.content("/etc/passwd"), b"4");
    assert_eq!(disk.content("/hard"), b"3", "the name inside of the root");
    let names = disk.names("/");
    assert!(!names.iter().any(|name| name == ".."), "{names:?}");
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        8 => "[ab]{1,2}",
        2 => Just("..".to_owned()),
        1 => Just(".wh..wh..opq".to_owned()),
        2 => "[.]wh[.][ab]",
        1 => Just("\u{fffd}".to_owned()),
        1 => "[a-z]{90}",
    ];
    proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join("/").into_bytes())
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    let kind = proptest::sample::select(b"000011223456xgLKSD\0".to_vec());
    let content = prop_oneof![
        3 => proptest::collection::vec(any::<u8>(), 0..3000),
        1 => proptest::collection::vec(Just(0), 0..200_000),
        1 => Just(b"26 SCHILY.xattr.user.k=ab\n19 mtime=-15.12345\n".to_vec()),
        1 => Just(b"43 SCHILY.acl.access=u::rw-,g::r--,o::r--\n\n".to_vec()),
    ];
    (name(), name(), kind, content).prop_map(|(path, link, kind, content)| {
        let mut bytes = vec![0; 512];
        bytes[..path.len().min(100)].copy_from_slice(&path[..path.len().min(100)]);
        bytes[157..157 + link.len().min(100)].copy_from_slice(&link[..link.len().min(100)]);
        let has_content = matches!(kind, b'0' | b'x' | b'g' | b'L' | b'K' | b'S' | 0);
        let content = if has_content { content } else { Vec::new() };
        let mut member = header(bytes, kind, content.len());
        member.extend(content);
        member.resize(member.len().next_multiple_of(512), 0);
        member
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn random_layers_end_in_a_clean_disk_or_an_error(members in proptest::collection::vec(member(), 1..20)) {
        // What makes the whole stop early would hide what follows it, so the members are added one by one until one is refused.
        let mut tar = Vec::new();
        for member in members {
            let more = [&tar[..], &member].concat();
            if try_disk_of(&more, LayerCompression::None, LayerLimits::default()).is_ok() {
                tar = more;
            }
        }
        let disk = tempfile::NamedTempFile::new().unwrap();
        let directory = std::env::temp_dir();
        let options = DiskOptions::new(&directory);
        if write_layer_disk(&tar[..], LayerCompression::None, Algorithm::Sha256, disk.as_file(), &options).is_ok() {
            assert_clean(disk.path());
        }
    }

    #[test]
    fn any_damage_to_a_compressed_layer_is_survived(
        zstd in any::<bool>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let tar = small_tar();
        let mut bytes = if zstd { zstd::encode_all(&tar[..], 3).unwrap() } else { gzip(&tar) };
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = try_disk_of(&bytes, LayerCompression::Gzip, LayerLimits::default());
    }
}
