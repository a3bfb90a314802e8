//! Disks whose journal was not replayed are read as the kernel would leave them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::Command;

use container_ext4::{ReadError, Reader, mount_state};
use proptest::prelude::*;
use support::debugfs;
use support::linux::{change, content, image_in, populated};

/// Blocks of the file whose blocks are logged.
const BLOCKS: usize = 12;
const BLOCK_BYTES: usize = 4096;
/// What blocks of a journal start with.
const JOURNAL_MAGIC: [u8; 4] = [0xc0, 0x3b, 0x39, 0x98];

/// What one transaction does to the file's blocks.
#[derive(Debug, Clone)]
struct Transaction {
    written: Vec<usize>,
    revoked: Vec<usize>,
    /// Whether blocks start like those of a journal.
    looks_like_log: bool,
}

fn transaction() -> impl Strategy<Value = Transaction> {
    let blocks = || proptest::collection::btree_set(0..BLOCKS, 0..4);
    (blocks(), blocks(), any::<bool>()).prop_map(|(written, revoked, looks_like_log)| Transaction {
        // debugfs writes no empty transactions, and nobody revokes what the same transaction writes.
        revoked: revoked.difference(&written).copied().collect(),
        written: if written.is_empty() {
            vec![0]
        } else {
            written.into_iter().collect()
        },
        looks_like_log,
    })
}

/// Where the file's blocks are.
fn blocks_of(image: &Path) -> Vec<String> {
    let text = debugfs(image, "blocks file");
    text.split_whitespace().map(str::to_owned).collect()
}

/// Logs `transactions`, of which the last one is not committed if `is_cut`.
fn log(directory: &tempfile::TempDir, open: &str, transactions: &[Transaction], is_cut: bool) {
    let image = image_in(directory);
    let blocks = blocks_of(&image);
    let named = |chosen: &[usize]| {
        chosen
            .iter()
            .map(|at| blocks[*at].clone())
            .collect::<Vec<_>>()
            .join(",")
    };
    let mut requests = format!("{open}\n");
    for (number, transaction) in transactions.iter().enumerate() {
        let mut content = Vec::new();
        for at in &transaction.written {
            let mut block = vec![(1 + number * BLOCKS + at) as u8; BLOCK_BYTES];
            if transaction.looks_like_log {
                block[..4].copy_from_slice(&JOURNAL_MAGIC);
            }
            content.extend_from_slice(&block);
        }
        let path = directory.path().join(format!("transaction-{number}"));
        std::fs::write(&path, content).unwrap();
        let cut = if is_cut && number + 1 == transactions.len() {
            "-c "
        } else {
            ""
        };
        let revoked = match transaction.revoked.as_slice() {
            [] => String::new(),
            revoked => format!("-r {} ", named(revoked)),
        };
        writeln!(
            requests,
            "jw {cut}-b {} {revoked}{}",
            named(&transaction.written),
            path.display()
        )
        .unwrap();
    }
    requests.push_str("jc\n");
    change(&image, &requests);
}

/// The disk with a file of [`BLOCKS`] blocks.
fn disk(features: &str) -> tempfile::TempDir {
    populated(features, BLOCK_BYTES as u32, 16, |source| {
        std::fs::write(source.join("file"), vec![0xee; BLOCKS * BLOCK_BYTES]).unwrap();
    })
}

/// What e2fsck leaves of the file, in a copy of the disk.
fn content_after_recovery(directory: &tempfile::TempDir) -> Vec<u8> {
    let copy = directory.path().join("recovered");
    std::fs::copy(image_in(directory), &copy).unwrap();
    let status = Command::new("e2fsck").args(["-fy"]).arg(&copy).output().unwrap().status;
    assert!(status.code().is_some_and(|code| code <= 1));
    let found = directory.path().join("found");
    debugfs(&copy, &format!("dump file {}", found.display()));
    std::fs::read(found).unwrap()
}

/// Features of the disk, and how debugfs opens the journal.
const FORMS: [(&str, &str); 5] = [
    ("metadata_csum,64bit", "jo -c"),
    ("metadata_csum,^64bit", "jo -c"),
    ("metadata_csum,64bit", "jo -c -v 2"),
    ("^metadata_csum,64bit", "jo"),
    ("^metadata_csum,^64bit", "jo"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_unreplayed_journal_reads_as_e2fsck_replays_it(
        transactions in proptest::collection::vec(transaction(), 1..6),
        cuts in any::<bool>(),
        form in 0..FORMS.len(),
    ) {
        let (features, open) = FORMS[form];
        // Without any transaction that counts, debugfs leaves nothing to recover.
        let is_cut = cuts && transactions.len() > 1;
        let directory = disk(features);
        log(&directory, open, &transactions, is_cut);
        let image = image_in(&directory);
        let before = std::fs::read(&image).unwrap();
        let file = File::open(&image).unwrap();
        prop_assert!(mount_state(&file).unwrap().needs_recovery);
        let found = content(&Reader::open(file).unwrap(), "file");
        prop_assert!(found == content_after_recovery(&directory), "{transactions:?} {is_cut} {features} {open}");
        prop_assert!(std::fs::read(&image).unwrap() == before);
    }
}

#[test]
fn a_logged_block_that_looks_like_the_log_is_read_whole() {
    let directory = disk("metadata_csum,64bit");
    let transaction = Transaction {
        written: vec![1, 3],
        revoked: Vec::new(),
        looks_like_log: true,
    };
    log(&directory, "jo -c", &[transaction], false);
    let found = content(
        &Reader::open(File::open(image_in(&directory)).unwrap()).unwrap(),
        "file",
    );
    assert!(found[BLOCK_BYTES..].starts_with(&JOURNAL_MAGIC) && found[3 * BLOCK_BYTES..].starts_with(&JOURNAL_MAGIC));
    assert_eq!(found[..4], [0xee; 4]);
}

#[test]
fn a_damaged_block_of_the_log_is_reported() {
    let directory = disk("metadata_csum,64bit");
    let transaction = Transaction {
        written: vec![1],
        revoked: Vec::new(),
        looks_like_log: false,
    };
    log(&directory, "jo -c", &[transaction], false);
    let image = image_in(&directory);
    let mut bytes = std::fs::read(&image).unwrap();
    // The content of block 1 as the first transaction writes it.
    let at = bytes.windows(8).position(|window| window == [2; 8]).unwrap();
    bytes[at + 100] ^= 1;
    std::fs::write(&image, bytes).unwrap();
    let error = Reader::open(File::open(image).unwrap()).unwrap_err();
    assert!(
        matches!(error, ReadError::Damaged { what } if what.contains("journal")),
        "{error}"
    );
}
