//! Any requests of a machine's kernel for shared directories touch and show nothing outside of them, and change nothing of what is shared for reading.
#![cfg(target_os = "linux")]
#![no_main]

use std::fs;
use std::path::Path;

use container_shares::{Request, SharedTree, TreeOwner, play};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "what nobody shares";

fuzz_target!(|input: Vec<(u8, bool, u8, u8, u8, u8, u64, u32)>| {
    let requests: Vec<Request> = input
        .into_iter()
        .map(
            |(operation, is_agent, node, other, name, other_name, number, flags)| Request {
                operation,
                is_agent,
                node: node % 32,
                other: other % 32,
                name,
                other_name,
                number,
                flags,
            },
        )
        .collect();
    let host = tempfile::tempdir().expect("a temporary directory");
    let path = host.path();
    for name in ["shared/below", "read-only", "records"] {
        fs::create_dir_all(path.join(name)).expect("a directory");
    }
    fs::write(path.join("secret"), SECRET).expect("a file");
    fs::write(path.join("read-only/file"), "stays").expect("a file");
    let tree = |name: &str| SharedTree {
        name: name.to_owned(),
        path: path.join(name),
        read_only: name == "read-only",
        owner: TreeOwner::Named,
        records: (name == "shared").then(|| path.join("records")),
    };
    let seen = play(&[tree("shared"), tree("read-only")], &requests).expect("trees");
    assert!(!seen.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes()));
    assert_eq!(names(path), ["read-only", "records", "secret", "shared"]);
    assert_eq!(names(&path.join("read-only")), ["file"]);
    assert_eq!(fs::read_to_string(path.join("secret")).expect("the file"), SECRET);
    assert_eq!(
        fs::read_to_string(path.join("read-only/file")).expect("the file"),
        "stays"
    );
});

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
