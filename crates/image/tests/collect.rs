//! Garbage: what is collected, what never is, and how much space comes back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::{self, Write};
use std::path::Path;

use container_image::{
    CollectScope, Collected, CommitOptions, DeleteError, DeleteScope, ImageQuery, ImageStore, ImagesInUse, LoadOptions,
    LoadSource, NoProgress, OneImageUsage, PruneScope, ResolvedImage, Untagged, allocated_bytes,
};
use container_oci::{Descriptor, Digest, Manifest, Platform, Reference, media_type};
use support::images::archive;
use support::{MAX_DISKS, TestStore};

fn reference(name: &str) -> Reference {
    name.parse().unwrap()
}

/// Loads an image of one layer with `text` in it.
async fn load(test: &TestStore, name: &str, text: &str) -> Descriptor {
    let directory = tempfile::tempdir().unwrap();
    let path = archive(directory.path(), name, text);
    let loaded = test
        .store
        .load(LoadSource::Path(path), &LoadOptions::default(), &NoProgress)
        .await
        .unwrap();
    loaded[0].descriptor.clone()
}

async fn resolve(store: &ImageStore, name: &str) -> ResolvedImage {
    store
        .resolve(&reference(name), &Platform::host(), MAX_DISKS)
        .await
        .unwrap()
}

fn collect_with(store: &ImageStore, scope: CollectScope, in_use: ImagesInUse) -> Collected {
    store.collect_garbage(scope, || Ok::<_, Infallible>(in_use)).unwrap()
}

fn collect(test: &TestStore) -> Collected {
    collect_with(&test.store, CollectScope::Unreachable, ImagesInUse::default())
}

/// A container that was made from the image.
fn used_by_container(image: &ResolvedImage) -> ImagesInUse {
    ImagesInUse {
        images: [(image.manifest_descriptor.digest, ["web".to_owned()].into())].into(),
        layers: image.layers.iter().map(|disk| disk.layer).collect(),
        ..ImagesInUse::default()
    }
}

fn prune(test: &TestStore, scope: PruneScope, in_use: &ImagesInUse) -> Vec<Untagged> {
    test.store.prune(scope, || Ok::<_, Infallible>(in_use.clone())).unwrap()
}

fn store_bytes(test: &TestStore) -> u64 {
    ["content/blobs", "layers"]
        .map(|dir| allocated_bytes(&test.root.path().join(dir)))
        .iter()
        .sum()
}

fn delete(test: &TestStore, name: &str, force: bool, in_use: &ImagesInUse) -> Result<Vec<Reference>, DeleteError> {
    let queries = [ImageQuery::from(name)];
    let mut deletion = test
        .store
        .delete(DeleteScope::Queries(&queries), force, in_use)
        .unwrap();
    match deletion.refused.pop() {
        Some((_, error)) => Err(error),
        None => Ok(deletion.untagged.into_iter().map(|name| name.reference).collect()),
    }
}

#[tokio::test]
async fn what_no_name_leads_to_is_removed_and_its_bytes_are_counted() {
    let test = TestStore::new();
    load(&test, "kept:1", "kept").await;
    let before = (store_bytes(&test), test.files("content/blobs/sha256").len());
    load(&test, "gone:1", &"gone".repeat(50_000)).await;
    load(&test, "kept:2", "kept").await;
    assert_eq!(collect(&test), Collected::default(), "nothing to do");

    let with_both = store_bytes(&test);
    delete(&test, "gone:1", false, &ImagesInUse::default()).unwrap();
    let collected = collect(&test);
    assert_eq!((collected.blobs.len(), collected.disks.len()), (3, 1));
    assert_eq!(collected.reclaimed_bytes, with_both - store_bytes(&test));
    assert!(collected.reclaimed_bytes > 200_000);
    assert_eq!((store_bytes(&test), test.files("content/blobs/sha256").len()), before);

    delete(&test, "kept:1", false, &ImagesInUse::default()).unwrap();
    assert_eq!(collect(&test), Collected::default(), "the other name keeps all of it");
    resolve(&test.store, "kept:2").await;
    assert_eq!(test.files("content/trash"), [""; 0]);
}

#[tokio::test]
async fn a_lease_keeps_the_disks_until_it_is_dropped() {
    let test = TestStore::new();
    load(&test, "demo:1", "hello").await;
    let image = resolve(&test.store, "demo:1").await;
    delete(&test, "demo:1", false, &ImagesInUse::default()).unwrap();
    assert_eq!(collect(&test), Collected::default());
    assert!(image.layers[0].path.is_file());

    let path = image.layers[0].path.clone();
    drop(image);
    assert_eq!(collect(&test).disks.len(), 1);
    assert!(!path.exists());
    assert!(test.files("layers").is_empty() && test.files("content/blobs/sha256").is_empty());
}

#[tokio::test]
async fn an_image_that_an_operation_is_at_is_not_pruned() {
    let test = TestStore::new();
    load(&test, "demo:1", "hello").await;
    let image = resolve(&test.store, "demo:1").await;
    let none = ImagesInUse::default();
    assert_eq!(prune(&test, PruneScope::Unused, &none), []);
    drop(image);
    assert_eq!(prune(&test, PruneScope::Unused, &none).len(), 1);
}

#[tokio::test]
async fn a_container_keeps_its_disks_and_the_last_name_of_its_image() {
    let test = TestStore::new();
    load(&test, "demo:1", "hello").await;
    test.store.tag(&reference("demo:1"), &reference("demo:2")).unwrap();
    let image = resolve(&test.store, "demo:1").await;
    let in_use = used_by_container(&image);
    let disk = image.layers[0].path.clone();
    drop(image);

    assert_eq!(
        delete(&test, "demo:1", false, &in_use).unwrap().len(),
        1,
        "it has another name"
    );
    let error = delete(&test, "demo:2", false, &in_use).unwrap_err();
    assert!(error.to_string().contains("used by container web and"), "{error}");
    assert_eq!(prune(&test, PruneScope::Unused, &in_use), []);

    delete(&test, "demo:2", true, &in_use).unwrap();
    let collected = collect_with(&test.store, CollectScope::Unreachable, in_use);
    assert_eq!((collected.blobs.len(), collected.disks.len()), (3, 0));
    assert!(disk.is_file());
    let unknown = ImagesInUse {
        has_unknown: true,
        ..ImagesInUse::default()
    };
    collect_with(&test.store, CollectScope::Unreachable, unknown);
    assert!(disk.is_file(), "a container whose record cannot be read may need it");
    assert_eq!(collect(&test).disks.len(), 1);
}

#[tokio::test]
async fn an_image_that_lost_its_name_is_pruned_unless_a_container_uses_it() {
    let test = TestStore::new();
    let old = load(&test, "demo:1", "old").await;
    let in_use = used_by_container(&resolve(&test.store, "demo:1").await);
    let new = load(&test, "demo:1", "new").await;
    let listed: Vec<(String, bool)> = test
        .store
        .list()
        .unwrap()
        .into_iter()
        .map(|image| (image.reference.familiar(), image.is_dangling))
        .collect();
    let dangling = format!("demo@{}", old.digest);
    assert_eq!(listed, [(dangling, true), ("demo:1".to_owned(), false)]);

    assert_eq!(prune(&test, PruneScope::Dangling, &in_use), []);
    let pruned = prune(&test, PruneScope::Dangling, &ImagesInUse::default());
    assert_eq!(pruned[0].descriptor.digest, old.digest);
    let collected = collect(&test);
    assert!(collected.blobs.contains(&old.digest) && !collected.blobs.contains(&new.digest));
}

#[tokio::test]
async fn a_digest_stands_for_its_image_and_for_all_names_only_by_force() {
    let test = TestStore::new();
    let digest = load(&test, "demo:1", "hello").await.digest;
    test.store.tag(&reference("demo:1"), &reference("demo:2")).unwrap();
    let other = load(&test, "other:1", "other").await.digest;
    let none = ImagesInUse::default();
    let short = digest.short();
    assert_eq!(
        test.store.find(&ImageQuery::from(short.as_str())).unwrap(),
        reference("demo:1")
    );
    let config = test.store.inspect(&reference("other:1")).unwrap().variants[0]
        .manifest
        .config
        .digest;
    assert_eq!(
        test.store.find(&ImageQuery::from(config.to_string().as_str())).unwrap(),
        reference("other:1")
    );
    assert!(test.store.find(&ImageQuery::from("0123456789abcdef")).is_err());
    let by_name = |name: &str| test.store.find(&ImageQuery::from(format!("{name}@{digest}").as_str()));
    assert_eq!(by_name("demo").unwrap(), reference("demo:1"));
    assert!(by_name("other").is_err(), "another repository has another image");

    let error = delete(&test, &short, false, &none).unwrap_err();
    assert!(matches!(error, DeleteError::SeveralNames { .. }), "{error}");
    assert_eq!(delete(&test, &short, true, &none).unwrap().len(), 2);
    assert_eq!(
        delete(&test, &other.short(), false, &none).unwrap(),
        [reference("other:1")]
    );
    assert_eq!(
        delete(&test, "demo:1", true, &none).unwrap(),
        [],
        "force ignores what is not here"
    );
    assert!(delete(&test, "demo:1", false, &none).is_err());
}

#[tokio::test]
async fn the_beginning_of_two_digests_is_ambiguous() {
    let test = TestStore::new();
    // Names are found without reading what they point at, so the digests can be made up.
    let image = |last: u8| {
        let mut value = [7; 32];
        value[31] = last;
        Descriptor::new(media_type::OCI_MANIFEST, Digest::Sha256(value), 1)
    };
    let entry = |descriptor: Descriptor| serde_json::json!({"descriptor": descriptor});
    let catalog = serde_json::json!({"version": 1, "images": {
        "docker.io/library/a:1": entry(image(1)), "docker.io/library/b:1": entry(image(2)),
    }});
    std::fs::write(test.root.path().join("images.json"), catalog.to_string()).unwrap();
    let error = test.store.find(&ImageQuery::from("070707")).unwrap_err();
    assert!(error.to_string().contains("a:1, b:1"), "{error}");
    let whole = image(2).digest.to_string();
    assert_eq!(
        test.store.find(&ImageQuery::from(whole.as_str())).unwrap(),
        reference("b:1")
    );
}

#[tokio::test]
async fn a_damaged_image_costs_no_other_image_anything() {
    let test = TestStore::new();
    let damaged = load(&test, "damaged:1", "damaged").await;
    load(&test, "good:1", "good").await;
    let blobs = test.root.path().join("content/blobs/sha256");
    std::fs::write(blobs.join(damaged.digest.hex()), b"{").unwrap();
    assert_eq!(
        collect(&test).blobs.len(),
        2,
        "configuration and layer of the damaged one"
    );
    resolve(&test.store, "good:1").await;
    assert_eq!(test.store.list().unwrap().len(), 2);

    std::fs::remove_file(blobs.join(damaged.digest.hex())).unwrap();
    assert_eq!(collect(&test), Collected::default());
    resolve(&test.store, "good:1").await;
}

#[tokio::test]
async fn a_document_that_cannot_be_read_stops_the_collection() {
    let test = TestStore::new();
    let image = load(&test, "demo:1", "hello").await;
    load(&test, "gone:1", "gone").await;
    delete(&test, "gone:1", false, &ImagesInUse::default()).unwrap();
    let before = store_bytes(&test);
    // A directory in the place of the file is an error for every user, root included.
    let path = test.root.path().join("content/blobs/sha256").join(image.digest.hex());
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let collected =
        test.store.collect_garbage(
            CollectScope::Unreachable,
            || Ok::<_, Infallible>(ImagesInUse::default()),
        );
    assert!(collected.is_err());
    assert!(store_bytes(&test) >= before - 4096);
}

#[tokio::test]
async fn an_image_cannot_hide_the_content_of_another() {
    let test = TestStore::new();
    let victim = load(&test, "victim:1", "victim").await;
    // Its only layer is the victim's manifest, and its name comes first.
    let config = Descriptor::new(media_type::OCI_CONFIG, Digest::Sha256([1; 32]), 1);
    let layer = Descriptor::new(media_type::OCI_LAYER, victim.digest, victim.size_bytes);
    let manifest = serde_json::to_vec(&Manifest::new(config, vec![layer])).unwrap();
    let digest = Digest::Sha256([2; 32]);
    let blobs = test.root.path().join("content/blobs/sha256");
    std::fs::write(blobs.join(digest.hex()), &manifest).unwrap();
    let path = test.root.path().join("images.json");
    let mut catalog: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let descriptor = Descriptor::new(media_type::OCI_MANIFEST, digest, manifest.len() as u64);
    catalog["images"]["docker.io/library/attacker:1"] = serde_json::json!({"descriptor": descriptor});
    std::fs::write(&path, catalog.to_string()).unwrap();
    assert_eq!(collect(&test), Collected::default());
    resolve(&test.store, "victim:1").await;
}

#[tokio::test]
async fn what_is_left_by_the_killed_is_swept() {
    let test = TestStore::new();
    load(&test, "demo:1", "hello").await;
    let write = |path: &str| {
        let path = test.root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, vec![1; 20_000]).unwrap();
    };
    let reclaimable_bytes = || {
        let usage = test.store.usage(|| Ok::<_, Infallible>(ImagesInUse::default()));
        usage.unwrap().reclaimable_bytes
    };
    let before_bytes = reclaimable_bytes();
    let hex = "07".repeat(32);
    write("content/trash/of-a-killed-collector");
    write("content/ingest/killed/0");
    write("content/ingest/killed.lock");
    write(&format!("content/ingest/sha256-{hex}.partial"));
    write(&format!("content/ingest/{hex}.disk-lock"));
    write(&format!("content/blobs/sha256/{hex}"));
    write(&format!("layers/{hex}.ext4"));
    write(&format!("layers/{}.json", "08".repeat(32)));
    assert!(reclaimable_bytes() >= before_bytes + 6 * 20_000);
    let collected = collect(&test);
    assert!(collected.reclaimed_bytes >= 5 * 20_000, "{collected:?}");
    assert_eq!(test.files("content/ingest"), [format!("sha256-{hex}.partial")]);
    let all = collect_with(
        &test.store,
        CollectScope::UnreachableAndDownloads,
        ImagesInUse::default(),
    );
    assert!(all.reclaimed_bytes >= 20_000);
    assert_eq!(test.files("content/ingest"), [""; 0]);
    assert_eq!(test.files("content/trash"), [""; 0]);
    assert_eq!(test.files("layers").len(), 2);
    resolve(&test.store, "demo:1").await;
}

#[tokio::test]
async fn usage_is_what_is_there_and_reclaimable_what_pruning_gives_back() {
    let test = TestStore::new();
    load(&test, "used:1", "used").await;
    load(&test, "unused:1", &"unused".repeat(20_000)).await;
    test.store.tag(&reference("unused:1"), &reference("unused:2")).unwrap();
    let in_use = used_by_container(&resolve(&test.store, "used:1").await);
    let usage = test.store.usage(|| Ok::<_, Infallible>(in_use.clone())).unwrap();
    assert_eq!((usage.total, usage.active), (2, 1));
    assert!(usage.size_bytes > usage.reclaimable_bytes);
    let each = |image: &OneImageUsage| (image.references.len(), image.containers.len());
    let mut shown: Vec<_> = usage.each.iter().map(each).collect();
    shown.sort_unstable();
    assert_eq!(shown, [(1, 1), (2, 0)]);
    let own_bytes = |image: &OneImageUsage| {
        if image.containers.is_empty() {
            image.own_bytes
        } else {
            0
        }
    };
    assert!(usage.each.iter().map(own_bytes).sum::<u64>() <= usage.reclaimable_bytes);

    prune(&test, PruneScope::Unused, &in_use);
    let collected = collect_with(&test.store, CollectScope::UnreachableAndDownloads, in_use.clone());
    assert_eq!(collected.reclaimed_bytes, usage.reclaimable_bytes);
    let after = test.store.usage(|| Ok::<_, Infallible>(in_use)).unwrap();
    assert_eq!(after.reclaimable_bytes, 0);
    assert_eq!(after.size_bytes, usage.size_bytes - usage.reclaimable_bytes);
}

#[tokio::test]
async fn what_another_image_is_being_made_of_stays_from_when_it_was_read() {
    let test = TestStore::new();
    load(&test, "base:1", "base").await;
    let manifest = resolve(&test.store, "base:1").await.manifest_descriptor.digest;
    let base = test.store.commit_base(&manifest).unwrap();
    test.delete("base:1");
    collect(&test);
    let options = CommitOptions {
        defaults: base.defaults().clone(),
        created: "2026-01-01T00:00:00Z".to_owned(),
        author: None,
        created_by: None,
        comment: None,
        reference: Some(reference("made:1")),
        place: reference("base:1"),
    };
    let empty = |output: &mut dyn Write| {
        container_tar::Writer::new(output)
            .finish()
            .map(drop)
            .map_err(io::Error::other)
    };
    base.commit(options, empty).await.unwrap();
    resolve(&test.store, "made:1").await;
}

#[tokio::test]
async fn history_is_told_latest_first() {
    let test = TestStore::new();
    load(&test, "demo:1", "hello").await;
    let history = test.store.history(&reference("demo:1"), &Platform::host()).unwrap();
    assert_eq!(history.len(), 1);
    assert!(history[0].size_bytes.unwrap() > 0);
    let other = test
        .store
        .history(&reference("demo:1"), &"linux/s390x".parse().unwrap());
    assert!(other.unwrap_err().to_string().contains("s390x"));
}

/// The digests that the file names below `dir` stand for.
fn digests(root: &Path, dir: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root.join(dir)).unwrap();
    let stem = |path: std::path::PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    entries.map(|entry| stem(entry.unwrap().path())).collect()
}

#[tokio::test]
async fn nothing_but_what_belongs_to_the_images_is_left() {
    let test = TestStore::new();
    for round in 0..5 {
        load(&test, "demo:1", &format!("round {round}")).await;
    }
    prune(&test, PruneScope::Dangling, &ImagesInUse::default());
    collect(&test);
    let image = resolve(&test.store, "demo:1").await;
    let blobs = [
        image.descriptor.digest,
        image.manifest.config.digest,
        image.manifest.layers[0].digest,
    ];
    let expected: BTreeSet<String> = blobs.iter().map(Digest::hex).collect();
    assert_eq!(digests(test.root.path(), "content/blobs/sha256"), expected);
    assert_eq!(
        digests(test.root.path(), "layers"),
        [image.config.diff_ids()[0].hex()].into()
    );
}
