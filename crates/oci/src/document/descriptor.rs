//! Content descriptors (image-spec `descriptor.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::annotation;
use super::lenient::{platform, text_map, texts};
use crate::digest::Digest;
use crate::media_type::{MediaType, MediaTypeKind as _};
use crate::platform::Platform;
use crate::reference::Reference;

/// Media type, digest and size of some content.
///
/// `oci-spec`'s descriptor writes its annotations in an order of chance, so that equal documents have different digests, and refuses
/// `null` for an annotation. Artifact type and embedded content, which it has and this one drops, are not used. The two convert into each
/// other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type of the content.
    pub media_type: MediaType,
    /// Digest of the content.
    pub digest: Digest,
    /// Size of the content in bytes.
    #[serde(rename = "size")]
    pub size_bytes: u64,
    /// Other places to fetch the content from, for non-distributable layers.
    #[serde(default, deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Annotations.
    #[serde(default, deserialize_with = "text_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Platform of the manifest that is described.
    #[serde(default, deserialize_with = "platform", skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

impl Descriptor {
    /// A descriptor with the required fields only.
    #[must_use]
    pub fn new(media_type: &str, digest: Digest, size_bytes: u64) -> Self {
        Self {
            media_type: MediaType::from(media_type),
            digest,
            size_bytes,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            platform: None,
        }
    }

    /// The descriptor with the name of the image, as Apple's `container` shows it ([`annotation::APPLE_IMAGE_NAME`]).
    #[must_use]
    pub fn with_name(&self, name: &Reference) -> Self {
        let mut named = self.clone();
        let key = annotation::APPLE_IMAGE_NAME.to_owned();
        named.annotations.insert(key, name.to_string());
        named
    }

    /// Whether this describes a provenance or SBOM attestation rather than an image.
    #[must_use]
    pub fn is_attestation(&self) -> bool {
        self.annotations.contains_key(annotation::REFERENCE_TYPE)
            || self.platform.as_ref().is_some_and(Platform::is_unknown)
    }

    /// Whether the content need not be stored with the image: it is a non-distributable layer with addresses to fetch it from.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        !self.urls.is_empty() && self.media_type.is_nondistributable()
    }
}
