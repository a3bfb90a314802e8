//! Pulls from a real registry and from a lying one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use container_image::{ImageStore, NoProgress, ProgressEvent, PullError, PullOptions, PulledImage};
use container_oci::{Platform, Reference, media_type};
use container_registry::{NoCredentials, Registries};
use support::images::{archive, archive_for};
use support::liar::{Answer, Liar, ok, status};
use support::registry::Registry;
use support::served::Served;
use support::{Events, MAX_DISKS, TestStore};

async fn pull(store: &ImageStore, name: &str) -> Result<PulledImage, PullError> {
    store
        .pull(&name.parse().unwrap(), &PullOptions::default(), &NoProgress)
        .await
}

#[tokio::test]
async fn what_skopeo_pushed_is_pulled_and_shared() {
    let registry = Registry::start();
    let test = TestStore::new();
    let path = archive(test.root.path(), "demo:1", &"hello".repeat(100_000));
    registry.push(&path, "a/demo:1", &[]);
    registry.push(&path, "a/docker:1", &["--format=v2s2"]);
    let name: Reference = format!("{}/a/demo:1", registry.address).parse().unwrap();

    let events = Events::default();
    let pulled = test.store.pull(&name, &PullOptions::default(), &events).await.unwrap();
    assert_eq!(
        events.count(|event| matches!(event, ProgressEvent::LayerStored { .. })),
        1
    );
    let image = test.store.resolve(&name, &Platform::host(), MAX_DISKS).await.unwrap();
    assert!(image.manifest.layers[0].media_type.as_ref().ends_with("gzip"));
    assert_eq!(image.layers.len(), 1);

    let by_digest = format!("{}/a/demo@{}", registry.address, pulled.descriptor.digest);
    pull(&test.store, &by_digest).await.unwrap();
    pull(&test.store, &format!("{}/a/docker:1", registry.address))
        .await
        .unwrap();
    assert_eq!(test.files("layers").len(), 2, "one disk and its record");

    let again = Events::default();
    test.store.pull(&name, &PullOptions::default(), &again).await.unwrap();
    assert_eq!(
        again.count(|event| matches!(event, ProgressEvent::LayerPresent { .. })),
        1
    );
    assert_eq!(
        again.count(|event| matches!(event, ProgressEvent::LayerBytes { .. })),
        0
    );
    assert_eq!(test.unfinished(), [""; 0]);
}

#[tokio::test]
async fn two_pulls_at_once_fetch_each_layer_once() {
    let registry = Registry::start();
    let test = TestStore::new();
    let path = archive(test.root.path(), "demo:1", &"hello".repeat(1_000_000));
    registry.push(&path, "demo:1", &[]);
    let name: Reference = format!("{}/demo:1", registry.address).parse().unwrap();
    let other = ImageStore::open(test.root.path()).unwrap();
    let events = [Events::default(), Events::default()];
    let options = PullOptions::default();
    let (first, second) = tokio::join!(
        test.store.pull(&name, &options, &events[0]),
        other.pull(&name, &options, &events[1])
    );
    first.unwrap();
    second.unwrap();
    let stored = events
        .iter()
        .map(|events| events.count(|event| matches!(event, ProgressEvent::LayerStored { .. })));
    assert_eq!(stored.sum::<usize>(), 1);
    assert_eq!(test.unfinished(), [""; 0]);
}

#[tokio::test]
async fn what_is_not_there_is_said_clearly() {
    let registry = Registry::start();
    let test = TestStore::new();
    registry.push(&archive(test.root.path(), "demo:1", "hello"), "demo:1", &[]);
    let s390x = archive_for(test.root.path(), "demo:1", "hello", &"linux/s390x".parse().unwrap());
    registry.push(&s390x, "foreign:1", &["--override-arch=s390x", "--override-os=linux"]);
    let address = &registry.address;
    for (name, text) in [
        (
            format!("{address}/demo:3.99"),
            "tag \"3.99\" in demo not found in the registry",
        ),
        (
            format!("{address}/nothing:1"),
            "tag \"1\" in nothing not found in the registry",
        ),
        (
            format!("{address}/demo@sha256:{}", "0".repeat(64)),
            "0000 not found in the registry",
        ),
        (format!("{address}/foreign:1"), "only for: linux/s390x"),
        ("127.0.0.1:1/demo".to_owned(), "connection to 127.0.0.1:1 refused"),
        ("no-such-host.invalid/demo".to_owned(), "no such host"),
    ] {
        let error = pull(&test.store, &name).await.unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    test.assert_untouched();
}

/// Changes one answer.
type Lie = Box<dyn Fn(&Served)>;

#[tokio::test]
async fn a_lie_gets_a_clear_error_and_leaves_nothing() {
    let wrong_digest = |image: &Served| {
        let mut layer = image.layer.clone();
        layer[700] ^= 1;
        image.liar.answer(&image.layer_path, vec![ok("x/y", layer)]);
    };
    let too_long = |image: &Served| {
        image.liar.answer(
            &image.layer_path,
            vec![ok("x/y", [image.layer.clone(), vec![0; 10]].concat())],
        );
    };
    let too_short = |image: &Served| {
        image
            .liar
            .answer(&image.layer_path, vec![ok("x/y", image.layer[..1000].to_vec())]);
    };
    let endless_layer = |image: &Served| image.liar.answer(&image.layer_path, vec![Answer::Endless]);
    let manifest =
        |answer: Answer| move |image: &Served| image.liar.answer("/v2/demo/manifests/1", vec![answer.clone()]);
    let forged = |image: &Served| {
        let answer = ok(media_type::OCI_MANIFEST, image.manifest.clone());
        let answer = answer.header("Docker-Content-Digest", &format!("sha256:{}", "0".repeat(64)));
        image.liar.answer("/v2/demo/manifests/1", vec![answer]);
    };
    let large = vec![b' '; 10 * 1024 * 1024];
    let cases: Vec<(&str, Lie, &str)> = vec![
        (
            "wrong digest",
            Box::new(wrong_digest),
            "digest mismatch of blob sha256:",
        ),
        ("too long", Box::new(too_long), "size mismatch of blob sha256:"),
        ("too short", Box::new(too_short), "size mismatch of blob sha256:"),
        (
            "endless layer",
            Box::new(endless_layer),
            "size mismatch of blob sha256:",
        ),
        ("forged manifest", Box::new(forged), "digest mismatch of tag"),
        (
            "large manifest",
            Box::new(manifest(ok(media_type::OCI_MANIFEST, large))),
            "more than 4194304 bytes",
        ),
        (
            "endless manifest",
            Box::new(manifest(Answer::Endless)),
            "more than 4194304 bytes",
        ),
        (
            "html",
            Box::new(manifest(ok("text/html", "<html>sign in</html>"))),
            "sent a web page in place of a manifest",
        ),
        (
            "unauthorized",
            Box::new(manifest(status("401 Unauthorized", &[]))),
            "does not allow this",
        ),
    ];
    for (case, lie, text) in cases {
        let test = TestStore::new();
        let image = Served::new("hello");
        lie(&image);
        let error = image.pull(&test).await.expect_err(case);
        assert!(error.to_string().contains(text), "{case}: {error}");
        test.assert_untouched();
    }
}

#[tokio::test]
async fn a_cut_connection_is_resumed_where_it_broke() {
    let test = TestStore::new();
    let image = Served::new(&"hello".repeat(50_000));
    image.liar.answer(
        &image.layer_path,
        vec![Answer::Cut {
            after: 100_000,
            body: image.layer.clone(),
        }],
    );
    image.pull(&test).await.unwrap();
    let requests = image.liar.requests().join("");
    assert!(requests.to_ascii_lowercase().contains("range: bytes="), "{requests}");
}

#[tokio::test]
async fn a_busy_registry_is_asked_again() {
    let test = TestStore::new();
    let image = Served::new("hello");
    let good = ok(media_type::OCI_MANIFEST, image.manifest.clone());
    let busy = status("503 Service Unavailable", &[]);
    image.liar.answer(
        "/v2/demo/manifests/1",
        vec![busy, status("429 Too Many Requests", &[("Retry-After", "0")]), good],
    );
    image.pull(&test).await.unwrap();
}

#[tokio::test]
async fn an_anonymous_token_is_fetched_and_never_follows_a_redirect_elsewhere() {
    let test = TestStore::new();
    let image = Served::new("hello");
    let elsewhere = Liar::start();
    elsewhere.answer("/layer", vec![ok("x/y", image.layer.clone())]);
    let challenge = format!("Bearer realm=\"http://{}/token\",service=\"s\"", image.liar.address);
    let good = ok(media_type::OCI_MANIFEST, image.manifest.clone());
    let asked = status("401 Unauthorized", &[("WWW-Authenticate", &challenge)]);
    image.liar.answer("/v2/demo/manifests/1", vec![asked, good]);
    image
        .liar
        .answer("/token", vec![ok("application/json", r#"{"token":"secret-token"}"#)]);
    let location = format!("http://{}/layer", elsewhere.address);
    image.liar.answer(
        &image.layer_path,
        vec![status("307 Temporary Redirect", &[("Location", &location)])],
    );
    image.pull(&test).await.unwrap();
    let ours = image.liar.requests().join("").to_ascii_lowercase();
    assert!(ours.contains("authorization: bearer secret-token"), "{ours}");
    assert!(ours.contains("scope=repository%3ademo%3apull"), "{ours}");
    let theirs = elsewhere.requests().join("").to_ascii_lowercase();
    assert!(
        theirs.contains("/layer") && !theirs.contains("secret-token"),
        "{theirs}"
    );
}

#[tokio::test]
async fn the_registry_makes_good_what_a_mirror_sends_wrong() {
    let image = Served::new("hello");
    let mirror = Liar::start();
    mirror.answer(&image.layer_path, vec![ok("x/y", vec![7; image.layer.len()])]);
    let forged = ok(media_type::OCI_MANIFEST, b"{}".to_vec())
        .header("Docker-Content-Digest", &format!("sha256:{}", "0".repeat(64)));
    for manifest in [ok(media_type::OCI_MANIFEST, image.manifest.clone()), forged] {
        mirror.answer("/v2/demo/manifests/1", vec![manifest]);
        let test = TestStore::new();
        let own = container_registry::HostSettings {
            mirrors: vec![mirror.address.clone()],
            ..Default::default()
        };
        let mut settings = container_registry::RegistrySettings::default();
        settings.hosts.insert(image.liar.address.clone(), own);
        let options = PullOptions {
            registries: Registries::new(settings, std::sync::Arc::new(NoCredentials)),
            ..PullOptions::default()
        };
        let name = format!("{}/demo:1", image.liar.address).parse().unwrap();
        test.store.pull(&name, &options, &NoProgress).await.unwrap();
    }
    assert!(!mirror.requests().is_empty());
}
