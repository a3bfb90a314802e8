//! Pulls of indexes: one image of them, or all; attestations; layers that are elsewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use container_image::{NoProgress, PlatformChoice, PullError, PullOptions, PulledImage};
use container_oci::{Descriptor, Digest, Document, ImageConfig, Manifest, Platform, Reference, media_type};
use support::liar::{Liar, ok};
use support::platforms::{REPOSITORY, serve_attestation, serve_blob, serve_image, serve_index, serve_manifest, sha256};
use support::{MAX_DISKS, TestStore};

fn host() -> String {
    Platform::host().to_string()
}

fn name(liar: &Liar) -> Reference {
    format!("{}/{REPOSITORY}:1", liar.address).parse().unwrap()
}

async fn pull(test: &TestStore, liar: &Liar, platforms: PlatformChoice) -> Result<PulledImage, PullError> {
    let options = PullOptions {
        platforms,
        ..PullOptions::default()
    };
    test.store.pull(&name(liar), &options, &NoProgress).await
}

fn has_blob(test: &TestStore, digest: &Digest) -> bool {
    test.files(&format!("content/blobs/{}", digest.algorithm().name()))
        .contains(&digest.hex())
}

fn requests_for(liar: &Liar, digest: &Digest) -> usize {
    let requests = liar.requests();
    requests
        .iter()
        .filter(|request| request.contains(&digest.to_string()))
        .count()
}

#[tokio::test]
async fn by_default_only_this_machines_image_is_fetched() {
    let (test, liar) = (TestStore::new(), Liar::start());
    let here = serve_image(&liar, &host());
    let other = serve_image(&liar, "linux/s390x");
    let attestation = serve_attestation(&liar, &here);
    let index = serve_index(&liar, vec![other.clone(), here.clone(), attestation.clone()]);
    let pulled = pull(&test, &liar, PlatformChoice::Default).await.unwrap();
    assert_eq!(pulled.descriptor.digest, index.digest);
    assert_eq!(pulled.manifest_descriptor.unwrap().digest, here.digest);
    assert!(!has_blob(&test, &other.digest) && !has_blob(&test, &attestation.digest));
    assert_eq!(test.store.inspect(&name(&liar)).unwrap().variants.len(), 1);
}

#[tokio::test]
async fn all_platforms_bring_everything_but_only_this_machines_disks() {
    let (test, liar) = (TestStore::new(), Liar::start());
    let here = serve_image(&liar, &host());
    let other = serve_image(&liar, "linux/s390x");
    let attestation = serve_attestation(&liar, &here);
    let mut unknown = serve_manifest(&liar, "application/x-unheard-of", b"anything", None);
    unknown.platform = None;
    serve_index(&liar, vec![here, other.clone(), attestation.clone(), unknown.clone()]);
    pull(&test, &liar, PlatformChoice::All).await.unwrap();

    let image = test.store.inspect(&name(&liar)).unwrap();
    let platforms: Vec<String> = image
        .variants
        .iter()
        .map(|variant| variant.platform.to_string())
        .collect();
    assert_eq!(platforms, [host().as_str(), "linux/s390x"], "attestations are hidden");
    assert!(has_blob(&test, &unknown.digest) && has_blob(&test, &attestation.digest));
    let bytes = std::fs::read(
        test.root
            .path()
            .join("content/blobs/sha256")
            .join(attestation.digest.hex()),
    )
    .unwrap();
    let Document::Manifest(manifest) = Document::parse(&bytes, None).unwrap() else {
        panic!("an attestation is a manifest");
    };
    assert!(has_blob(&test, &manifest.config.digest) && has_blob(&test, &manifest.layers[0].digest));

    let disks = |test: &TestStore| {
        test.files("layers")
            .iter()
            .filter(|name| name.ends_with(".ext4"))
            .count()
    };
    assert_eq!(disks(&test), 1);
    let resolved = test
        .store
        .resolve(&name(&liar), &other.platform.unwrap(), MAX_DISKS)
        .await
        .unwrap();
    assert_eq!(
        (resolved.layers.len(), disks(&test)),
        (1, 2),
        "other disks are made when they are needed"
    );
    drop(resolved);
    assert_eq!(test.files("content/ingest"), [""; 0]);
}

#[tokio::test]
async fn a_second_platform_of_the_same_index_is_added() {
    let (test, liar) = (TestStore::new(), Liar::start());
    let here = serve_image(&liar, &host());
    let other = serve_image(&liar, "linux/s390x");
    serve_index(&liar, vec![here.clone(), other.clone()]);
    pull(&test, &liar, PlatformChoice::Default).await.unwrap();
    let s390x: Platform = "linux/s390x".parse().unwrap();
    let error = test.store.resolve(&name(&liar), &s390x, MAX_DISKS).await.unwrap_err();
    assert!(error.to_string().contains("--platform linux/s390x"), "{error}");
    pull(&test, &liar, PlatformChoice::Only(s390x.clone())).await.unwrap();
    test.store.resolve(&name(&liar), &s390x, MAX_DISKS).await.unwrap();
    test.store
        .resolve(&name(&liar), &Platform::host(), MAX_DISKS)
        .await
        .unwrap();
    assert_eq!(
        requests_for(&liar, &here.digest),
        1,
        "what is here is not fetched again"
    );
}

#[tokio::test]
async fn an_index_without_an_image_for_this_machine_can_only_be_pulled_whole() {
    let (test, liar) = (TestStore::new(), Liar::start());
    serve_index(
        &liar,
        vec![serve_image(&liar, "linux/s390x"), serve_image(&liar, "linux/riscv64")],
    );
    let error = pull(&test, &liar, PlatformChoice::Default).await.unwrap_err();
    assert!(error.to_string().contains("linux/s390x, linux/riscv64"), "{error}");
    let pulled = pull(&test, &liar, PlatformChoice::All).await.unwrap();
    assert_eq!(pulled.manifest_descriptor, None);
    assert!(test.files("layers").is_empty());
    assert_eq!(test.store.inspect(&name(&liar)).unwrap().variants.len(), 2);
}

#[tokio::test]
async fn a_listed_manifest_of_another_size_is_refused() {
    let (test, liar) = (TestStore::new(), Liar::start());
    let mut here = serve_image(&liar, &host());
    here.size_bytes += 1;
    serve_index(&liar, vec![here]);
    let error = pull(&test, &liar, PlatformChoice::Default).await.unwrap_err();
    assert!(error.to_string().contains("size mismatch"), "{error}");
    test.assert_untouched();
}

#[tokio::test]
async fn docker_schema_1_gets_a_clear_error() {
    let (test, liar) = (TestStore::new(), Liar::start());
    let old = br#"{"schemaVersion":1,"name":"demo","tag":"1","architecture":"amd64","fsLayers":[],"history":[]}"#;
    serve_manifest(
        &liar,
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        old,
        Some("1"),
    );
    let error = pull(&test, &liar, PlatformChoice::Default).await.unwrap_err();
    assert!(
        error.to_string().contains("schema version is 1, only 2 is supported"),
        "{error}"
    );
    test.assert_untouched();
}

/// Serves an image whose only layer is non-distributable and has the given urls; the layer itself is served nowhere yet.
fn serve_foreign(liar: &Liar, urls: Vec<String>) -> (Vec<u8>, Digest) {
    let layer = container_fixtures::tar_of([("hello", &b"hello"[..])]);
    let digest = sha256(&layer);
    let config = ImageConfig::new(
        Platform::host(),
        container_oci::ProcessDefaults::default(),
        vec![digest],
    );
    let config = serve_blob(liar, media_type::OCI_CONFIG, &serde_json::to_vec(&config).unwrap());
    let mut descriptor = Descriptor::new(
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        digest,
        layer.len() as u64,
    );
    descriptor.urls = urls;
    let manifest = serde_json::to_vec(&Manifest::new(config, vec![descriptor])).unwrap();
    serve_manifest(liar, media_type::OCI_MANIFEST, &manifest, Some("1"));
    (layer, digest)
}

#[tokio::test]
async fn a_nondistributable_layer_comes_from_its_urls_when_the_registry_has_it_not() {
    let (test, liar, elsewhere) = (TestStore::new(), Liar::start(), Liar::start());
    let urls = vec![
        format!("http://{}/gone", elsewhere.address),
        format!("http://{}/layer", elsewhere.address),
    ];
    let (layer, digest) = serve_foreign(&liar, urls);
    elsewhere.answer("/layer", vec![ok("application/octet-stream", layer)]);
    pull(&test, &liar, PlatformChoice::Default).await.unwrap();
    assert!(has_blob(&test, &digest));
    assert_eq!(requests_for(&liar, &digest), 1, "the registry is asked first");
    let requests = elsewhere.requests().join("\n").to_ascii_lowercase();
    assert!(!requests.contains("authorization"), "{requests}");
}

#[tokio::test]
async fn a_foreign_place_that_lies_or_is_not_allowed_is_refused() {
    let (test, liar, elsewhere) = (TestStore::new(), Liar::start(), Liar::start());
    let (mut layer, _) = serve_foreign(&liar, vec![format!("http://{}/layer", elsewhere.address)]);
    layer[600] ^= 1;
    elsewhere.answer("/layer", vec![ok("application/octet-stream", layer)]);
    let error = pull(&test, &liar, PlatformChoice::Default).await.unwrap_err();
    assert!(error.to_string().contains("digest mismatch"), "{error}");
    test.assert_untouched();
    for url in [
        "file:///etc/passwd",
        "ftp://example.invalid/x",
        "http://user:secret@example.invalid/x",
        "nonsense",
    ] {
        serve_foreign(&liar, vec![url.to_owned()]);
        let error = pull(&test, &liar, PlatformChoice::Default).await.unwrap_err();
        assert!(
            error.to_string().contains("only https addresses without credentials"),
            "{error}"
        );
        test.assert_untouched();
    }
}
