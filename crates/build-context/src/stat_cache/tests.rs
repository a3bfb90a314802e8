//! What is trusted, and what is kept.

use super::*;
use rustix::fs::FileType;

fn status(seconds: i64, nanoseconds: u32) -> Status {
    let time = Timestamp { seconds, nanoseconds };
    Status {
        kind: FileType::RegularFile,
        mode: 0o644,
        uid: 0,
        gid: 0,
        size_bytes: 3,
        allocated_bytes: 512,
        links: 1,
        identity: (1, 2),
        modified: time,
        changed: time,
        device: container_tar::DeviceNumber { major: 0, minor: 0 },
    }
}

#[test]
fn a_file_that_changed_a_moment_ago_is_not_trusted() {
    let now = UNIX_EPOCH + Duration::from_secs(1000);
    assert!(is_settled(&status(997, 999_999_999), now));
    assert!(!is_settled(&status(998, 1), now));
    assert!(!is_settled(&status(1001, 0), now));
    assert!(is_settled(&status(-5, 0), now));
    let mut touched = status(10, 0);
    touched.changed.seconds = 999;
    assert!(!is_settled(&touched, now));
}

#[test]
fn every_part_of_a_status_tells_files_apart() {
    let base = status(10, 5);
    let mut others = vec![base; 6];
    others[0].identity.0 += 1;
    others[1].identity.1 += 1;
    others[2].size_bytes += 1;
    others[3].modified.nanoseconds += 1;
    others[4].changed.nanoseconds += 1;
    others[5].changed.seconds += 1;
    let mut keys: Vec<_> = others.iter().map(|status| key(b"/context", b"a", status)).collect();
    keys.push(key(b"/context", b"a", &base));
    keys.push(key(b"/context", b"b", &base));
    keys.push(key(b"/contexta", b"", &base));
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 9);
}

#[test]
fn notes_survive_and_damage_is_an_empty_cache() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stat-cache");
    let mut cache = StatCache::open(&path);
    assert_eq!(cache.get(&[1; 32]), None);
    cache.store().unwrap();
    assert!(!path.exists(), "there was nothing new");
    cache.note([1; 32], [2; 32]);
    cache.store().unwrap();
    assert_eq!(StatCache::open(&path).get(&[1; 32]), Some([2; 32]));
    std::fs::write(&path, "something else").unwrap();
    let mut cache = StatCache::open(&path);
    assert_eq!(cache.get(&[1; 32]), None);
    cache.note([3; 32], [4; 32]);
    cache.store().unwrap();
    assert_eq!(StatCache::open(&path).get(&[3; 32]), Some([4; 32]));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}
