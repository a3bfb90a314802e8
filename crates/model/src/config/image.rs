//! The image that a container was made from, and the disks of its layers.

use container_oci::{Descriptor, Digest, Reference};
use serde::{Deserialize, Serialize};

use crate::UnknownFields;

/// The image that a container was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerImage {
    /// Its name when the container was made; it may name another image by now.
    pub reference: Reference,
    /// What the name pointed at: the image's index or manifest.
    pub descriptor: ImageDescriptor,
    /// Digest of the manifest that was chosen for the platform.
    pub manifest_digest: Digest,
    /// What names the disks that make the root file system, the lowest first.
    pub layers: Vec<Layer>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A descriptor of the OCI image specification (`descriptor.md`), with whatever else is written in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageDescriptor {
    /// The fields that the specification names and this program knows.
    #[serde(flatten)]
    pub known: Descriptor,
    /// All others.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl From<Descriptor> for ImageDescriptor {
    fn from(known: Descriptor) -> Self {
        Self {
            known,
            unknown: UnknownFields::new(),
        }
    }
}

/// What names one read-only disk of a container's root file system. The file of the disk is named by [`Layer::disk_id`] alone; the
/// kind says what is on it.
///
/// There are no unknown fields here: something else that names a disk must not be overlooked, so it needs another format version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Layer {
    /// One layer of the image.
    Single {
        /// Digest of the uncompressed layer (OCI image specification, `config.md`, "Layer DiffID").
        diff_id: Digest,
    },
    /// Several of the lowest layers, merged.
    Merged {
        /// Chain id of the highest of them (`config.md`, "Layer ChainID").
        chain_id: Digest,
    },
    /// The directories that the disks below would show wrongly when they are stacked.
    Cover {
        /// Name of the cover, made from the layers that it covers.
        cover_id: Digest,
    },
    /// Any of these: records of version 1 have the name of the disk and not its kind.
    Untold {
        /// Name of the disk.
        disk_id: Digest,
    },
}

impl Layer {
    /// The name of the disk, unique among disks of all kinds.
    #[must_use]
    pub fn disk_id(&self) -> &Digest {
        match self {
            Self::Single { diff_id: id }
            | Self::Merged { chain_id: id }
            | Self::Cover { cover_id: id }
            | Self::Untold { disk_id: id } => id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_way_to_name_a_disk_is_refused() {
        let digest = Digest::Sha256([7; 32]);
        let merged = serde_json::json!({ "kind": "merged", "chainId": digest });
        let layer: Layer = serde_json::from_value(merged.clone()).unwrap();
        assert_eq!(layer, Layer::Merged { chain_id: digest });
        assert_eq!(serde_json::to_value(layer).unwrap(), merged);
        for other in [
            serde_json::json!({ "kind": "merged", "chainId": digest, "offset": 1 }),
            serde_json::json!({ "kind": "part", "chainId": digest }),
            serde_json::json!({ "kind": "single", "chainId": digest }),
        ] {
            assert!(serde_json::from_value::<Layer>(other.clone()).is_err(), "{other}");
        }
    }
}
