//! Random images, out of one store and into another: nothing changes on the way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use container_fixtures::tar_of;
use container_image::{ImageStore, LoadOptions, LoadSource, NoProgress, PlatformChoice, SaveFormat, SaveTarget};
use container_oci::{Digest, ImageConfig, Manifest, Platform, ProcessDefaults, Reference, annotation, media_type};
use proptest::prelude::*;
use support::TestStore;
use support::layout::Layout;
use support::platforms::sha256;

/// A layer: how it is packed, and its files.
type Layer = (u8, BTreeMap<String, Vec<u8>>);

#[derive(Debug, Clone)]
struct Image {
    layers: Vec<Layer>,
    names: Vec<String>,
    command: String,
    platform: &'static str,
}

fn any_image() -> impl Strategy<Value = Image> {
    let file = ("[a-z]{1,8}", proptest::collection::vec(any::<u8>(), 0..2000));
    let files = proptest::collection::vec(file, 0..4).prop_map(|files| files.into_iter().collect());
    (
        proptest::collection::vec((0u8..3, files), 0..4),
        proptest::collection::vec("[a-z]{1,6}:[0-9]{1,3}", 1..3),
        "[a-zé\"\\\\]{0,8}",
        prop_oneof![Just(""), Just("linux/s390x")],
    )
        .prop_map(|(layers, names, command, platform)| Image {
            layers,
            names,
            command,
            platform,
        })
}

/// Adds the image to the layout.
fn add(layout: &mut Layout, image: &Image) {
    let mut layers = Vec::new();
    let mut diff_ids = Vec::new();
    for (packing, files) in &image.layers {
        let tar = tar_of(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
        diff_ids.push(sha256(&tar));
        layers.push(match packing {
            0 => layout.blob(media_type::OCI_LAYER, tar),
            1 => {
                let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                packed.write_all(&tar).unwrap();
                layout.blob(media_type::OCI_LAYER_GZIP, packed.finish().unwrap())
            }
            _ => layout.blob(media_type::OCI_LAYER_ZSTD, zstd::encode_all(&tar[..], 1).unwrap()),
        });
    }
    let platform = match image.platform {
        "" => Platform::host(),
        platform => platform.parse().unwrap(),
    };
    let defaults = ProcessDefaults {
        cmd: vec![image.command.clone()],
        ..ProcessDefaults::default()
    };
    let config = ImageConfig::new(platform, defaults, diff_ids);
    let config = layout.blob(media_type::OCI_CONFIG, serde_json::to_vec(&config).unwrap());
    let manifest = serde_json::to_vec(&Manifest::new(config, layers)).unwrap();
    let manifest = layout.blob(media_type::OCI_MANIFEST, manifest);
    for name in &image.names {
        let mut listed = manifest.clone();
        listed
            .annotations
            .insert(annotation::IMAGE_NAME.to_owned(), name.clone());
        layout.listed.push(listed);
    }
}

async fn load(store: &ImageStore, path: &Path) {
    let source = LoadSource::Path(path.to_owned());
    store.load(source, &LoadOptions::default(), &NoProgress).await.unwrap();
}

/// Names, and per name the digests of what it points at, of the configuration and of the layers.
fn contents(
    store: &ImageStore,
    has_same_manifests: bool,
) -> BTreeMap<Reference, (Option<Digest>, Digest, Vec<Digest>)> {
    let images = store.list().unwrap().into_iter();
    images
        .map(|image| {
            let variant = &image.variants[0];
            let root = has_same_manifests.then_some(image.descriptor.digest);
            let content = (root, variant.manifest.config.digest, variant.config.diff_ids().to_vec());
            (image.reference, content)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_is_saved_loads_as_it_was(images in proptest::collection::vec(any_image(), 1..4), format in 0u8..3) {
        let format = [SaveFormat::OciArchive, SaveFormat::OciDirectory, SaveFormat::DockerArchive][usize::from(format)];
        let (test, other) = (TestStore::new(), TestStore::new());
        let path = test.root.path().join("in.tar");
        let mut layout = Layout::default();
        images.iter().for_each(|image| add(&mut layout, image));
        layout.write(&path);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            load(&test.store, &path).await;
            let names: Vec<Reference> = contents(&test.store, true).into_keys().collect();
            let saved = test.root.path().join("out");
            let target = SaveTarget::Path(saved.clone());
            test.store.save(&names, &PlatformChoice::Default, format, target, &NoProgress).await.unwrap();
            load(&other.store, &saved).await;
        });
        // A docker archive has no manifests; what is made of it anew says that the layers are not compressed.
        let has_same_manifests = format != SaveFormat::DockerArchive;
        prop_assert_eq!(contents(&test.store, has_same_manifests), contents(&other.store, has_same_manifests));
    }
}
