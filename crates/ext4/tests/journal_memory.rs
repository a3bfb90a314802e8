//! What replaying a journal takes of memory. Alone in its file, so that no other test shares the process and its peak.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use container_ext4::Reader;
use support::debugfs;
use support::linux::{content, image_in, populated};

const BLOCK_BYTES: usize = 4096;

/// JBD2_COMMIT_BLOCK and JBD2_REVOKE_BLOCK, "h_blocktype".
const COMMIT: u32 = 2;
const REVOKE: u32 = 5;

/// A block of the first transaction.
fn block(kind: u32) -> Vec<u8> {
    let mut block = vec![0xc0, 0x3b, 0x39, 0x98];
    block.extend(kind.to_be_bytes());
    block.extend(1_u32.to_be_bytes());
    block.resize(BLOCK_BYTES, 0);
    block
}

fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn a_journal_full_of_revoked_blocks_takes_little_memory() {
    let directory = populated("^metadata_csum,^64bit", BLOCK_BYTES as u32, 256, |source| {
        std::fs::write(source.join("file"), [7; 100]).unwrap();
    });
    let image = image_in(&directory);
    let blocks = debugfs(&image, "blocks <8>");
    let blocks: Vec<u64> = blocks.split_whitespace().map(|block| block.parse().unwrap()).collect();
    let file = File::options().read(true).write(true).open(&image).unwrap();
    let write = |index: usize, at: usize, bytes: &[u8]| {
        file.write_all_at(bytes, blocks[index] * BLOCK_BYTES as u64 + at as u64)
            .unwrap();
    };
    let count = blocks.len();
    assert!(count > 4000);
    // "s_sequence", "s_start" and "s_feature_incompat" of the journal, then "s_feature_incompat" of the disk.
    write(0, 0x18, &[0, 0, 0, 1, 0, 0, 0, 1]);
    write(0, 0x28, &1_u32.to_be_bytes());
    let mut features = [0; 4];
    file.read_exact_at(&mut features, 1024 + 0x60).unwrap();
    features[0] |= 0x4;
    file.write_all_at(&features, 1024 + 0x60).unwrap();
    let mut revoke = block(REVOKE);
    revoke[12..16].copy_from_slice(&(BLOCK_BYTES as u32).to_be_bytes());
    (1..count - 1).for_each(|index| write(index, 0, &revoke));
    write(count - 1, 0, &block(COMMIT));

    let before = peak_bytes();
    let reader = Reader::open(file.try_clone().unwrap()).unwrap();
    let taken_bytes = peak_bytes() - before;
    assert!(taken_bytes < 4 << 20, "{taken_bytes} bytes for {count} blocks");
    assert_eq!(content(&reader, "file"), [7; 100]);
}
