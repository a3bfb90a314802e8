//! What unpacking takes of memory. Alone in its file, so that no other test shares the process and its peak.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod layer_support;

use std::io::Read;

use container_image::layer::{DiskOptions, write_layer_disk};
use container_oci::{Algorithm, LayerCompression};
use layer_support::header;

/// A tar of empty files, made while it is read.
struct Flood {
    left: u32,
    pending: std::io::Cursor<Vec<u8>>,
}

impl Read for Flood {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.pending.read(into)?;
        if count > 0 || self.left == 0 {
            return Ok(count);
        }
        self.left -= 1;
        let mut bytes = vec![0; 512];
        let path = format!("directory-{}/entry-{:08}", self.left / 100, self.left);
        bytes[..path.len()].copy_from_slice(path.as_bytes());
        self.pending = std::io::Cursor::new(header(bytes, b'0', 0));
        self.pending.read(into)
    }
}

/// Three layers at once. The bound is for small numbers of entries, where a table that has just doubled weighs more than it does at a million: those take 25 bytes
/// each.
#[test]
fn memory_grows_by_less_than_64_bytes_an_entry() {
    let unpack = |left: u32| {
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(move || {
                    let directory = std::env::temp_dir();
                    let flood = Flood {
                        left,
                        pending: std::io::Cursor::default(),
                    };
                    let disk = tempfile::tempfile().unwrap();
                    let options = DiskOptions::new(&directory);
                    let none = LayerCompression::None;
                    write_layer_disk(flood, none, Algorithm::Sha256, &disk, &options).unwrap();
                });
            }
        });
        peak_bytes()
    };
    // What every layer takes, however small, and what the allocator keeps.
    let (few, many) = (20_000, 100_000);
    let base = unpack(few);
    let grown = unpack(many).saturating_sub(base);
    assert!(
        grown < 3 * u64::from(many - few) * 64,
        "{grown} bytes more for {many} entries thrice"
    );
    assert!(base < 64 << 20, "{base} bytes for small layers");
}

fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}
