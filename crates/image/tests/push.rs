//! Pushes to a real registry, read back by skopeo.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::sync::Arc;

use container_image::{NoProgress, PlatformChoice, ProgressEvent, PullOptions, PushError, PushOptions, PushedImage};
use container_oci::{Descriptor, Manifest, Platform, Reference, media_type};
use container_registry::{
    Credential, CredentialError, CredentialSource, HostSettings, Registries, RegistrySettings, Scheme, Secret,
};
use support::images::{archive, members};
use support::liar::{Liar, ok};
use support::platforms::{serve_attestation, serve_blob, serve_image, serve_index, serve_manifest, sha256};
use support::registry::{LOGIN, Registry};
use support::{Events, TestStore};

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

/// The names under which a test's store has its image.
fn name(address: &str, rest: &str) -> Reference {
    reference(&format!("{address}/{rest}"))
}

async fn push(test: &TestStore, name: &Reference, events: &Events) -> Result<PushedImage, PushError> {
    test.store.push(name, &PushOptions::default(), events).await
}

/// A store with an image that skopeo has pushed to the registry as `a/demo:1`.
async fn pulled(registry: &Registry) -> TestStore {
    let test = TestStore::new();
    let path = archive(test.root.path(), "demo:1", &"hello".repeat(200_000));
    registry.push(&path, "a/demo:1", &[]);
    let name = name(&registry.address, "a/demo:1");
    test.store
        .pull(&name, &PullOptions::default(), &NoProgress)
        .await
        .unwrap();
    test
}

#[tokio::test]
async fn what_is_pushed_is_what_was_pulled_and_goes_out_once() {
    let source = Registry::start();
    let test = pulled(&source).await;
    let target = Registry::start();
    let (from, to) = (name(&source.address, "a/demo:1"), name(&target.address, "b/demo:2"));
    test.store.tag(&from, &to).unwrap();

    let events = Events::default();
    let pushed = push(&test, &to, &events).await.unwrap();
    assert_eq!(pushed.digest.to_string(), source.digest("a/demo:1", &[]));
    assert_eq!(target.digest("b/demo:2", &[]), source.digest("a/demo:1", &[]));
    target.copy_out("b/demo:2", &[], &test.root.path().join("copy"));
    let is_pushed = |event: &ProgressEvent| matches!(event, ProgressEvent::LayerPushed { .. });
    assert_eq!(events.count(is_pushed), 2, "a layer and a configuration");

    let again = Events::default();
    push(&test, &to, &again).await.unwrap();
    let is_there = |event: &ProgressEvent| matches!(event, ProgressEvent::LayerOnRegistry { .. });
    assert_eq!((again.count(is_pushed), again.count(is_there)), (0, 2));
    assert_eq!(test.unfinished(), [""; 0]);
}

#[tokio::test]
async fn blobs_are_taken_from_another_repository_of_the_registry() {
    let registry = Registry::start();
    let test = pulled(&registry).await;
    let (from, to) = (
        name(&registry.address, "a/demo:1"),
        name(&registry.address, "b/c/demo:2"),
    );
    test.store.tag(&from, &to).unwrap();
    let events = Events::default();
    push(&test, &to, &events).await.unwrap();
    let is_mounted = |event: &ProgressEvent| matches!(event, ProgressEvent::LayerMounted { repository, .. } if repository == "a/demo");
    assert_eq!(events.count(is_mounted), 2);
    registry.copy_out("b/c/demo:2", &[], &test.root.path().join("copy"));
}

#[tokio::test]
async fn an_index_is_pushed_whole_or_one_image_of_it() {
    let liar = Liar::start();
    let host = serve_image(&liar, &Platform::host().to_string());
    let other = serve_image(&liar, "linux/s390x");
    let attestation = serve_attestation(&liar, &host);
    let index = serve_index(&liar, vec![host.clone(), other, attestation]);
    let registry = Registry::start();
    let test = TestStore::new();
    let from = name(&liar.address, "demo:1");
    let options = PullOptions {
        platforms: PlatformChoice::All,
        ..PullOptions::default()
    };
    test.store.pull(&from, &options, &NoProgress).await.unwrap();

    let whole = name(&registry.address, "demo:whole");
    test.store.tag(&from, &whole).unwrap();
    push(&test, &whole, &Events::default()).await.unwrap();
    assert_eq!(registry.digest("demo:whole", &[]), index.digest.to_string());
    registry.copy_out("demo:whole", &["--all"], &test.root.path().join("copy"));

    let one = name(&registry.address, "demo:one");
    test.store.tag(&from, &one).unwrap();
    let options = PushOptions {
        platforms: PlatformChoice::Only(Platform::host()),
        ..PushOptions::default()
    };
    let pushed = test.store.push(&one, &options, &NoProgress).await.unwrap();
    assert_eq!(pushed.digest, host.digest);
    assert_eq!(registry.digest("demo:one", &[]), host.digest.to_string());
}

#[derive(Debug)]
struct Login(&'static str);

impl CredentialSource for Login {
    fn credential(&self, _: &str) -> Result<Option<Credential>, CredentialError> {
        Ok(Some(Credential::Password {
            username: LOGIN.0.to_owned(),
            password: Secret::new(self.0),
        }))
    }
}

#[tokio::test]
async fn a_login_opens_a_registry_that_wants_one() {
    let source = Registry::start();
    let test = pulled(&source).await;
    let registry = Registry::with_login();
    let to = name(&registry.address, "demo:1");
    test.store.tag(&name(&source.address, "a/demo:1"), &to).unwrap();

    let error = push(&test, &to, &Events::default()).await.unwrap_err().to_string();
    let advice = format!("try: container registry login {}", registry.address);
    assert!(error.contains(&advice), "{error}");

    let with = |password| Registries::new(RegistrySettings::default(), Arc::new(Login(password)));
    let wrong = PushOptions {
        registries: with("wrong"),
        ..PushOptions::default()
    };
    let error = test.store.push(&to, &wrong, &NoProgress).await.unwrap_err().to_string();
    let text = format!("did not accept the credentials for ann at {}", registry.address);
    assert!(error.contains(&text) && !error.contains("wrong"), "{error}");

    let registries = with(LOGIN.1);
    let right = PushOptions {
        registries: registries.clone(),
        ..PushOptions::default()
    };
    test.store.push(&to, &right, &NoProgress).await.unwrap();
    let credentials = format!("--creds={}:{}", LOGIN.0, LOGIN.1);
    assert_eq!(
        registry.digest("demo:1", &[&credentials]),
        source.digest("a/demo:1", &[])
    );
    let fresh = TestStore::new();
    let options = PullOptions {
        registries,
        ..PullOptions::default()
    };
    fresh.store.pull(&to, &options, &NoProgress).await.unwrap();

    for (password, is_right) in [(LOGIN.1, true), ("wrong", false)] {
        let credential = Login(password).credential("").unwrap().unwrap();
        let registries = Registries::anonymous();
        let checked = registries
            .check_login(&registry.address, Scheme::Auto, &credential)
            .await;
        assert_eq!(checked.is_ok(), is_right, "{checked:?}");
    }
}

#[tokio::test]
async fn a_configured_authority_is_trusted_and_no_other() {
    let source = Registry::start();
    let test = pulled(&source).await;
    let registry = Registry::with_tls();
    let to = name(&registry.address, "demo:1");
    test.store.tag(&name(&source.address, "a/demo:1"), &to).unwrap();
    let host = HostSettings {
        scheme: Some(Scheme::Https),
        ca_files: vec![registry.authority()],
        ..HostSettings::default()
    };
    let mut settings = RegistrySettings::default();
    settings.hosts.insert(registry.address.clone(), host);
    let options = PushOptions {
        registries: Registries::new(settings, Arc::new(container_registry::NoCredentials)),
        ..PushOptions::default()
    };
    let pushed = test.store.push(&to, &options, &NoProgress).await.unwrap();
    assert_eq!(registry.digest("demo:1", &[]), pushed.digest.to_string());

    let untrusting = PushOptions {
        scheme: Scheme::Https,
        ..PushOptions::default()
    };
    let error = test.store.push(&to, &untrusting, &NoProgress).await.unwrap_err();
    assert!(error.to_string().contains("no secure connection"), "{error}");
}

#[tokio::test]
async fn an_upload_that_is_cut_goes_on_where_it_broke() {
    let source = Registry::start();
    let test = TestStore::new();
    let noise: String = (0..400_000u64)
        .map(|number| format!("{:x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .collect();
    source.push(&archive(test.root.path(), "demo:1", &noise), "demo:1", &[]);
    let from = name(&source.address, "demo:1");
    test.store
        .pull(&from, &PullOptions::default(), &NoProgress)
        .await
        .unwrap();
    let registry = Registry::start();
    let cut = container_fixtures::breaking_once(&registry.address, 1_000_000);
    let to = name(&cut, "demo:1");
    test.store.tag(&from, &to).unwrap();
    let events = Events::default();
    push(&test, &to, &events).await.unwrap();
    assert!(events.count(|event| matches!(event, ProgressEvent::Retrying(_))) >= 1);
    assert_eq!(registry.digest("demo:1", &[]), source.digest("demo:1", &[]));
    registry.copy_out("demo:1", &[], &test.root.path().join("copy"));
}

#[tokio::test]
async fn a_layer_that_others_serve_is_left_to_them() {
    let liar = Liar::start();
    let directory = tempfile::tempdir().unwrap();
    let all = members(&archive(directory.path(), "demo:1", "hello"));
    let (config, layer) = (&all[3].1, &all[4].1);
    let config = serve_blob(&liar, media_type::OCI_CONFIG, config);
    liar.answer("/layer", vec![ok("application/octet-stream", layer.clone())]);
    let foreign = Descriptor {
        urls: vec![format!("http://{}/layer", liar.address)],
        ..Descriptor::new(
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
            sha256(layer),
            layer.len() as u64,
        )
    };
    let manifest = serde_json::to_vec(&Manifest::new(config, vec![foreign])).unwrap();
    let manifest = serve_manifest(&liar, media_type::OCI_MANIFEST, &manifest, Some("1"));
    let test = TestStore::new();
    let from = name(&liar.address, "demo:1");
    test.store
        .pull(&from, &PullOptions::default(), &NoProgress)
        .await
        .unwrap();
    let registry = Registry::start();
    let to = name(&registry.address, "demo:1");
    test.store.tag(&from, &to).unwrap();
    let events = Events::default();
    push(&test, &to, &events).await.unwrap();
    let pushed = events.count(|event| matches!(event, ProgressEvent::LayerPushed { .. }));
    assert_eq!(pushed, 1, "the configuration only");
    assert_eq!(registry.digest("demo:1", &[]), manifest.digest.to_string());
}
