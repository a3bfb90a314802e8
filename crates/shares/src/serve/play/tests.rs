//! What no requests do, whoever asks.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::tree::TreeOwner;

const SECRET: &str = "what nobody shares";
/// By their numbers in [`Kernel::ask`].
const UNLINK: u8 = 8;
const ACKNOWLEDGEMENT: u8 = 26;
const NEWS: u8 = 27;
/// The first nodes: the device's root, then the trees.
const SHARED: u8 = 1;

fn host() -> (TempDir, [SharedTree; 2]) {
    let host = tempfile::tempdir().unwrap();
    for name in ["shared/below", "read-only", "records"] {
        fs::create_dir_all(host.path().join(name)).unwrap();
    }
    for (name, content) in [
        ("secret", SECRET),
        ("read-only/file", "stays"),
        ("shared/file", "a"),
        ("shared/below/a", "b"),
    ] {
        fs::write(host.path().join(name), content).unwrap();
    }
    symlink("file", host.path().join("shared/c")).unwrap();
    let trees = ["shared", "read-only"].map(|name| SharedTree {
        name: name.to_owned(),
        path: host.path().join(name),
        read_only: name == "read-only",
        owner: TreeOwner::Named,
        records: (name == "shared").then(|| host.path().join("records")),
    });
    (host, trees)
}

fn request() -> impl Strategy<Value = Request> {
    let (small, numbers) = (0_u8..12, prop_oneof![0_u64..64, any::<u64>()]);
    let flags = prop_oneof![0_u32..4, (0_u32..0o200_000), any::<u32>()];
    let names = (0_u8..16, 0_u8..16);
    (any::<u8>(), any::<bool>(), small.clone(), small, names, numbers, flags).prop_map(
        |(operation, is_agent, node, other, (name, other_name), number, flags)| Request {
            operation,
            is_agent,
            node,
            other,
            name,
            other_name,
            number,
            flags,
        },
    )
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    prop::collection::vec(request(), 0..200)
}

fn introduction() -> Request {
    Request {
        operation: INTRODUCTION,
        is_agent: true,
        ..Request::default()
    }
}

fn name_index(wanted: &[u8]) -> u8 {
    let index = NAMES.iter().position(|name| *name == wanted).unwrap();
    u8::try_from(index).unwrap()
}

/// All that there is below a directory, with its number, size, mode, times and content.
fn everything(directory: &Path) -> Vec<(PathBuf, [i64; 7], Vec<u8>)> {
    let mut found = Vec::new();
    let mut paths = vec![directory.to_owned()];
    while let Some(path) = paths.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let facts = [
            metadata.ino().cast_signed(),
            metadata.size().cast_signed(),
            metadata.mode().into(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ];
        let content = match metadata.is_file() {
            true => fs::read(&path).unwrap(),
            false => Vec::new(),
        };
        if metadata.is_dir() {
            paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        found.push((path, facts, content));
    }
    found.sort();
    found
}

#[test]
fn an_introduced_process_reaches_what_is_shown_and_no_host() {
    let removal = |is_agent| Request {
        operation: UNLINK,
        is_agent,
        node: SHARED,
        name: name_index(b"file"),
        ..Request::default()
    };
    for (requests, stays) in [
        (vec![removal(true)], false),
        (vec![introduction(), removal(false)], false),
        (vec![introduction(), removal(true)], true),
    ] {
        let (host, trees) = host();
        play(&trees, &requests).unwrap();
        assert_eq!(host.path().join("shared/file").exists(), stays, "{requests:?}");
    }
    // An entry that is shown as a directory which the machine has not seen, and nothing beside it.
    let news = Request {
        operation: NEWS,
        node: SHARED,
        name: name_index(b"d"),
        flags: 2 + 3,
        ..Request::default()
    };
    let look_up = |is_agent| Request {
        is_agent,
        node: SHARED,
        name: name_index(b"d"),
        ..Request::default()
    };
    let (_host, trees) = host();
    let mut kernel = Kernel::boot(&trees).unwrap();
    for request in [news, introduction(), look_up(false), look_up(true)] {
        let _ = kernel.ask(&request);
    }
    let known = kernel.nodes.len();
    assert_eq!(known, 1 + trees.len() + 1, "the agent's process alone sees it");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_requests_reach_out_of_a_tree(requests in requests()) {
        let (host, trees) = host();
        let seen = play(&trees, &requests).unwrap();
        prop_assert!(!seen.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes()));
        let names = |path: &str| {
            let mut names: Vec<_> = fs::read_dir(host.path().join(path)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        prop_assert_eq!(names(""), ["read-only", "records", "secret", "shared"]);
        prop_assert_eq!(names("read-only"), ["file"]);
        prop_assert_eq!(fs::read_to_string(host.path().join("secret")).unwrap(), SECRET);
        prop_assert_eq!(fs::read_to_string(host.path().join("read-only/file")).unwrap(), "stays");
    }

    #[test]
    fn no_requests_of_the_agent_s_process_change_the_host(requests in requests()) {
        let (host, trees) = host();
        let before = ["shared", "read-only"].map(|name| everything(&host.path().join(name)));
        let of_agent = requests.into_iter().map(|request| Request {
            is_agent: true,
            // It does not say that it is done.
            flags: if request.operation % OPERATIONS == ACKNOWLEDGEMENT { 0 } else { request.flags },
            ..request
        });
        let requests: Vec<_> = std::iter::once(introduction()).chain(of_agent).collect();
        play(&trees, &requests).unwrap();
        prop_assert_eq!(["shared", "read-only"].map(|name| everything(&host.path().join(name))), before);
    }
}
