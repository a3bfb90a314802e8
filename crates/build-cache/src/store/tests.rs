//! Steps are found, claimed and forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use container_oci::{Descriptor, Digest, media_type};

use super::*;
use crate::CachedLayer;

fn key(name: &str) -> CacheKey {
    CacheKey::of(&name).unwrap()
}

fn step(layer: u8) -> CachedStep {
    let digest = Digest::Sha256([layer; 32]);
    CachedStep {
        layer: CachedLayer {
            descriptor: Descriptor::new(media_type::OCI_LAYER_GZIP, digest, 7),
            diff_id: digest,
        },
        description: format!("step {layer}"),
        created_unix_seconds: 5,
    }
}

#[test]
fn a_step_is_found_by_its_key_until_it_is_forgotten() {
    let root = tempfile::tempdir().unwrap();
    let cache = BuildCache::at(root.path());
    assert_eq!(cache.find(&key("a")).unwrap(), None);
    cache.store(&key("a"), step(1)).unwrap();
    assert_eq!(cache.find(&key("a")).unwrap(), Some(step(1)));
    assert_eq!(cache.find(&key("b")).unwrap(), None);
    let all = cache.steps().unwrap();
    assert_eq!((all.len(), all[0].key, &all[0].step), (1, key("a"), &step(1)));
    cache.forget(&key("a")).unwrap();
    cache.forget(&key("a")).unwrap();
    assert!(cache.steps().unwrap().is_empty());
}

#[test]
fn a_damaged_or_newer_record_counts_as_missing() {
    let root = tempfile::tempdir().unwrap();
    let cache = BuildCache::at(root.path());
    cache.store(&key("a"), step(1)).unwrap();
    for text in ["", "{", r#"{"version":9}"#] {
        std::fs::write(cache.record(&key("a")), text).unwrap();
        assert_eq!(cache.find(&key("a")).unwrap(), None, "{text}");
        assert!(cache.steps().unwrap().is_empty(), "{text}");
    }
}

#[test]
fn finding_a_step_makes_it_the_one_that_was_used_last() {
    let root = tempfile::tempdir().unwrap();
    let cache = BuildCache::at(root.path());
    cache.store(&key("a"), step(1)).unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000);
    let file = File::open(cache.record(&key("a"))).unwrap();
    file.set_times(FileTimes::new().set_modified(long_ago)).unwrap();
    assert_eq!(cache.steps().unwrap()[0].last_used, Some(long_ago));
    cache.find(&key("a")).unwrap();
    assert!(cache.steps().unwrap()[0].last_used > Some(long_ago));
}

#[tokio::test]
async fn a_step_is_done_once_by_all_who_want_it() {
    let root = tempfile::tempdir().unwrap();
    let done = Arc::new(AtomicU32::new(0));
    let build = |cache: BuildCache, done: Arc<AtomicU32>| async move {
        let found = cache
            .find_or_claim(&key("a"), async |_: &CachedStep| Ok::<_, CacheError>(true), || {})
            .await
            .unwrap();
        if let Found::Claimed(claim) = found {
            done.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            cache.store(&key("a"), step(1)).unwrap();
            drop(claim);
        }
    };
    let builds = (0..4).map(|_| build(BuildCache::at(root.path()), Arc::clone(&done)));
    let builds: Vec<_> = builds.map(|build| tokio::spawn(build)).collect();
    for build in builds {
        build.await.unwrap();
    }
    assert_eq!(done.load(Ordering::SeqCst), 1);
    assert_eq!(
        std::fs::read_dir(root.path().join("build-cache/locks"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn a_step_whose_layer_is_gone_is_done_again() {
    let root = tempfile::tempdir().unwrap();
    let cache = BuildCache::at(root.path());
    cache.store(&key("a"), step(1)).unwrap();
    let gone = async |_: &CachedStep| Ok::<_, CacheError>(false);
    let found = cache.find_or_claim(&key("a"), gone, || {}).await.unwrap();
    assert!(matches!(found, Found::Claimed(_)));
}
