//! Any bytes read as an image archive, from a pipe or as the members of a tar, result in images or in an error, and leave no unfinished files.
#![no_main]

use std::io::Cursor;

use container_image::{ImageStore, LoadOptions, LoadSource, NoProgress};
use libfuzzer_sys::fuzz_target;

/// Names with a meaning in an archive; all other names are equivalent.
const NAMES: [&str; 12] = [
    "index.json",
    "oci-layout",
    "manifest.json",
    "repositories",
    "a/json",
    "a/layer.tar",
    "b/json",
    "b/layer.tar",
    "config.json",
    "layer.tar",
    "../x",
    "blobs/sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];

fuzz_target!(|input: (bool, Vec<(u8, bool, Vec<u8>)>, Vec<u8>)| {
    let (skips_unsafe_members, members, raw) = input;
    let archive = if members.is_empty() { raw } else { tar_of(&members) };
    let root = tempfile::tempdir().expect("a temporary directory");
    let store = ImageStore::open(root.path()).expect("a store");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let options = LoadOptions { skips_unsafe_members, ..LoadOptions::default() };
    let source = LoadSource::Stream(Box::new(Cursor::new(archive)));
    let loaded = runtime.block_on(store.load(source, &options, &NoProgress));
    if loaded.is_err() {
        assert!(store.list().expect("names").is_empty());
    }
    let unfinished = std::fs::read_dir(root.path().join("content/ingest")).expect("a directory");
    assert_eq!(unfinished.count(), 0);
});

fn tar_of(members: &[(u8, bool, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, is_link, bytes) in members {
        let name = NAMES[usize::from(*name) % NAMES.len()];
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        let field = &mut header.as_old_mut().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        let content: &[u8] = if *is_link {
            header.set_entry_type(tar::EntryType::Symlink);
            let target = &bytes[..bytes.len().min(99)];
            header.as_old_mut().linkname[..target.len()].copy_from_slice(target);
            header.set_size(0);
            &[]
        } else {
            header.set_size(bytes.len() as u64);
            bytes
        };
        header.set_cksum();
        builder.append(&header, content).expect("a tar in memory");
    }
    builder.into_inner().expect("a tar in memory")
}
