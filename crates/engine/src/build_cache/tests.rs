//! Steps and mounts of builds that never were.

use std::time::Duration;

use container_build_cache::{CachedLayer, CachedStep};
use container_oci::{Descriptor, media_type};

use super::*;

/// Stores the layer of a step: as large a file as it takes, under the digest that the number gives.
fn step(engine: &Engine, number: u8, size: usize) -> String {
    let digest = Digest::Sha256([number; 32]);
    let blobs = engine.app_root().join("content/blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(blobs.join(digest.hex()), vec![number; size]).unwrap();
    let layer = CachedLayer {
        descriptor: Descriptor::new(media_type::OCI_LAYER_GZIP, digest, size as u64),
        diff_id: Digest::Sha256([number + 100; 32]),
    };
    let step = CachedStep {
        layer: layer.clone(),
        description: format!("RUN {number}"),
        created_unix_seconds: number.into(),
    };
    let cache = BuildCache::at(engine.app_root());
    // Two steps with one layer.
    for name in ["quick", "exact"] {
        cache
            .store(&CacheKey::of(&(number, name)).unwrap(), step.clone())
            .unwrap();
    }
    layer.diff_id.hex()
}

fn ids(records: &[BuildCacheRecord]) -> Vec<&str> {
    records.iter().map(|record| record.id.as_str()).collect()
}

#[tokio::test]
async fn layers_count_once_and_mounts_are_named() {
    let root = tempfile::tempdir().unwrap();
    let engine = Engine::for_tests(root.path());
    let layer = step(&engine, 1, 100_000);
    let used = BuildCache::at(engine.app_root()).mount_directory("/root/.npm").unwrap();
    std::fs::write(used.directory().join("file"), vec![1; 50_000]).unwrap();
    let records = engine.build_cache().await.unwrap();
    let [first, second] = records.as_slice() else {
        panic!("{records:?}")
    };
    assert_eq!(
        (&first.id, first.kind, first.is_needed),
        (&layer, BuildCacheKind::Layer, false)
    );
    assert!(first.size_bytes >= 100_000 && first.description == "RUN 1");
    assert_eq!(
        (second.description.as_str(), second.is_needed),
        ("cached mount /root/.npm", true)
    );
    let sum = engine.disk_usage().await.unwrap().build_cache;
    assert_eq!((sum.total, sum.active), (2, 1));
    let all_bytes = first.size_bytes + second.size_bytes;
    assert_eq!((sum.size_bytes, sum.reclaimable_bytes), (all_bytes, first.size_bytes));
}

#[tokio::test]
async fn what_no_build_has_is_taken_away_with_its_bytes() {
    let root = tempfile::tempdir().unwrap();
    let engine = Engine::for_tests(root.path());
    let layer = step(&engine, 1, 100_000);
    let used = BuildCache::at(engine.app_root()).mount_directory("used").unwrap();
    let not_yet = BuildCacheFilter {
        unused_for: Some(Duration::from_secs(3600)),
        ..BuildCacheFilter::default()
    };
    assert_eq!(
        engine.prune_build_cache(not_yet).await.unwrap(),
        PrunedBuildCache::default()
    );
    let all = BuildCacheFilter {
        all: true,
        ..BuildCacheFilter::default()
    };
    let pruned = engine.prune_build_cache(all.clone()).await.unwrap();
    assert_eq!(ids(&pruned.deleted), [layer.as_str()]);
    assert!(pruned.reclaimed_bytes >= 100_000);
    assert!(used.directory().is_dir());
    drop(used);
    assert_eq!(engine.prune_build_cache(all).await.unwrap().deleted.len(), 1);
    assert!(engine.build_cache().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_limit_takes_what_was_used_longest_ago_and_filters_hold() {
    let root = tempfile::tempdir().unwrap();
    let engine = Engine::for_tests(root.path());
    let first = step(&engine, 1, 100_000);
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
    for record in std::fs::read_dir(engine.app_root().join("build-cache/steps")).unwrap() {
        let record = std::fs::File::open(record.unwrap().path()).unwrap();
        record
            .set_times(std::fs::FileTimes::new().set_modified(long_ago))
            .unwrap();
    }
    let second = step(&engine, 2, 100_000);
    let limit = |keep_bytes, prefix: &str| BuildCacheFilter {
        keep_bytes: Some(keep_bytes),
        id_prefix: Some(prefix.to_owned()),
        ..BuildCacheFilter::default()
    };
    assert!(
        engine
            .prune_build_cache(limit(1 << 20, ""))
            .await
            .unwrap()
            .deleted
            .is_empty()
    );
    assert!(
        engine
            .prune_build_cache(limit(150_000, &second))
            .await
            .unwrap()
            .deleted
            .is_empty()
    );
    let pruned = engine.prune_build_cache(limit(150_000, "")).await.unwrap();
    assert_eq!(ids(&pruned.deleted), [first.as_str()]);
    assert_eq!(ids(&engine.build_cache().await.unwrap()), [second.as_str()]);
}
