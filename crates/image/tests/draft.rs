//! Images that a build makes layer by layer.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::convert::Infallible;
use std::io;

use container_image::{CollectScope, DraftImage, ImageDraft, ImageStore, ImagesInUse, StoredLayer};
use container_oci::{Digest, ImageConfig, Platform, ProcessDefaults, Reference};
use container_tar::{Entry, EntryKind, Timestamp, Writer};

/// A layer with a directory.
async fn layer(draft: &ImageDraft, name: &'static str) -> StoredLayer {
    let written = draft.write_layer(move |output| {
        let mut tar = Writer::new(output);
        let directory = Entry {
            path: name.as_bytes().to_vec(),
            kind: EntryKind::Directory,
            mode: 0o755,
            uid: 0,
            gid: 0,
            modified: Timestamp::default(),
            xattrs: Vec::new(),
        };
        tar.begin(&directory).map_err(io::Error::other)?;
        tar.finish().map(drop).map_err(io::Error::other)
    });
    written.await.unwrap()
}

fn collected(store: &ImageStore, in_use: ImagesInUse) -> Vec<Digest> {
    let collected = store.collect_garbage(CollectScope::Unreachable, || Ok::<_, Infallible>(in_use));
    collected.unwrap().blobs.into_iter().collect()
}

#[tokio::test]
async fn an_image_of_a_draft_can_be_run_at_once_and_stays() {
    let root = tempfile::tempdir().unwrap();
    let store = ImageStore::open(root.path()).unwrap();
    let draft = store.draft().unwrap();
    let layers = vec![layer(&draft, "a").await, layer(&draft, "b").await];
    assert_eq!(collected(&store, ImagesInUse::default()), []);
    let platform = Platform::host();
    let diff_ids = layers.iter().map(|layer| layer.diff_id).collect();
    let config = ImageConfig::new(platform.clone(), ProcessDefaults::default(), diff_ids);
    let (manifest, _) = draft
        .store(DraftImage {
            config,
            layers,
            annotations: Default::default(),
        })
        .unwrap();
    let names: Vec<Reference> = ["app:1", "app:2"].iter().map(|name| name.parse().unwrap()).collect();
    draft.name(&manifest, &names, &names[0]).unwrap();
    drop(draft);
    assert_eq!(collected(&store, ImagesInUse::default()), []);
    for name in &names {
        let image = store.resolve(name, &platform, 8).await.unwrap();
        assert_eq!((image.descriptor.digest, image.layers.len()), (manifest.digest, 2));
    }
    let base = store.draft().unwrap().base(&names[0], &platform).unwrap();
    assert_eq!(base.layers.len(), 2);
}

#[tokio::test]
async fn a_layer_without_a_name_stays_as_long_as_its_draft_or_as_builds_keep_it() {
    let root = tempfile::tempdir().unwrap();
    let store = ImageStore::open(root.path()).unwrap();
    let draft = store.draft().unwrap();
    let made = layer(&draft, "a").await;
    drop(draft);
    let kept = ImagesInUse {
        cached: [made.descriptor.digest, made.diff_id].into(),
        ..ImagesInUse::default()
    };
    assert_eq!(collected(&store, kept), []);
    assert!(store.draft().unwrap().keep(&made).unwrap());
    assert_eq!(collected(&store, ImagesInUse::default()), [made.descriptor.digest]);
    assert!(!store.draft().unwrap().keep(&made).unwrap());
}

#[tokio::test]
async fn a_layer_from_elsewhere_is_added_if_it_is_what_it_should_be() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let elsewhere = ImageStore::open(there.path()).unwrap().draft().unwrap();
    let made = layer(&elsewhere, "a").await;
    let mut bytes = Vec::new();
    let mut blob = elsewhere.open_blob(&made.descriptor.digest).unwrap();
    io::Read::read_to_end(&mut blob, &mut bytes).unwrap();
    let draft = ImageStore::open(here.path()).unwrap().draft().unwrap();
    let add = async |bytes: Vec<u8>, diff_id| {
        let added = draft.add_layer(made.descriptor.clone(), diff_id, io::Cursor::new(bytes));
        added.await.is_ok()
    };
    let (mut longer, shorter) = (bytes.clone(), bytes[1..].to_vec());
    longer.push(0);
    for wrong in [longer, shorter] {
        assert!(!add(wrong, made.diff_id).await);
        assert!(!draft.keep(&made).unwrap());
    }
    assert!(!add(bytes.clone(), Digest::Sha256([7; 32])).await, "another tar");
    assert!(add(bytes, made.diff_id).await);
    assert!(draft.keep(&made).unwrap());
}
