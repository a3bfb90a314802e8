//! Archives that want something else than to be loaded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use container_fixtures::{Member, Members};
use container_image::{LoadError, LoadOptions, LoadSource, LoadedImage, ProgressEvent};
use container_oci::Platform;
use proptest::prelude::*;
use support::images::{archive, members, write_tar};
use support::{Events, TestStore};

async fn load(test: &TestStore, path: &Path, forced: bool) -> (Result<Vec<LoadedImage>, LoadError>, Vec<String>) {
    let events = Events::default();
    let options = LoadOptions {
        machine: Platform::host(),
        skips_unsafe_members: forced,
        ..LoadOptions::default()
    };
    let loaded = test
        .store
        .load(LoadSource::Path(path.to_owned()), &options, &events)
        .await;
    let events = events.0.into_inner().unwrap();
    let skipped = events.into_iter().filter_map(|event| match event {
        ProgressEvent::MemberSkipped { name } => Some(name),
        _ => None,
    });
    (loaded, skipped.collect())
}

/// The layout of a small image as a directory, and the name of its layer.
fn layout(test: &TestStore) -> (PathBuf, PathBuf) {
    let all = members(&archive(test.root.path(), "demo:1", "hello"));
    let directory = test.root.path().join("layout");
    for (name, bytes) in &all {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let layer = directory.join(&all.last().unwrap().0);
    (directory, layer)
}

#[tokio::test]
async fn symbolic_links_in_a_layout_are_not_followed() {
    let test = TestStore::new();
    let outside = test.root.path().join("outside");
    let (directory, layer) = layout(&test);
    std::fs::rename(&layer, &outside).unwrap();
    symlink(&outside, &layer).unwrap();
    let (loaded, _) = load(&test, &directory, false).await;
    let error = loaded.unwrap_err().to_string();
    assert!(error.contains("symbolic link") && error.contains("--force"), "{error}");
    test.assert_untouched();
    let (loaded, skipped) = load(&test, &directory, true).await;
    assert!(loaded.unwrap_err().to_string().contains("has no blobs/sha256/"));
    assert_eq!(skipped.len(), 1);
    test.assert_untouched();
}

#[tokio::test]
async fn no_step_of_the_way_to_a_blob_may_be_a_link() {
    for link in ["blobs", "blobs/sha256", "index.json"] {
        let test = TestStore::new();
        let (directory, _) = layout(&test);
        let outside = test.root.path().join("outside");
        std::fs::rename(directory.join(link), &outside).unwrap();
        symlink(&outside, directory.join(link)).unwrap();
        let (loaded, _) = load(&test, &directory, false).await;
        let error = loaded.unwrap_err().to_string();
        assert!(error.contains(&format!("{link} (a symbolic link)")), "{error}");
        let (loaded, skipped) = load(&test, &directory, true).await;
        assert!(loaded.is_err());
        assert_eq!(skipped, [format!("{link} (a symbolic link)")]);
        test.assert_untouched();
    }
}

#[tokio::test]
async fn the_layout_itself_may_be_reached_through_a_link_and_have_other_things_in_it() {
    let test = TestStore::new();
    let (directory, _) = layout(&test);
    let pipe = std::process::Command::new("mkfifo")
        .arg(directory.join("blobs/sha256/pipe"))
        .status()
        .unwrap();
    assert!(pipe.success());
    symlink("/etc", directory.join("other")).unwrap();
    let link = test.root.path().join("link");
    symlink(&directory, &link).unwrap();
    let (loaded, _) = load(&test, &link, false).await;
    assert_eq!(loaded.unwrap().len(), 1);
}

#[tokio::test]
async fn unsafe_members_are_left_out_when_forced() {
    let test = TestStore::new();
    let path = test.root.path().join("x.tar");
    let mut all = members(&archive(test.root.path(), "demo:1", "hello"));
    for name in ["../../evil", "/etc/evil", "a/../../b"] {
        all.push((name.to_owned(), b"x".to_vec()));
    }
    write_tar(&path, &all);
    let (loaded, _) = load(&test, &path, false).await;
    assert!(loaded.unwrap_err().to_string().contains("unsafe name"));
    test.assert_untouched();
    let (loaded, skipped) = load(&test, &path, true).await;
    assert_eq!(loaded.unwrap().len(), 1);
    assert_eq!(skipped, ["../../evil", "/etc/evil", "a/../../b"]);
}

#[tokio::test]
async fn links_within_an_archive_lead_nowhere_else_and_rings_end() {
    let test = TestStore::new();
    let path = test.root.path().join("x.tar");
    for (name, target, text) in [
        ("index.json", "/etc/passwd", "unsafe name"),
        ("index.json", "../../etc/passwd", "unsafe name"),
        ("index.json", "index.json", "neither an OCI layout"),
        ("index.json", "other", "neither an OCI layout"),
    ] {
        for link in [Members::symlink, Members::hard_link] {
            let mut tar = Members::default();
            link(&mut tar, name, target);
            link(&mut tar, "other", "index.json");
            std::fs::write(&path, tar.end()).unwrap();
            let (loaded, _) = load(&test, &path, false).await;
            let error = loaded.unwrap_err().to_string();
            assert!(error.contains(text), "{target}: {error}");
            test.assert_untouched();
        }
    }
}

#[tokio::test]
async fn headers_documents_and_lists_have_bounds() {
    let test = TestStore::new();
    let path = test.root.path().join("x.tar");
    let document = |name: &str, bytes: Vec<u8>| vec![(name.to_owned(), bytes)];
    let repositories = br#"{"ring":{"1":"a"}}"#.to_vec();
    let many = format!(
        r#"{{"schemaVersion":2,"manifests":[{}{{}}]}}"#,
        r#"{"mediaType":"x/y","digest":"x","size":1},"#.repeat(10)
    );
    for (all, text) in [
        (
            document("index.json", vec![b' '; 9 << 20]),
            "more than the 4194304 allowed",
        ),
        (document("index.json", many.into_bytes()), "not a valid document"),
        (document("manifest.json", b"[".repeat(100_000)), "not a valid document"),
        (
            document(
                "manifest.json",
                br#"[{"Config":"../../etc/passwd","Layers":[]}]"#.to_vec(),
            ),
            "has no ../../etc/passwd",
        ),
        (document("manifest.json", b"[]".to_vec()), "no image in it"),
        (
            document("manifest.json", br#"{"schemaVersion":2}"#.to_vec()),
            "not a valid document",
        ),
        (
            document("repositories", br#"{"a":{"1":"../x"}}"#.to_vec()),
            "has no ../x/json",
        ),
        (
            vec![
                ("repositories".to_owned(), repositories),
                ("a/json".to_owned(), br#"{"parent":"b"}"#.to_vec()),
                ("b/json".to_owned(), br#"{"parent":"a"}"#.to_vec()),
            ],
            "have no end",
        ),
    ] {
        write_tar(&path, &all);
        let (loaded, _) = load(&test, &path, false).await;
        let error = loaded.unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
        test.assert_untouched();
    }

    // A pax header that says it has 4 GiB.
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::XHeader);
    header.set_size(4 << 30);
    header.set_cksum();
    std::fs::write(&path, header.as_bytes()).unwrap();
    let (loaded, _) = load(&test, &path, false).await;
    let error = loaded.unwrap_err().to_string();
    assert!(error.contains("more than is allowed"), "{error}");
    test.assert_untouched();
}

#[tokio::test]
async fn a_thousand_names_are_enough() {
    let test = TestStore::new();
    let path = test.root.path().join("x.tar");
    let mut all = members(&archive(test.root.path(), "demo:1", "hello"));
    let mut index: serde_json::Value = serde_json::from_slice(&all[1].1).unwrap();
    let listed = index["manifests"][0].clone();
    index["manifests"] = serde_json::Value::Array(vec![listed; 2000]);
    all[1].1 = serde_json::to_vec(&index).unwrap();
    write_tar(&path, &all);
    let (loaded, _) = load(&test, &path, false).await;
    assert!(loaded.unwrap_err().to_string().contains("more than 1000 images"));
    test.assert_untouched();
}

#[tokio::test]
async fn a_compression_that_is_not_supported_is_named() {
    let test = TestStore::new();
    let path = test.root.path().join("x.tar.xz");
    std::fs::write(&path, b"\xfd7zXZ\0rest").unwrap();
    let (loaded, _) = load(&test, &path, false).await;
    let error = loaded.unwrap_err().to_string();
    assert!(
        error.contains("compressed with xz") && error.contains("xz -d"),
        "{error}"
    );
}

#[tokio::test]
async fn a_cut_archive_is_refused_and_leaves_nothing() {
    let test = TestStore::new();
    let path = archive(test.root.path(), "demo:1", &"hello".repeat(5000));
    let whole = std::fs::read(&path).unwrap();
    let packed = zstd::encode_all(&whole[..], 3).unwrap();
    for bytes in [
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 15_000],
        &packed[..packed.len() / 2],
        &[],
    ] {
        std::fs::write(&path, bytes).unwrap();
        let (loaded, _) = load(&test, &path, true).await;
        assert!(loaded.is_err());
        test.assert_untouched();
    }
}

/// What a hostile archive is made of: some true members, some changed, some made up, in any order.
#[derive(Debug, Clone)]
enum Piece {
    True(usize),
    Changed(usize, usize, u8),
    Renamed(usize, String),
    Link(bool, String, String),
    Junk(String, Vec<u8>),
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("index.json".to_owned()),
        Just("manifest.json".to_owned()),
        Just("repositories".to_owned()),
        Just("a/json".to_owned()),
        Just("a/layer.tar".to_owned()),
        Just("blobs/sha256/00".to_owned()),
        "[a-z./]{1,20}",
        "(\\.\\./){1,3}[a-z]{1,4}",
    ]
}

fn any_piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        5 => (0usize..5).prop_map(Piece::True),
        1 => (0usize..5, any::<usize>(), 1u8..).prop_map(|(member, at, bits)| Piece::Changed(member, at, bits)),
        1 => (0usize..5, any_name()).prop_map(|(member, name)| Piece::Renamed(member, name)),
        1 => (any::<bool>(), any_name(), any_name()).prop_map(|(hard, name, target)| Piece::Link(hard, name, target)),
        1 => (any_name(), proptest::collection::vec(any::<u8>(), 0..64)).prop_map(|(name, bytes)| Piece::Junk(name, bytes)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_in_an_archive_it_loads_right_or_leaves_nothing(
        pieces in proptest::collection::vec(any_piece(), 0..12),
        forced: bool,
    ) {
        let test = TestStore::new();
        let all = members(&archive(test.root.path(), "demo:1", "hello"));
        let path = test.root.path().join("x.tar");
        let mut tar = Members::default();
        for piece in pieces {
            let (name, bytes) = match piece {
                Piece::True(member) => all[member].clone(),
                Piece::Changed(member, at, bits) => {
                    let (name, mut bytes) = all[member].clone();
                    let at = at % bytes.len();
                    bytes[at] ^= bits;
                    (name, bytes)
                }
                Piece::Renamed(member, name) => (name, all[member].1.clone()),
                Piece::Junk(name, bytes) => (name, bytes),
                Piece::Link(is_hard, name, target) => {
                    let link = if is_hard { Members::hard_link } else { Members::symlink };
                    link(&mut tar, &name, &target);
                    continue;
                }
            };
            tar.plain(name.as_bytes(), b'0', &Member::default(), &bytes);
        }
        std::fs::write(&path, tar.end()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (loaded, _) = runtime.block_on(load(&test, &path, forced));
        match loaded {
            Err(_) => test.assert_untouched(),
            Ok(loaded) => {
                for image in loaded {
                    let resolved = runtime.block_on(test.store.resolve(&image.reference, &Platform::host(), support::MAX_DISKS));
                    prop_assert!(resolved.is_ok(), "{:?}", resolved.err());
                }
            }
        }
        let outside: Vec<String> = test.files("").into_iter().filter(|name| name.starts_with("evil")).collect();
        prop_assert!(outside.is_empty());
    }
}
