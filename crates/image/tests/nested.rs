//! Indexes within indexes: every verb sees the same images in them, and none goes on without end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::convert::Infallible;
use std::path::Path;

use container_image::{
    CollectScope, ImageQuery, ImagesInUse, LoadOptions, LoadSource, LoadedImage, NoProgress, PlatformChoice,
    PullOptions, PushOptions, SaveFormat, SaveTarget,
};
use container_oci::{Descriptor, Platform, Reference, media_type};
use support::layout::Layout;
use support::liar::Liar;
use support::platforms::{REPOSITORY, serve_attestation, serve_image, serve_index};
use support::registry::Registry;
use support::{MAX_DISKS, TestStore};

fn reference(name: &str) -> Reference {
    name.parse().unwrap()
}

fn only(platform: &str) -> PlatformChoice {
    PlatformChoice::Only(platform.parse().unwrap())
}

async fn pull(test: &TestStore, liar: &Liar, platforms: PlatformChoice) -> Result<Reference, String> {
    let name = reference(&format!("{}/{REPOSITORY}:1", liar.address));
    let options = PullOptions {
        platforms,
        ..PullOptions::default()
    };
    let pulled = test.store.pull(&name, &options, &NoProgress).await;
    pulled.map(|_| name).map_err(|error| error.to_string())
}

async fn load(test: &TestStore, path: &Path) -> Result<Vec<LoadedImage>, String> {
    let source = LoadSource::Path(path.to_owned());
    let loaded = test.store.load(source, &LoadOptions::default(), &NoProgress).await;
    loaded.map_err(|error| error.to_string())
}

async fn save(
    test: &TestStore,
    name: &Reference,
    platforms: &PlatformChoice,
    path: &Path,
) -> Result<Descriptor, String> {
    let target = SaveTarget::Path(path.to_owned());
    let names = [name.clone()];
    let saved = test
        .store
        .save(&names, platforms, SaveFormat::OciArchive, target, &NoProgress);
    saved
        .await
        .map(|saved| saved[0].descriptor.clone())
        .map_err(|error| error.to_string())
}

fn collect(test: &TestStore) {
    let in_use = || Ok::<_, Infallible>(ImagesInUse::default());
    test.store.collect_garbage(CollectScope::Unreachable, in_use).unwrap();
}

/// The manifest that runs on this machine.
async fn resolved(test: &TestStore, name: &Reference) -> Result<String, String> {
    let image = test.store.resolve(name, &Platform::host(), MAX_DISKS).await;
    image
        .map(|image| image.manifest_descriptor.digest.to_string())
        .map_err(|error| error.to_string())
}

/// `demo:1`: an index that lists an index for each platform, the one with an attestation.
struct Nested {
    liar: Liar,
    here: Descriptor,
    other: Descriptor,
    root: Descriptor,
}

fn nested() -> Nested {
    let liar = Liar::start();
    let here = serve_image(&liar, &Platform::host().to_string());
    let other = serve_image(&liar, "linux/s390x");
    let attestation = serve_attestation(&liar, &here);
    let of_here = serve_index(&liar, vec![here.clone(), attestation]);
    let of_other = serve_index(&liar, vec![other.clone()]);
    let root = serve_index(&liar, vec![of_other, of_here]);
    Nested {
        liar,
        here,
        other,
        root,
    }
}

#[tokio::test]
async fn an_inner_image_is_pulled_listed_found_kept_and_saved() {
    let (test, nested) = (TestStore::new(), nested());
    let name = pull(&test, &nested.liar, PlatformChoice::Default).await.unwrap();
    collect(&test);
    assert_eq!(resolved(&test, &name).await.unwrap(), nested.here.digest.to_string());
    test.store.history(&name, &Platform::host()).unwrap();
    let listed = test.store.list().unwrap();
    let variants: Vec<_> = listed[0]
        .variants
        .iter()
        .map(|variant| variant.descriptor.digest)
        .collect();
    assert_eq!(variants, [nested.here.digest]);
    assert_eq!(test.store.inspect(&name).unwrap().variants, listed[0].variants);
    let by_digest = ImageQuery::from(nested.here.digest.hex().as_str());
    assert_eq!(test.store.find(&by_digest).unwrap(), name);

    let path = test.root.path().join("part.tar");
    let saved = save(&test, &name, &PlatformChoice::Default, &path).await.unwrap();
    assert_eq!(saved.digest, nested.here.digest, "the only image that is here");
    let error = save(&test, &name, &PlatformChoice::All, &path).await.unwrap_err();
    assert!(
        error.contains("is not complete; missing: linux/s390x, attestation sha256:"),
        "{error}"
    );
}

#[tokio::test]
async fn all_of_it_goes_through_archives_and_registries_as_it_was() {
    let (test, nested) = (TestStore::new(), nested());
    let name = pull(&test, &nested.liar, PlatformChoice::All).await.unwrap();
    collect(&test);
    let path = test.root.path().join("whole.tar");
    let saved = save(&test, &name, &PlatformChoice::All, &path).await.unwrap();
    assert_eq!(saved.digest, nested.root.digest);

    let other = TestStore::new();
    let loaded = load(&other, &path).await.unwrap();
    assert_eq!(loaded[0].descriptor.digest, nested.root.digest);
    assert_eq!(loaded[0].platforms.len(), 2);
    collect(&other);
    assert_eq!(resolved(&other, &name).await.unwrap(), nested.here.digest.to_string());
    assert_eq!(other.store.inspect(&name).unwrap().variants.len(), 2);
    let part = save(&other, &name, &only("linux/s390x"), &path).await.unwrap();
    assert_eq!(part.digest, nested.other.digest);

    let registry = Registry::start();
    let target = reference(&format!("{}/demo:1", registry.address));
    other.store.tag(&name, &target).unwrap();
    let options = PushOptions {
        platforms: PlatformChoice::All,
        ..PushOptions::default()
    };
    let pushed = other.store.push(&target, &options, &NoProgress).await.unwrap();
    assert_eq!(pushed.digest, nested.root.digest);
    assert_eq!(registry.digest("demo:1", &[]), nested.root.digest.to_string());
}

#[tokio::test]
async fn of_inner_indexes_in_part_goes_out_what_is_here() {
    let (test, nested) = (TestStore::new(), nested());
    let name = pull(&test, &nested.liar, PlatformChoice::Default).await.unwrap();
    pull(&test, &nested.liar, only("linux/s390x")).await.unwrap();
    let path = test.root.path().join("part.tar");
    let saved = save(&test, &name, &PlatformChoice::Default, &path).await.unwrap();
    assert_eq!(saved.digest, nested.root.digest);
    let other = TestStore::new();
    load(&other, &path).await.unwrap();
    assert_eq!(other.store.inspect(&name).unwrap().variants.len(), 2);
    assert_eq!(resolved(&other, &name).await.unwrap(), nested.here.digest.to_string());
}

#[tokio::test]
async fn an_image_listed_directly_needs_no_inner_index() {
    let (test, liar) = (TestStore::new(), Liar::start());
    let here = serve_image(&liar, &Platform::host().to_string());
    let elsewhere = Liar::start();
    let inner = serve_index(&elsewhere, vec![serve_image(&elsewhere, "linux/s390x")]);
    serve_index(&liar, vec![inner, here.clone()]);
    let name = pull(&test, &liar, PlatformChoice::Default).await.unwrap();
    assert_eq!(resolved(&test, &name).await.unwrap(), here.digest.to_string());
    // What an inner index has that is not here is not known.
    let error = test.store.history(&name, &"linux/s390x".parse().unwrap()).unwrap_err();
    assert!(error.to_string().contains("is not here for linux/s390x"), "{error}");
    assert!(
        error.to_string().contains("try: container image pull --platform"),
        "{error}"
    );
}

#[tokio::test]
async fn what_pulling_cannot_help_against_is_not_advised_to_be_pulled() {
    let (test, nested) = (TestStore::new(), nested());
    let name = pull(&test, &nested.liar, PlatformChoice::All).await.unwrap();
    let error = test
        .store
        .history(&name, &"linux/riscv64".parse().unwrap())
        .unwrap_err();
    let text = format!(
        "is not made for linux/riscv64, only for: linux/s390x, {}",
        Platform::host()
    );
    assert!(error.to_string().contains(&text), "{error}");
    assert!(!error.to_string().contains("try:"), "{error}");
}

#[tokio::test]
async fn indexes_without_end_are_refused_and_leave_nothing() {
    let (test, liar) = (TestStore::new(), Liar::start());
    let mut deep = serve_index(&liar, vec![serve_image(&liar, "linux/s390x")]);
    for _ in 0..6 {
        deep = serve_index(&liar, vec![deep]);
    }
    for platforms in [PlatformChoice::Default, PlatformChoice::All] {
        let error = pull(&test, &liar, platforms).await.unwrap_err();
        assert!(error.contains("indexes within indexes without end"), "{error}");
    }
    test.assert_untouched();

    let mut layout = Layout::default();
    let mut deep = layout.image("linux/s390x", |_| {});
    for _ in 0..7 {
        deep = layout.index(vec![deep]);
    }
    layout.name(deep, "demo:1");
    let path = test.root.path().join("deep.tar");
    layout.write(&path);
    let error = load(&test, &path).await.unwrap_err();
    assert!(error.contains("indexes within indexes without end"), "{error}");
    test.assert_untouched();
}

#[tokio::test]
async fn what_is_too_deep_in_one_image_is_not_collected_from_another() {
    let test = TestStore::new();
    let mut layout = Layout::default();
    // The inner index hangs at the last place that is followed in one image, and directly in the other.
    let image = layout.image(&Platform::host().to_string(), |_| {});
    let shared = layout.index(vec![image]);
    let mut deep = layout.index(vec![shared.clone()]);
    for _ in 0..2 {
        deep = layout.index(vec![deep]);
    }
    layout.name(deep, "a-deep:1");
    let flat = layout.index(vec![shared]);
    layout.name(flat, "flat:1");
    let path = test.root.path().join("both.tar");
    layout.write(&path);
    load(&test, &path).await.unwrap();
    collect(&test);
    for name in ["a-deep:1", "flat:1"] {
        resolved(&test, &reference(name)).await.unwrap();
    }
}

#[tokio::test]
async fn something_else_than_what_is_listed_is_refused() {
    let (test, mut layout) = (TestStore::new(), Layout::default());
    let image = layout.image(&Platform::host().to_string(), |_| {});
    let mut inner = layout.index(vec![image]);
    inner.media_type = media_type::OCI_MANIFEST.into();
    let root = layout.index(vec![inner]);
    layout.name(root, "demo:1");
    let path = test.root.path().join("lie.tar");
    layout.write(&path);
    let error = load(&test, &path).await.unwrap_err();
    assert!(error.contains("it is something else than it is listed as"), "{error}");
    test.assert_untouched();
}
