//! The space of disks that no machine has.

use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use container_durable::punch_data;
use container_ext4::{ReadError, free_space};

/// How long the disks of one container are worked on: others wait for them, and for the container's end. What is left then is found the next time.
const RECLAIM_LIMIT: Duration = Duration::from_secs(2);
/// Smallest run of free bytes that is given back: the time for a smaller one buys next to no space.
const SMALLEST_RUN_BYTES: u64 = 64 << 10;

/// Punches holes where the disks' file systems, cleanly unmounted, have nothing. What goes wrong only costs space.
pub(crate) fn reclaim(disks: &[PathBuf]) {
    let deadline = Instant::now() + RECLAIM_LIMIT;
    for disk in disks {
        match reclaim_disk(disk, deadline) {
            Ok(bytes) => tracing::debug!(disk = %disk.display(), bytes, "gave free blocks back"),
            Err(error) => tracing::warn!(disk = %disk.display(), %error, "cannot give free blocks back"),
        }
    }
}

/// Returns how many bytes it was.
fn reclaim_disk(disk: &Path, deadline: Instant) -> Result<u64, ReadError> {
    let disk = OpenOptions::new().read(true).write(true).open(disk)?;
    let mut punched_bytes = 0;
    if let Some(mut free) = free_space(&disk)? {
        while Instant::now() < deadline
            && let Some(runs) = free.next_group()?
        {
            punched_bytes += punch_runs(&disk, runs, deadline)?;
        }
    }
    Ok(punched_bytes)
}

fn punch_runs(disk: &File, runs: Vec<Range<u64>>, deadline: Instant) -> Result<u64, ReadError> {
    let mut punched_bytes = 0;
    for run in runs {
        if run.end - run.start < SMALLEST_RUN_BYTES {
            continue;
        }
        if Instant::now() >= deadline {
            break;
        }
        punched_bytes += punch_data(disk, run)?;
    }
    Ok(punched_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_ext4::{FormatOptions, Journal, Timestamp, format_writable};
    use std::os::unix::fs::{FileExt as _, MetadataExt as _};

    #[test]
    fn what_nothing_is_in_takes_no_space_and_the_rest_is_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("disk");
        let mut file = File::create_new(&path).unwrap();
        let options = FormatOptions {
            size_bytes: 64 << 20,
            uuid: [7; 16],
            label: String::new(),
            made: Timestamp {
                seconds: 0,
                nanoseconds: 0,
            },
            root: (0o755, 0, 0),
            directories: Vec::new(),
            journal: Some(Journal::default()),
        };
        format_writable(&mut file, &options).unwrap();
        file.sync_all().unwrap();
        let allocated = || std::fs::metadata(&path).unwrap().blocks() * 512;
        let (empty_bytes, head) = (allocated(), {
            let mut head = vec![0; 4 << 20];
            OpenOptions::new()
                .read(true)
                .open(&path)
                .unwrap()
                .read_exact_at(&mut head, 0)
                .unwrap();
            head
        });
        let used = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        used.write_all_at(&vec![1; 8 << 20], 40 << 20).unwrap();
        used.sync_all().unwrap();
        assert!(allocated() >= empty_bytes + (8 << 20));
        reclaim(std::slice::from_ref(&path));
        assert!(allocated() <= empty_bytes);
        let mut after = vec![0; head.len()];
        used.read_exact_at(&mut after, 0).unwrap();
        assert!(after == head);
    }
    #[test]
    fn small_runs_are_left_alone_and_so_is_everything_once_time_is_up() {
        let disk = tempfile::tempfile().unwrap();
        disk.write_all_at(&vec![1; 1 << 20], 0).unwrap();
        disk.sync_all().unwrap();
        let runs = || {
            vec![
                0..SMALLEST_RUN_BYTES - 4096,
                128 << 10..(128 << 10) + SMALLEST_RUN_BYTES,
            ]
        };
        let now = Instant::now();
        assert_eq!(punch_runs(&disk, runs(), now).unwrap(), 0);
        let punched_bytes = punch_runs(&disk, runs(), now + RECLAIM_LIMIT).unwrap();
        assert_eq!(punched_bytes, SMALLEST_RUN_BYTES);
    }
}
