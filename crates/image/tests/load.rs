//! Archives of every kind, into the store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use container_image::{ArchiveError, ImageStore, LoadError, LoadOptions, LoadSource, LoadedImage, NoProgress};
use container_model::Layer;
use container_oci::{Platform, Reference};
use support::images::{archive, archive_for, members, write_tar};
use support::{Events, MAX_DISKS, TestStore};

async fn load(store: &ImageStore, path: &Path) -> Result<Vec<LoadedImage>, LoadError> {
    store
        .load(LoadSource::Path(path.to_owned()), &LoadOptions::default(), &NoProgress)
        .await
}

fn reference(name: &str) -> Reference {
    name.parse().unwrap()
}

#[tokio::test]
async fn an_oci_archive_is_listed_resolved_tagged_and_deleted() {
    let test = TestStore::new();
    let path = archive(test.root.path(), "docker.io/library/demo:1", "hello");
    let loaded = load(&test.store, &path).await.unwrap();
    assert_eq!(loaded[0].reference, reference("demo:1"));

    let image = test
        .store
        .resolve(&reference("demo:1"), &Platform::host(), MAX_DISKS)
        .await
        .unwrap();
    assert_eq!(image.config.config.cmd, ["/bin/hello"]);
    assert_eq!(image.layers.len(), 1);
    assert!(image.layers[0].path.is_file());
    let diff_id = image.config.diff_ids()[0];
    assert_eq!(image.layers[0].layer, Layer::Single { diff_id });

    test.store.tag(&reference("demo:1"), &reference("other:2")).unwrap();
    let names: Vec<String> = test
        .store
        .list()
        .unwrap()
        .iter()
        .map(|image| image.reference.familiar())
        .collect();
    assert_eq!(names, ["demo:1", "other:2"]);
    assert!(test.store.inspect(&reference("other:2")).unwrap().size_bytes() > 0);
    assert_eq!(test.delete("demo:1").untagged.len(), 1);
    assert_eq!(test.delete("demo:1").refused.len(), 1);
    assert!(
        test.store
            .resolve(&reference("demo:1"), &Platform::host(), MAX_DISKS)
            .await
            .is_err()
    );
    assert_eq!(test.unfinished(), [""; 0]);
}

#[tokio::test]
async fn a_pipe_a_directory_and_a_compressed_archive_do_as_well() {
    let test = TestStore::new();
    let path = archive(test.root.path(), "demo:1", "hello");
    let directory = test.root.path().join("layout");
    for (name, bytes) in members(&path) {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let packed = test.root.path().join("image.tar.zst");
    std::fs::write(
        &packed,
        zstd::encode_all(std::fs::File::open(&path).unwrap(), 3).unwrap(),
    )
    .unwrap();
    let mut digests = Vec::new();
    for source in [
        LoadSource::Stream(Box::new(std::fs::File::open(&path).unwrap())),
        LoadSource::Path(directory),
        LoadSource::Path(packed),
    ] {
        let events = Events::default();
        let loaded = test.store.load(source, &LoadOptions::default(), &events).await.unwrap();
        digests.push(loaded[0].descriptor.digest);
        assert_eq!(test.delete("demo:1").untagged[0].descriptor.digest, digests[0]);
    }
    assert_eq!(digests.len(), 3);
}

/// The image of [`archive`] as `docker save` writes it.
fn docker_save(oci: &Path, tags: serde_json::Value) -> Vec<(String, Vec<u8>)> {
    let find = |members: &[(String, Vec<u8>)], has: &dyn Fn(&[u8]) -> bool| {
        members
            .iter()
            .find(|(name, bytes)| name.starts_with("blobs") && has(bytes))
            .unwrap()
            .1
            .clone()
    };
    let all = members(oci);
    let config = find(&all, &|bytes| {
        bytes.starts_with(b"{") && String::from_utf8_lossy(bytes).contains("rootfs")
    });
    let layer = find(&all, &|bytes| !bytes.starts_with(b"{"));
    let manifest = serde_json::json!([{"Config": "abc.json", "RepoTags": tags, "Layers": ["x/layer.tar"]}]);
    vec![
        ("x/layer.tar".to_owned(), layer),
        ("abc.json".to_owned(), config),
        ("manifest.json".to_owned(), manifest.to_string().into_bytes()),
    ]
}

#[tokio::test]
async fn a_docker_archive_keeps_its_names_and_layers() {
    let test = TestStore::new();
    let oci = archive(test.root.path(), "demo:1", "hello");
    let path = test.root.path().join("docker.tar");
    write_tar(&path, &docker_save(&oci, serde_json::json!(["a:1", "ghcr.io/b/c:2"])));
    let loaded = load(&test.store, &path).await.unwrap();
    let names: Vec<String> = loaded.iter().map(|image| image.reference.familiar()).collect();
    assert_eq!(names, ["a:1", "ghcr.io/b/c:2"]);
    let image = test
        .store
        .resolve(&reference("a:1"), &Platform::host(), MAX_DISKS)
        .await
        .unwrap();
    assert_eq!(image.manifest.layers[0].digest, image.config.diff_ids()[0]);

    write_tar(&path, &docker_save(&oci, serde_json::Value::Null));
    let loaded = load(&test.store, &path).await.unwrap();
    assert_eq!(
        loaded[0].reference.familiar(),
        format!("untagged@{}", loaded[0].descriptor.digest)
    );
}

#[tokio::test]
async fn a_docker_archive_without_manifest_gets_a_configuration() {
    let test = TestStore::new();
    let saved = docker_save(&archive(test.root.path(), "demo:1", "hello"), serde_json::Value::Null);
    let layer = saved[0].1.clone();
    let json = r#"{"id":"aa","architecture":"amd64","os":"linux","config":{"Cmd":["/bin/hello"]},"parent":"bb"}"#;
    let path = test.root.path().join("legacy.tar");
    write_tar(
        &path,
        &[
            ("aa/json".to_owned(), json.as_bytes().to_vec()),
            ("aa/layer.tar".to_owned(), layer.clone()),
            ("bb/json".to_owned(), br#"{"id":"bb"}"#.to_vec()),
            ("bb/layer.tar".to_owned(), layer),
            ("repositories".to_owned(), br#"{"old":{"1":"aa"}}"#.to_vec()),
        ],
    );
    let platform: Platform = "linux/amd64".parse().unwrap();
    test.store
        .load(
            LoadSource::Path(path),
            &LoadOptions {
                machine: platform.clone(),
                ..LoadOptions::default()
            },
            &NoProgress,
        )
        .await
        .unwrap();
    let image = test
        .store
        .resolve(&reference("old:1"), &platform, MAX_DISKS)
        .await
        .unwrap();
    assert_eq!((image.layers.len(), image.config.config.cmd.len()), (2, 1));
}

#[tokio::test]
async fn a_corrupt_blob_is_named_and_leaves_nothing() {
    let test = TestStore::new();
    let path = archive(test.root.path(), "demo:1", "hello");
    let mut all = members(&path);
    let (name, layer) = all.last_mut().unwrap();
    layer[600] ^= 1;
    let name = name.clone();
    write_tar(&path, &all);
    let error = load(&test.store, &path).await.unwrap_err();
    assert!(
        matches!(error, LoadError::Archive(ArchiveError::DigestMismatch { .. })),
        "{error}"
    );
    assert!(error.to_string().contains(&name), "{error}");
    test.assert_untouched();
}

#[tokio::test]
async fn a_layer_that_is_not_what_the_configuration_says_leaves_no_name() {
    let test = TestStore::new();
    let oci = archive(test.root.path(), "demo:1", "hello");
    let mut saved = docker_save(&oci, serde_json::json!(["a:1"]));
    saved[0].1 = docker_save(&archive(test.root.path(), "demo:1", "other"), serde_json::Value::Null)[0]
        .1
        .clone();
    let path = test.root.path().join("docker.tar");
    write_tar(&path, &saved);
    let error = load(&test.store, &path).await.unwrap_err();
    assert!(
        matches!(
            error,
            LoadError::Disk(container_image::DiskError::DiffIdMismatch { .. })
        ),
        "{error}"
    );
    test.assert_untouched();
}

#[tokio::test]
async fn hostile_and_foreign_archives_are_refused() {
    let test = TestStore::new();
    let path = test.root.path().join("bad.tar");
    let good = members(&archive(test.root.path(), "demo:1", "hello"));
    let with = |name: &str| {
        let mut all = good.clone();
        all.push((name.to_owned(), b"x".to_vec()));
        all
    };
    for (all, text) in [
        (with("../../evil"), "unsafe name"),
        (with("/etc/evil"), "unsafe name"),
        (
            vec![("hello".to_owned(), b"x".to_vec())],
            "neither an OCI layout (index.json)",
        ),
        (good[..4].to_vec(), "has no blobs/sha256/"),
    ] {
        write_tar(&path, &all);
        let error = load(&test.store, &path).await.unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        test.assert_untouched();
    }
    std::fs::write(&path, b"this is no tar archive, however long it may be").unwrap();
    assert!(load(&test.store, &path).await.is_err());
    test.assert_untouched();
}

#[tokio::test]
async fn an_image_for_another_platform_loads_but_does_not_resolve() {
    let test = TestStore::new();
    let path = archive_for(test.root.path(), "demo:1", "hello", &"linux/s390x".parse().unwrap());
    load(&test.store, &path).await.unwrap();
    let error = test
        .store
        .resolve(&reference("demo:1"), &Platform::host(), MAX_DISKS)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("linux/s390x"), "{error}");
}

#[tokio::test]
async fn a_lost_disk_is_made_again_and_one_that_is_there_is_not() {
    let test = TestStore::new();
    load(&test.store, &archive(test.root.path(), "demo:1", "hello"))
        .await
        .unwrap();
    let first = test
        .store
        .resolve(&reference("demo:1"), &Platform::host(), MAX_DISKS)
        .await
        .unwrap();
    std::fs::remove_file(&first.layers[0].path).unwrap();
    let second = test
        .store
        .resolve(&reference("demo:1"), &Platform::host(), MAX_DISKS)
        .await
        .unwrap();
    assert_eq!((&first.manifest, &first.layers), (&second.manifest, &second.layers));
    // The number, size and times of the disk.
    let disk = || {
        let metadata = std::fs::metadata(&second.layers[0].path).unwrap();
        (metadata.ino(), metadata.len(), metadata.modified().unwrap())
    };
    let before = disk();
    test.store
        .resolve(&reference("demo:1"), &Platform::host(), MAX_DISKS)
        .await
        .unwrap();
    assert_eq!(disk(), before);
}

#[tokio::test]
async fn loads_at_once_share_the_work() {
    let test = TestStore::new();
    let path = archive(test.root.path(), "demo:1", "hello");
    let loads = (0..4).map(|_| load(&test.store, &path));
    for loaded in futures_util::future::join_all(loads).await {
        loaded.unwrap();
    }
    assert_eq!(test.files("layers").len(), 2);
    assert_eq!(test.unfinished(), [""; 0]);
}
