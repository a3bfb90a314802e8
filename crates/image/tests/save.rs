//! Archives of every kind, out of the store and back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use container_image::{
    ImageStore, LoadOptions, LoadSource, NoProgress, PlatformChoice, PullOptions, SaveError, SaveFormat, SaveTarget,
    SavedImage,
};
use container_oci::{Digest, MediaTypeKind as _, Platform, Reference, media_type};
use support::images::{archive, archive_for, members};
use support::liar::Liar;
use support::platforms::{REPOSITORY, serve_attestation, serve_image, serve_index};
use support::{MAX_DISKS, TestStore};

fn reference(name: &str) -> Reference {
    name.parse().unwrap()
}

async fn load(store: &ImageStore, path: &Path) -> Vec<(String, Digest)> {
    let loaded = store
        .load(LoadSource::Path(path.to_owned()), &LoadOptions::default(), &NoProgress)
        .await
        .unwrap();
    loaded
        .into_iter()
        .map(|image| (image.reference.to_string(), image.descriptor.digest))
        .collect()
}

async fn save(
    test: &TestStore,
    names: &[&str],
    format: SaveFormat,
    file: &str,
) -> Result<(Vec<SavedImage>, PathBuf), SaveError> {
    let references: Vec<Reference> = names.iter().map(|name| reference(name)).collect();
    let path = test.root.path().join(file);
    let saved = test
        .store
        .save(
            &references,
            &PlatformChoice::Default,
            format,
            SaveTarget::Path(path.clone()),
            &NoProgress,
        )
        .await?;
    Ok((saved, path))
}

/// A store with `demo:1`, which is also `other:2`, and `second:1`.
async fn filled() -> TestStore {
    let test = TestStore::new();
    load(&test.store, &archive(test.root.path(), "demo:1", "hello")).await;
    load(&test.store, &archive(test.root.path(), "ghcr.io/a/second:1", "second")).await;
    test.store.tag(&reference("demo:1"), &reference("other:2")).unwrap();
    test
}

fn json(members: &[(String, Vec<u8>)], name: &str) -> serde_json::Value {
    let member = members.iter().find(|(member, _)| member == name);
    serde_json::from_slice(&member.unwrap_or_else(|| panic!("no {name}")).1).unwrap()
}

#[tokio::test]
async fn every_form_loads_again_with_equal_digests_and_names() {
    let test = filled().await;
    let names = ["demo:1", "other:2", "ghcr.io/a/second:1"];
    for (format, file) in [
        (SaveFormat::OciArchive, "saved.tar"),
        (SaveFormat::OciDirectory, "saved"),
        (SaveFormat::DockerArchive, "docker.tar"),
    ] {
        let (saved, path) = save(&test, &names, format, file).await.unwrap();
        let other = TestStore::new();
        let mut loaded = load(&other.store, &path).await;
        let mut expected: Vec<(String, Digest)> = saved
            .into_iter()
            .map(|image| (image.reference.to_string(), image.descriptor.digest))
            .collect();
        loaded.sort();
        expected.sort();
        assert_eq!(loaded, expected, "{format:?}");
    }
}

#[tokio::test]
async fn the_same_images_give_the_same_bytes() {
    let test = filled().await;
    for format in [SaveFormat::OciArchive, SaveFormat::DockerArchive] {
        let (_, first) = save(&test, &["demo:1"], format, "first.tar").await.unwrap();
        let (_, second) = save(&test, &["demo:1"], format, "second.tar").await.unwrap();
        assert_eq!(std::fs::read(first).unwrap(), std::fs::read(second).unwrap());
    }
}

#[tokio::test]
async fn an_oci_archive_names_its_images_for_every_reader() {
    let test = filled().await;
    let (_, path) = save(
        &test,
        &["demo:1", "other:2", "ghcr.io/a/second:1"],
        SaveFormat::OciArchive,
        "x.tar",
    )
    .await
    .unwrap();
    let all = members(&path);
    let mut blobs: Vec<&String> = all.iter().map(|(name, _)| name).collect();
    let count = blobs.len();
    blobs.sort();
    blobs.dedup();
    assert_eq!((blobs.len(), count), (9, 9), "shared blobs are there once");
    let index = json(&all, "index.json");
    let annotations = &index["manifests"][0]["annotations"];
    assert_eq!(annotations["io.containerd.image.name"], "docker.io/library/demo:1");
    assert_eq!(
        annotations["org.opencontainers.image.ref.name"],
        "docker.io/library/demo:1"
    );
    let docker = json(&all, "manifest.json");
    assert_eq!(
        docker[0]["RepoTags"],
        serde_json::json!(["docker.io/library/demo:1", "docker.io/library/other:2"])
    );
    assert_eq!(docker[1]["RepoTags"], serde_json::json!(["ghcr.io/a/second:1"]));
    let config = docker[0]["Config"].as_str().unwrap();
    assert!(all.iter().any(|(name, _)| name == config), "{config}");
}

#[tokio::test]
async fn a_docker_archive_has_uncompressed_layers_named_by_their_diff_ids() {
    let test = TestStore::new();
    let oci = archive(test.root.path(), "demo:1", &"hello".repeat(10_000));
    let packed = test.root.path().join("gzip");
    let copied = Command::new("skopeo")
        .args([
            "--insecure-policy",
            "copy",
            "--dest-compress",
            "--dest-compress-format=gzip",
        ])
        .arg(format!("oci-archive:{}", oci.display()))
        .arg(format!("oci:{}:demo:1", packed.display()))
        .output()
        .unwrap();
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    load(&test.store, &packed).await;
    let image = test
        .store
        .resolve(&reference("demo:1"), &Platform::host(), MAX_DISKS)
        .await
        .unwrap();
    assert_eq!(image.manifest.layers[0].media_type.as_ref(), media_type::OCI_LAYER_GZIP);
    let (_, path) = save(&test, &["demo:1"], SaveFormat::DockerArchive, "docker.tar")
        .await
        .unwrap();
    let all = members(&path);
    let name = format!("{}.tar", image.config.diff_ids()[0].hex());
    let layer = &all.iter().find(|(member, _)| *member == name).unwrap().1;
    assert_eq!(support::platforms::sha256(layer), image.config.diff_ids()[0]);
    assert_eq!(json(&all, "manifest.json")[0]["Layers"][0], name);
}

#[tokio::test]
async fn a_damaged_store_gives_an_error_and_no_archive() {
    let test = filled().await;
    let image = test
        .store
        .resolve(&reference("demo:1"), &Platform::host(), MAX_DISKS)
        .await
        .unwrap();
    let layer = image.manifest.layers[0].digest;
    let blob = test.root.path().join("content/blobs/sha256").join(layer.hex());
    let whole = std::fs::read(&blob).unwrap();
    let mut flipped = whole.clone();
    flipped[700] ^= 1;
    for damaged in [flipped, whole[..1000].to_vec(), [whole.clone(), vec![0; 512]].concat()] {
        std::fs::write(&blob, damaged).unwrap();
        for format in [
            SaveFormat::OciArchive,
            SaveFormat::OciDirectory,
            SaveFormat::DockerArchive,
        ] {
            let error = save(&test, &["demo:1"], format, "out").await.unwrap_err();
            assert!(matches!(error, SaveError::Content(_)), "{error}");
            assert!(error.to_string().contains(&layer.to_string()), "{error}");
        }
    }
    std::fs::remove_file(&blob).unwrap();
    let error = save(&test, &["demo:1"], SaveFormat::OciArchive, "out")
        .await
        .unwrap_err();
    assert!(matches!(error, SaveError::Selection(_)), "{error}");
    assert_eq!(leftovers(&test), [""; 0]);
}

/// What saves have left in the root of the test, where the archives go.
fn leftovers(test: &TestStore) -> Vec<String> {
    let mut files = test.files("");
    files.retain(|name| name.starts_with("out") || name.contains("partial"));
    files
}

#[tokio::test]
async fn what_was_there_is_replaced_whole_or_not_at_all() {
    let test = filled().await;
    let path = test.root.path().join("out");
    std::fs::write(&path, "precious").unwrap();
    let error = save(&test, &["missing:1"], SaveFormat::OciArchive, "out")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("missing:1"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    save(&test, &["demo:1"], SaveFormat::OciArchive, "out").await.unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 1000);
    let error = save(&test, &["demo:1"], SaveFormat::OciDirectory, "out")
        .await
        .unwrap_err();
    assert!(matches!(error, SaveError::Write { .. }), "{error}");

    let link = test.root.path().join("out-link");
    std::os::unix::fs::symlink("out", &link).unwrap();
    save(&test, &["demo:1"], SaveFormat::OciArchive, "out-link")
        .await
        .unwrap();
    assert!(link.is_symlink(), "the link still points at the archive");

    let full = test.root.path().join("out-full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("x"), "x").unwrap();
    for format in [SaveFormat::OciArchive, SaveFormat::OciDirectory] {
        let error = save(&test, &["demo:1"], format, "out-full").await.unwrap_err();
        assert!(error.to_string().contains("out-full"), "{error}");
    }
    assert_eq!(std::fs::read_dir(&full).unwrap().count(), 1);
}

#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_stream_gets_the_same_bytes_as_a_file() {
    let test = filled().await;
    let (_, path) = save(&test, &["demo:1"], SaveFormat::OciArchive, "x.tar").await.unwrap();
    let pipe = Pipe::default();
    let references = [reference("demo:1")];
    let to = async |target, format| {
        let platforms = PlatformChoice::Default;
        test.store
            .save(&references, &platforms, format, target, &NoProgress)
            .await
    };
    to(SaveTarget::Stream(Box::new(pipe.clone())), SaveFormat::OciArchive)
        .await
        .unwrap();
    assert_eq!(std::fs::read(path).unwrap(), *pipe.0.lock().unwrap());
    let error = to(SaveTarget::Stream(Box::new(Broken)), SaveFormat::OciArchive)
        .await
        .unwrap_err();
    assert!(matches!(error, SaveError::Write { .. }), "{error}");
    let error = to(SaveTarget::Stream(Box::new(pipe)), SaveFormat::OciDirectory)
        .await
        .unwrap_err();
    assert!(matches!(error, SaveError::DirectoryNeedsPath), "{error}");
}

/// Pulls an index of this machine's image, one for s390x and an attestation.
async fn pulled(platforms: &[PlatformChoice]) -> (TestStore, Reference, Digest) {
    let (test, liar) = (TestStore::new(), Liar::start());
    let here = serve_image(&liar, &Platform::host().to_string());
    let attestation = serve_attestation(&liar, &here);
    let others = [serve_image(&liar, "linux/s390x"), serve_image(&liar, "linux/riscv64")];
    let index = serve_index(&liar, [vec![here, attestation], others.to_vec()].concat());
    let name: Reference = format!("{}/{REPOSITORY}:1", liar.address).parse().unwrap();
    for platforms in platforms {
        let options = PullOptions {
            platforms: platforms.clone(),
            ..PullOptions::default()
        };
        test.store.pull(&name, &options, &NoProgress).await.unwrap();
    }
    (test, name, index.digest)
}

fn only(platform: &str) -> PlatformChoice {
    PlatformChoice::Only(platform.parse().unwrap())
}

async fn save_one(
    test: &TestStore,
    name: &Reference,
    platforms: &PlatformChoice,
    format: SaveFormat,
) -> Result<SavedImage, SaveError> {
    let target = SaveTarget::Path(test.root.path().join("out"));
    let _ = std::fs::remove_file(test.root.path().join("out"));
    let mut saved = test
        .store
        .save(std::slice::from_ref(name), platforms, format, target, &NoProgress)
        .await?;
    Ok(saved.remove(0))
}

#[tokio::test]
async fn an_index_that_is_here_whole_is_saved_whole_with_its_attestations() {
    let (test, name, index) = pulled(&[PlatformChoice::All]).await;
    for platforms in [PlatformChoice::Default, PlatformChoice::All] {
        let saved = save_one(&test, &name, &platforms, SaveFormat::OciArchive)
            .await
            .unwrap();
        assert_eq!(saved.descriptor.digest, index);
        let other = TestStore::new();
        assert_eq!(
            load(&other.store, &test.root.path().join("out")).await,
            [(name.to_string(), index)]
        );
        let again = save_one(&test, &name, &PlatformChoice::All, SaveFormat::OciArchive)
            .await
            .unwrap();
        assert_eq!(again.descriptor.digest, index, "nothing of it has been lost on the way");
    }
    let error = save_one(&test, &name, &PlatformChoice::All, SaveFormat::DockerArchive)
        .await
        .unwrap_err();
    assert!(matches!(error, SaveError::SeveralPlatforms { .. }), "{error}");
    save_one(&test, &name, &PlatformChoice::Default, SaveFormat::DockerArchive)
        .await
        .unwrap();
    let saved = save_one(&test, &name, &only("linux/s390x"), SaveFormat::OciArchive)
        .await
        .unwrap();
    assert_eq!(saved.descriptor.platform.unwrap().to_string(), "linux/s390x");
}

#[tokio::test]
async fn skopeo_copies_a_saved_index_whole_and_it_loads_again_as_it_was() {
    let (test, name, index) = pulled(&[PlatformChoice::All]).await;
    save_one(&test, &name, &PlatformChoice::All, SaveFormat::OciArchive)
        .await
        .unwrap();
    let copy = test.root.path().join("copy");
    let output = Command::new("skopeo")
        .args(["--insecure-policy", "copy", "--all", "--preserve-digests"])
        .arg(format!("oci-archive:{}", test.root.path().join("out").display()))
        .arg(format!("oci:{}:{name}", copy.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let other = TestStore::new();
    assert_eq!(load(&other.store, &copy).await, [(name.to_string(), index)]);
    save_one(&other, &name, &PlatformChoice::All, SaveFormat::OciArchive)
        .await
        .unwrap();
}

#[tokio::test]
async fn of_an_index_in_part_goes_out_what_is_here() {
    let (test, name, index) = pulled(&[PlatformChoice::Default]).await;
    let saved = save_one(&test, &name, &PlatformChoice::Default, SaveFormat::OciArchive)
        .await
        .unwrap();
    assert!(saved.descriptor.media_type.is_manifest(), "the only image that is here");
    let error = save_one(&test, &name, &PlatformChoice::All, SaveFormat::OciArchive)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("missing: attestation") && error.to_string().contains("linux/s390x, linux/riscv64"),
        "{error}"
    );
    let error = save_one(&test, &name, &only("linux/s390x"), SaveFormat::OciArchive)
        .await
        .unwrap_err();
    let text = format!("is not here for linux/s390x but for: {}", Platform::host());
    assert!(error.to_string().contains(&text), "{error}");

    let (test, name, _) = pulled(&[PlatformChoice::Default, only("linux/s390x")]).await;
    let saved = save_one(&test, &name, &PlatformChoice::Default, SaveFormat::OciArchive)
        .await
        .unwrap();
    assert!(saved.descriptor.media_type.is_index());
    let other = TestStore::new();
    assert_eq!(
        saved.descriptor.digest,
        load(&other.store, &test.root.path().join("out")).await[0].1
    );
    assert_eq!(other.store.inspect(&name).unwrap().variants.len(), 2);
    let _ = index;
}

#[tokio::test]
async fn skopeo_reads_every_form_and_its_copies_load_with_equal_digests() {
    let test = TestStore::new();
    load(
        &test.store,
        &archive_for(test.root.path(), "demo:1", "hello", &Platform::host()),
    )
    .await;
    let image = test
        .store
        .resolve(&reference("demo:1"), &Platform::host(), MAX_DISKS)
        .await
        .unwrap();
    for (format, file, source) in [
        (SaveFormat::OciArchive, "saved.tar", "oci-archive"),
        (SaveFormat::OciArchive, "saved.tar", "docker-archive"),
        (SaveFormat::OciDirectory, "saved", "oci"),
        (SaveFormat::DockerArchive, "docker.tar", "docker-archive"),
    ] {
        let _ = std::fs::remove_dir_all(test.root.path().join(file));
        let (_, path) = save(&test, &["demo:1"], format, file).await.unwrap();
        for form in ["oci-archive", "docker-archive", "oci"] {
            let copy = test.root.path().join(format!("copy-{form}"));
            let _ = std::fs::remove_dir_all(&copy).or_else(|_| std::fs::remove_file(&copy));
            let output = Command::new("skopeo")
                .args(["--insecure-policy", "copy"])
                .arg(format!("{source}:{}", path.display()))
                .arg(format!("{form}:{}:docker.io/library/demo:1", copy.display()))
                .output()
                .unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{source} to {form}: {errors}");
            let other = TestStore::new();
            load(&other.store, &copy).await;
            let copied = other
                .store
                .resolve(&reference("demo:1"), &Platform::host(), MAX_DISKS)
                .await
                .unwrap();
            assert_eq!(copied.config.diff_ids(), image.config.diff_ids(), "{source} to {form}");
            // From Docker's form to OCI's, skopeo writes the configuration anew.
            if source != "docker-archive" || form == "docker-archive" {
                let (copied, image) = (&copied.manifest.config, &image.manifest.config);
                assert_eq!(copied.digest, image.digest, "{source} to {form}");
            }
        }
    }
}
