//! Layer disks from tars of all kinds, read back with `debugfs` and accepted by `e2fsck`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod layer_support;

use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::process::Command;

use container_image::layer::{LayerError, LayerLimits};
use container_oci::LayerCompression;
use layer_support::{Tar, disk_of, merged_disk_of, sha256, try_disk_of};

#[test]
fn compression_is_told_from_the_bytes() {
    let tar = Tar::new().file("f", b"content").end();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&tar[..700]).unwrap();
    let mut gzip = gzip.finish().unwrap();
    // Two members, as parallel compressors write them.
    let mut second = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    second.write_all(&tar[700..]).unwrap();
    gzip.extend(second.finish().unwrap());
    let zstd = zstd::encode_all(&tar[..], 3).unwrap();
    for (bytes, found) in [
        (&tar, LayerCompression::None),
        (&gzip, LayerCompression::Gzip),
        (&zstd, LayerCompression::Zstd),
    ] {
        for declared in [LayerCompression::None, LayerCompression::Gzip, LayerCompression::Zstd] {
            let summary = try_disk_of(&bytes[..], declared, LayerLimits::default()).unwrap();
            assert_eq!((summary.compression, summary.entries), (found, 1));
            assert_eq!(summary.diff_id.hex(), sha256(&tar));
            assert_eq!(summary.uncompressed_bytes, tar.len() as u64);
        }
    }
}

#[test]
fn what_follows_the_end_of_the_tar_counts_for_the_digest() {
    let mut tar = Tar::new().file("f", b"content").end();
    tar.extend(vec![0; 3 << 20]);
    tar.extend(b"trailing bytes");
    assert_eq!(disk_of(&tar).summary.diff_id.hex(), sha256(&tar));
}

#[test]
fn a_fixed_layer_gives_a_fixed_disk() {
    let tar = Tar::new()
        .directory("etc")
        .file("etc/hostname", b"known\n")
        .symlink("link", "etc/hostname")
        .end();
    let disk = disk_of(&tar);
    let bytes = std::fs::read(disk.file.path()).unwrap();
    assert_eq!(sha256(&bytes), KNOWN_DISK);
}

/// Changes only together with the format version of layer disks.
const KNOWN_DISK: &str = "ef8c47f28376c7763fb4eb0fb0ede37beea11ca57d815ecbcf162a963b5030f9";

#[test]
fn whiteouts_become_devices_and_opaque_directories() {
    let tar = Tar::new()
        .file("d/.wh..wh..opq", b"")
        .directory("d")
        .file("d/.wh.gone", b"")
        .file("d/kept", b"1")
        .file("d/.wh.kept", b"")
        .file("e/.wh.remade", b"")
        .file("e/remade/file", b"2")
        .file(".wh..wh.plnk/1", b"")
        .file(".wh..wh.aufs", b"")
        .end();
    let disk = disk_of(&tar);
    assert!(disk.stat("/d/gone").contains("Type: character special"));
    assert!(disk.stat("/d/gone").contains("Device major/minor number: 00:00"));
    assert_eq!(disk.xattr("/d", "trusted.overlay.opaque"), "y");
    assert_eq!(disk.xattr("/e/remade", "trusted.overlay.opaque"), "y");
    assert_eq!(disk.content("/d/kept"), b"1");
    assert_eq!(disk.content("/e/remade/file"), b"2");
    assert!(
        !disk.names("/").iter().any(|name| name.starts_with(".wh.")),
        "{:?}",
        disk.names("/")
    );
}

#[test]
fn whiteouts_of_nothing_are_refused() {
    for path in [".wh.", "a/.wh..", "a/.wh..."] {
        let tar = Tar::new().file(path, b"").end();
        let result = try_disk_of(&tar, LayerCompression::None, LayerLimits::default());
        assert!(matches!(result, Err(LayerError::InvalidWhiteout { .. })), "{path}");
    }
}

#[test]
fn merging_removes_what_upper_layers_hide() {
    let lower = Tar::new()
        .file("keep", b"lower")
        .file("gone", b"lower")
        .file("d/old", b"lower")
        .file("d/sub/old", b"lower")
        .file("opaque/old", b"lower")
        .file("link-target", b"shared")
        .end();
    let upper = Tar::new()
        .file("d/new", b"upper")
        .file(".wh.d", b"")
        .file("opaque/new", b"upper")
        .file("opaque/.wh..wh..opq", b"")
        .file(".wh.gone", b"")
        .hard_link("other-name", "link-target")
        .file(".wh.link-target", b"")
        .file("keep", b"upper")
        .end();
    let disk = merged_disk_of(&[lower, upper]);
    assert_eq!(disk.names("/"), ["d", "keep", "opaque", "other-name"]);
    assert_eq!(disk.names("/d"), ["new"]);
    assert_eq!(disk.names("/opaque"), ["new"]);
    assert_eq!(disk.content("/keep"), b"upper");
    assert_eq!(disk.content("/other-name"), b"shared");
}

#[test]
fn what_only_lower_layers_can_tell_is_counted() {
    let tar = Tar::new()
        .hard_link("link", "elsewhere/file")
        .file("a/b/c", b"1")
        .directory("a")
        .file("d/.wh.gone", b"")
        .file("e/.wh..wh..opq", b"")
        .file("f/.wh.remade", b"")
        .file("f/remade/file", b"2")
        .end();
    let stacking = disk_of(&tar).summary.stacking;
    // `a/b`, `d`, `e` and `f`: `a` is described, and `f/remade` is a new directory.
    assert_eq!((stacking.undescribed_directories, stacking.links_elsewhere), (4, 1));
    assert_eq!((stacking.root, stacking.is_root_opaque), (None, false));
    let root = disk_of(
        &Tar::new()
            .with(0o700, 5, 0)
            .directory(".")
            .file(".wh..wh..opq", b"")
            .end(),
    );
    let stacking = root.summary.stacking;
    assert_eq!(stacking.root.map(|root| (root.mode, root.uid)), Some((0o700, 5)));
    assert!(stacking.is_root_opaque && stacking.undescribed_directories == 0);
}

#[test]
fn pax_headers_carry_what_ustar_cannot() {
    let long = format!("{}/{}", "d".repeat(200), "n".repeat(255));
    let capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let tar = Tar::new()
        .pax(&[
            ("path", long.as_bytes()),
            ("uid", b"3000000000"),
            ("mtime", b"-1.25"),
            ("SCHILY.xattr.user.k", b"v"),
            ("SCHILY.xattr.security.capability", &capability),
            ("SCHILY.xattr.trusted.overlay.redirect", b"/elsewhere"),
            ("SCHILY.xattr.com.apple.quarantine", b"x"),
        ])
        .file("short", b"1")
        .end();
    let disk = disk_of(&tar);
    let stat = disk.stat(&format!("/{long}"));
    // debugfs prints owners as signed numbers.
    assert!(
        stat.contains(&format!("User: {}", 3_000_000_000_u32.cast_signed())),
        "{stat}"
    );
    assert!(stat.contains("1969"), "{stat}");
    assert_eq!(disk.xattr(&format!("/{long}"), "user.k"), "v");
    assert!(stat.contains("security.capability (20)"), "{stat}");
    assert!(!stat.contains("overlay") && !stat.contains("apple"), "{stat}");
}

/// GNU tar writes the four sparse formats there are; `tar` and `truncate` come with every Debian.
#[test]
fn sparse_files_of_every_format_stay_sparse() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = std::fs::File::create(folder.path().join("sparse")).unwrap();
    for piece in 0..40_u64 {
        file.seek(SeekFrom::Start(piece << 28)).unwrap();
        file.write_all(format!("piece {piece:02}").as_bytes()).unwrap();
    }
    file.set_len(10 << 30).unwrap();
    for format in [
        &["--format=gnu"][..],
        &["--format=pax", "--sparse-version=0.0"],
        &["--format=pax", "--sparse-version=0.1"],
        &["--format=pax"],
    ] {
        let output = Command::new("tar")
            .args(["-cS"])
            .args(format)
            .arg("-C")
            .arg(folder.path())
            .arg("sparse")
            .output()
            .unwrap();
        assert!(output.status.success());
        let disk = disk_of(&output.stdout);
        assert!(disk.summary.disk_bytes < 5 << 20);
        assert!(
            disk.stat("/sparse").contains(&format!("Size: {}", 10_u64 << 30)),
            "{format:?}"
        );
        for piece in [0_u64, 17, 39] {
            let block = disk.debugfs(&format!("bmap /sparse {}", (piece << 28) / 1024));
            let block: u64 = String::from_utf8(block).unwrap().trim().parse().unwrap();
            let mut found = [0; 8];
            disk.file.as_file().read_exact_at(&mut found, block * 1024).unwrap();
            assert_eq!(found, format!("piece {piece:02}").as_bytes(), "{format:?}");
        }
    }
}

#[test]
fn bombs_and_cut_off_streams_end_in_clear_errors() {
    let tar = Tar::new().file("f", &[1; 100_000]).end();
    let run = |bytes: &[u8], limits: &LayerLimits| try_disk_of(bytes, LayerCompression::None, *limits).unwrap_err();
    let small = LayerLimits {
        uncompressed_bytes: 50_000,
        ..LayerLimits::default()
    };
    assert!(matches!(
        run(&tar, &small),
        LayerError::TooLarge { limit_bytes: 50_000 }
    ));
    let one = LayerLimits {
        entries: 1,
        ..LayerLimits::default()
    };
    assert!(matches!(run(&tar, &one), LayerError::Disk(_)));
    for cut in [100, 600, 50_000] {
        assert!(
            matches!(run(&tar[..cut], &LayerLimits::default()), LayerError::Tar(_)),
            "{cut}"
        );
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&tar).unwrap();
    let gzip = gzip.finish().unwrap();
    for cut in [12, gzip.len() / 2, gzip.len() - 4] {
        let error = run(&gzip[..cut], &LayerLimits::default());
        assert!(
            matches!(error, LayerError::Tar(_) | LayerError::Read(_)),
            "{cut}: {error:?}"
        );
    }
    let error = try_disk_of(b"<html>", LayerCompression::Gzip, LayerLimits::default()).unwrap_err();
    assert!(matches!(
        error,
        LayerError::NotAsDeclared {
            declared: LayerCompression::Gzip
        }
    ));
}
