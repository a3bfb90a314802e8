//! What `oci-spec` loses of the documents that are met, and so why the types named here are our own.
//!
//! A test that fails with a newer `oci-spec` is good news: the type may be replaced.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use container_oci::{Descriptor, Digest, Document, ImageConfig, Platform, Reference, media_type};
use oci_spec::distribution;
use oci_spec::image as standard;
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use serde_json::{Value, json};

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn descriptor() -> Value {
    json!({"mediaType": media_type::OCI_LAYER, "digest": DIGEST, "size": 1})
}

fn is_read<T: DeserializeOwned>(document: &Value) -> bool {
    T::deserialize(document).is_ok()
}

/// The document as `T` reads and writes it.
fn round_trip<T: DeserializeOwned + Serialize>(document: &Value) -> String {
    serde_json::to_string(&T::deserialize(document).unwrap()).unwrap()
}

#[test]
fn digests_that_cannot_be_verified_are_digests() {
    for text in ["xxhash:42", "sha384-x:_", "md5:d41d8cd98f00b204e9800998ecf8427e"] {
        let theirs: standard::Digest = text.parse().unwrap();
        assert!(Digest::try_from(&theirs).is_err(), "{text}");
    }
}

#[test]
fn platforms_have_one_spelling_each_and_no_missing_parts() {
    for missing in [
        json!({}),
        json!({"os": null, "architecture": null}),
        json!({"architecture": "amd64"}),
    ] {
        assert!(!is_read::<standard::Platform>(&missing), "{missing}");
        assert!(is_read::<Platform>(&missing), "{missing}");
    }
    let spelled =
        json!([{"os": "linux", "architecture": "aarch64"}, {"os": "linux", "architecture": "arm64", "variant": "v8"}]);
    let theirs = Vec::<standard::Platform>::deserialize(&spelled).unwrap();
    let ours = Vec::<Platform>::deserialize(&spelled).unwrap();
    assert_ne!(theirs[0], theirs[1]);
    assert_eq!(ours[0], ours[1]);
}

#[test]
fn one_architecture_is_read_as_another() {
    let armbe = json!({"os": "linux", "architecture": "armbe"});
    assert!(round_trip::<standard::Platform>(&armbe).contains("arm64be"));
    let ours = Platform::deserialize(&armbe).unwrap();
    assert_eq!(ours.architecture, "armbe");
    assert_eq!(Platform::from(&standard::Platform::from(&ours)), ours);
}

#[test]
fn annotations_are_written_in_an_order_of_chance() {
    let annotations: serde_json::Map<String, Value> =
        (10..60).map(|number| (format!("key{number}"), json!(""))).collect();
    let mut document = descriptor();
    document["annotations"] = annotations.into();
    let sorted = |text: &str| {
        (10..59).all(|number| text.find(&format!("key{number}")) < text.find(&format!("key{}", number + 1)))
    };
    assert!(!sorted(&round_trip::<standard::Descriptor>(&document)));
    assert!(sorted(&round_trip::<Descriptor>(&document)));
}

#[test]
fn null_for_an_annotation_or_a_list_is_refused() {
    let mut document = descriptor();
    document["annotations"] = json!({"a": null});
    assert!(!is_read::<standard::Descriptor>(&document));
    assert!(is_read::<Descriptor>(&document));

    let manifest = json!({"schemaVersion": 2, "config": descriptor(), "layers": null});
    assert!(!is_read::<standard::ImageManifest>(&manifest));
    assert!(Document::parse(manifest.to_string().as_bytes(), None).is_ok());

    let index = json!({"schemaVersion": 2, "manifests": null, "mediaType": media_type::OCI_INDEX});
    assert!(!is_read::<standard::ImageIndex>(&index));
}

#[test]
fn dockers_part_of_a_configuration_is_dropped() {
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, "config": {
        "Healthcheck": {"Test": ["CMD", "true"]}, "StopTimeout": 3, "Shell": ["bash"], "OnBuild": ["RUN true"]}});
    let (theirs, ours) = (
        round_trip::<standard::ImageConfiguration>(&config),
        round_trip::<ImageConfig>(&config),
    );
    for name in ["Healthcheck", "StopTimeout", "Shell", "OnBuild"] {
        assert!(!theirs.contains(name) && ours.contains(name), "{name}");
    }
}

#[test]
fn configurations_need_what_is_often_missing_and_may_name_layers_by_paths() {
    for bare in [
        json!({}),
        json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": null}}),
    ] {
        assert!(!is_read::<standard::ImageConfiguration>(&bare), "{bare}");
        assert!(is_read::<ImageConfig>(&bare), "{bare}");
    }
    let path =
        json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:../../x"]}});
    assert!(is_read::<standard::ImageConfiguration>(&path));
    assert!(!is_read::<ImageConfig>(&path));
}

#[test]
fn names_lose_registries_and_ids_become_names() {
    let theirs = |text: &str| text.parse::<distribution::Reference>();
    let ours = |text: &str| text.parse::<Reference>();
    assert!(theirs("[::1]:5000/a").is_err());
    assert_eq!(ours("[::1]:5000/a").unwrap().registry(), "[::1]:5000");
    assert_eq!(theirs("BUILDER/a").unwrap().registry(), "docker.io");
    assert_eq!(ours("BUILDER/a").unwrap().registry(), "BUILDER");
    for nonsense in [&DIGEST["sha256:".len()..], "127.0.0.1:99999/a"] {
        assert!(theirs(nonsense).is_ok() && ours(nonsense).is_err(), "{nonsense}");
    }
}
