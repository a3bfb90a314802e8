//! What the tests of several modules are made of.

use container_model::{ContainerId, UnknownFields, upgrade_config};
use container_oci::Digest;
use container_templates::TemplateKey;
use serde_json::{Value, json};

use crate::Engine;
use crate::create::make_writable_disk;

/// Size of a container's own disk.
const DISK_BYTES: u64 = 64 << 20;

impl Engine {
    /// Makes a container that never ran, of an image without layers, with these mounts.
    pub(crate) fn make_stopped(&self, id: &ContainerId, mounts: Value) {
        let bundle = self.containers.bundle(id);
        std::fs::create_dir_all(bundle.directory()).unwrap();
        let record = include_str!("../../model/tests/version1/made/config.json");
        let mut record: UnknownFields = serde_json::from_str(record).unwrap();
        record.remove("version");
        let mut record = upgrade_config(1, record).unwrap();
        record.insert("version".to_owned(), 2.into());
        record.insert("id".to_owned(), id.as_str().into());
        record.insert("mounts".to_owned(), mounts);
        record["image"]["layers"] = json!([]);
        std::fs::write(bundle.config(), serde_json::to_string(&record).unwrap()).unwrap();
        let mut config = self.load(id).unwrap().config;
        config.resources.storage_bytes = Some(DISK_BYTES);
        make_writable_disk(&bundle, &config).unwrap();
    }

    /// Makes a template of an image that is not here; the digest is that of the image's manifest.
    pub(crate) fn make_template(&self, name: &str) -> (TemplateKey, Digest) {
        let key = TemplateKey::of(&[("name", name.to_owned())]);
        let image = format!("sha256:{key}").parse().unwrap();
        let new = self.templates.begin(&key, &image).unwrap().unwrap();
        for path in [new.memory(), new.state(), new.disk()] {
            std::fs::write(path, [1; 10_000]).unwrap();
        }
        new.publish([2; 32]).unwrap();
        (key, image)
    }
}
