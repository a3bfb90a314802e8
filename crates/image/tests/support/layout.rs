//! OCI layouts as tar files, made of whatever the test wants.

use std::collections::BTreeMap;
use std::path::Path;

use container_oci::{Descriptor, ImageConfig, Index, Manifest, Platform, ProcessDefaults, annotation, media_type};
use serde_json::Value;

use super::images::write_tar;
use super::platforms::sha256;

/// The members of a layout.
#[derive(Default)]
pub(crate) struct Layout {
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    /// What `index.json` lists.
    pub(crate) listed: Vec<Descriptor>,
}

impl Layout {
    pub(crate) fn blob(&mut self, media_type: &str, bytes: Vec<u8>) -> Descriptor {
        let digest = sha256(&bytes);
        let descriptor = Descriptor::new(media_type, digest, bytes.len() as u64);
        self.blobs.insert(format!("blobs/sha256/{}", digest.hex()), bytes);
        descriptor
    }

    /// An image without layers for `platform`, whose configuration `change` may change.
    pub(crate) fn image(&mut self, platform: &str, change: impl FnOnce(&mut Value)) -> Descriptor {
        let platform: Platform = platform.parse().unwrap();
        let defaults = ProcessDefaults {
            cmd: vec!["/hello".to_owned()],
            ..ProcessDefaults::default()
        };
        let config = ImageConfig::new(platform.clone(), defaults, Vec::new());
        let mut config = serde_json::to_value(&config).unwrap();
        change(&mut config);
        let config = self.blob(media_type::OCI_CONFIG, serde_json::to_vec(&config).unwrap());
        let manifest = serde_json::to_vec(&Manifest::new(config, Vec::new())).unwrap();
        let mut manifest = self.blob(media_type::OCI_MANIFEST, manifest);
        manifest.platform = Some(platform);
        manifest
    }

    /// An index within the layout.
    pub(crate) fn index(&mut self, listed: Vec<Descriptor>) -> Descriptor {
        let index = serde_json::to_vec(&Index::new(listed)).unwrap();
        self.blob(media_type::OCI_INDEX, index)
    }

    /// Lists `root` under the name.
    pub(crate) fn name(&mut self, mut root: Descriptor, name: &str) {
        root.annotations
            .insert(annotation::IMAGE_NAME.to_owned(), name.to_owned());
        self.listed.push(root);
    }

    pub(crate) fn write(self, path: &Path) {
        let index = serde_json::to_vec(&Index::new(self.listed)).unwrap();
        let mut all = vec![("index.json".to_owned(), index)];
        all.extend(self.blobs);
        write_tar(path, &all);
    }
}
