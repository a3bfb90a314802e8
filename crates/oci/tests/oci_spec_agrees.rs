//! Documents without a dialect mean the same to `oci-spec` and to us, whoever writes them.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;

use container_oci::{
    Descriptor, Digest, Document, Empty, ImageConfig, Index, Manifest, Platform, ProcessDefaults, media_type,
};
use oci_spec::image as standard;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn digests() -> impl Strategy<Value = Digest> {
    let halves = (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<bool>());
    halves.prop_map(|(low, high, is_long)| {
        let mut long = [0; 64];
        long[..32].copy_from_slice(&low);
        long[32..].copy_from_slice(&high);
        if is_long {
            Digest::Sha512(long)
        } else {
            Digest::Sha256(low)
        }
    })
}

fn platforms() -> impl Strategy<Value = Platform> {
    let architectures = [
        "amd64", "arm64", "arm", "386", "riscv64", "s390x", "ppc64le", "loong64", "new",
    ];
    let parts = (
        proptest::sample::select(&["linux", "windows", "darwin", "freebsd", "new"][..]),
        proptest::sample::select(architectures.to_vec()),
        proptest::option::of("v[0-9]"),
    );
    parts.prop_map(|(os, architecture, variant)| Platform::new(os, architecture, variant.as_deref()))
}

/// Names with texts, as annotations and labels are.
fn texts() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("[a-z.]{1,12}", "\\PC{0,12}", 0..6)
}

prop_compose! {
    fn descriptors(media_types: Vec<&'static str>)(
        media_type in proptest::sample::select(media_types),
        digest in digests(),
        size_bytes in 0..=u64::try_from(i64::MAX).unwrap(),
        urls in vec("https://[a-z]{1,9}", 0..3),
        annotations in texts(),
        platform in proptest::option::of(platforms()),
    ) -> Descriptor {
        Descriptor { urls, annotations, platform, ..Descriptor::new(media_type, digest, size_bytes) }
    }
}

fn layers() -> impl Strategy<Value = Vec<Descriptor>> {
    let media_types = vec![
        media_type::OCI_LAYER,
        media_type::OCI_LAYER_GZIP,
        media_type::OCI_LAYER_ZSTD,
        media_type::DOCKER_LAYER_GZIP,
    ];
    vec(descriptors(media_types), 0..5)
}

prop_compose! {
    fn configurations()(
        platform in platforms(),
        diff_ids in vec(digests(), 0..4),
        user in "[a-z0-9:]{0,9}",
        env in vec("[A-Z]{1,5}=[a-z]{0,5}", 0..4),
        entrypoint in vec("[a-z]{1,5}", 0..3),
        cmd in vec("[a-z]{1,5}", 0..3),
        names in vec("[a-z0-9/]{1,9}", 0..4),
        labels in texts(),
        working_dir in "(/[a-z]{1,5}){0,3}",
        created_by in proptest::option::of("[a-z ]{1,9}"),
    ) -> ImageConfig {
        let names: BTreeMap<String, Empty> = names.into_iter().map(|name| (name, Empty {})).collect();
        let defaults = ProcessDefaults {
            user, env, entrypoint, cmd, labels, working_dir,
            exposed_ports: names.clone(),
            volumes: names,
            stop_signal: "SIGQUIT".to_owned(),
            ..ProcessDefaults::default()
        };
        let mut config = ImageConfig::new(platform, defaults, diff_ids);
        let mut step = container_oci::History::default();
        step.set_created_by(created_by);
        config.history.push(step);
        config
    }
}

/// Our document as `oci-spec` reads it, and its bytes when `oci-spec` writes it.
fn through<T: DeserializeOwned + Serialize>(ours: &impl Serialize) -> (T, Vec<u8>) {
    let theirs: T = serde_json::from_slice(&serde_json::to_vec(ours).unwrap()).unwrap();
    let bytes = serde_json::to_vec(&theirs).unwrap();
    (theirs, bytes)
}

proptest! {
    #[test]
    fn values_survive_both_ways(digest in digests(), platform in platforms(), layers in layers()) {
        prop_assert_eq!(Digest::try_from(&standard::Digest::from(&digest)).unwrap(), digest);
        prop_assert_eq!(Platform::from(&standard::Platform::from(&platform)), platform);
        for layer in &layers {
            let (theirs, bytes) = through::<standard::Descriptor>(layer);
            prop_assert_eq!(&theirs, &standard::Descriptor::from(layer));
            prop_assert_eq!(&Descriptor::try_from(&theirs).unwrap(), layer);
            prop_assert_eq!(&serde_json::from_slice::<Descriptor>(&bytes).unwrap(), layer);
        }
    }

    #[test]
    fn manifests_mean_the_same(
        config in descriptors(vec![media_type::OCI_CONFIG, media_type::DOCKER_CONFIG]),
        layers in layers(),
        annotations in texts(),
    ) {
        let mut ours = Manifest::new(config, layers);
        ours.annotations = annotations;
        let (theirs, bytes) = through::<standard::ImageManifest>(&ours);
        prop_assert_eq!(theirs.config(), &standard::Descriptor::from(&ours.config));
        let layers: Vec<_> = ours.layers.iter().map(standard::Descriptor::from).collect();
        prop_assert_eq!(theirs.layers(), &layers);
        prop_assert_eq!(Document::parse(&bytes, None).unwrap().into_manifest().unwrap(), ours);
    }

    #[test]
    fn indexes_mean_the_same(
        manifests in vec(descriptors(vec![media_type::OCI_MANIFEST, media_type::DOCKER_MANIFEST]), 0..5),
        annotations in texts(),
    ) {
        let mut ours = Index::new(manifests);
        ours.annotations = annotations;
        let (theirs, bytes) = through::<standard::ImageIndex>(&ours);
        let listed: Vec<_> = ours.manifests.iter().map(standard::Descriptor::from).collect();
        prop_assert_eq!(theirs.manifests(), &listed);
        prop_assert_eq!(Document::parse(&bytes, None).unwrap().into_index().unwrap(), ours);
    }

    #[test]
    fn configurations_mean_the_same(ours in configurations()) {
        let (theirs, bytes) = through::<standard::ImageConfiguration>(&ours);
        let platform = standard::Platform::from(&ours.platform);
        prop_assert_eq!((theirs.os(), theirs.architecture()), (platform.os(), platform.architecture()));
        let diff_ids: Vec<String> = ours.diff_ids().iter().map(ToString::to_string).collect();
        prop_assert_eq!(theirs.rootfs().diff_ids(), &diff_ids);
        prop_assert_eq!(theirs.history().as_ref().unwrap(), &ours.history);
        prop_assert_eq!(ImageConfig::parse(&bytes).unwrap(), ours);
    }
}
