//! Indexes and manifests (image-spec `image-index.md`, `manifest.md`), OCI's and Docker's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::lenient::{self, null_default, text_map};
use super::{Descriptor, DocumentError, MANIFEST_LIMIT_BYTES, bounded};
use crate::media_type::{self, MediaType, MediaTypeKind as _};

/// The only schema version there is (image-spec: "MUST be 2").
const SCHEMA_VERSION: u32 = 2;

/// A list of manifests, usually one per platform.
///
/// `oci-spec`'s index refuses `null` for the list, and has the descriptors and annotations that lose their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    schema_version: u32,
    /// Media type of the document itself; older writers leave it out.
    #[serde(
        default,
        deserialize_with = "lenient::media_type",
        skip_serializing_if = "Option::is_none"
    )]
    pub media_type: Option<MediaType>,
    /// What the index lists.
    #[serde(default, deserialize_with = "null_default")]
    pub manifests: Vec<Descriptor>,
    /// Annotations.
    #[serde(default, deserialize_with = "text_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// One image: its configuration and its layers, the base first.
///
/// `oci-spec`'s manifest refuses `null` for the layers, and has the descriptors and annotations that lose their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    schema_version: u32,
    /// Media type of the document itself; older writers leave it out.
    #[serde(
        default,
        deserialize_with = "lenient::media_type",
        skip_serializing_if = "Option::is_none"
    )]
    pub media_type: Option<MediaType>,
    /// The image configuration.
    pub config: Descriptor,
    /// The layers, the base first.
    #[serde(default, deserialize_with = "null_default")]
    pub layers: Vec<Descriptor>,
    /// Annotations.
    #[serde(default, deserialize_with = "text_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// An index or a manifest: what a reference points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// A list of manifests.
    Index(Index),
    /// One image.
    Manifest(Box<Manifest>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: u32,
    #[serde(default, deserialize_with = "lenient::media_type")]
    media_type: Option<MediaType>,
    config: Option<serde::de::IgnoredAny>,
    manifests: Option<serde::de::IgnoredAny>,
}

impl Document {
    /// Reads an index or a manifest. Its own media type decides which, else `hint` (a descriptor's or a response's), else its fields.
    ///
    /// # Errors
    /// [`DocumentError`]; among others for a document that could be read both ways (a known attack on verifiers).
    pub fn parse(bytes: &[u8], hint: Option<&MediaType>) -> Result<Self, DocumentError> {
        let shape: Shape = serde_json::from_slice(bounded(bytes, MANIFEST_LIMIT_BYTES)?)?;
        if shape.schema_version != SCHEMA_VERSION {
            return Err(DocumentError::SchemaVersion {
                found: shape.schema_version,
            });
        }
        let hint = hint.filter(|hint| !hint.is_empty());
        let media_type = shape.media_type.as_ref().or(hint);
        let is_index = media_type.is_some_and(|media_type| media_type.is_index());
        let is_manifest = media_type.is_some_and(|media_type| media_type.is_manifest());
        match (is_index, is_manifest, shape.config.is_some(), shape.manifests.is_some()) {
            (_, false, false, true) => Ok(Self::Index(serde_json::from_slice(bytes)?)),
            (false, _, true, false) => Ok(Self::Manifest(serde_json::from_slice(bytes)?)),
            _ => Err(DocumentError::Kind {
                media_type: media_type.map(ToString::to_string).unwrap_or_default(),
            }),
        }
    }

    /// The document's own media type if it is a known one, else OCI's for its kind.
    #[must_use]
    pub fn media_type(&self) -> MediaType {
        let (own, usual) = match self {
            Self::Index(index) => (
                index.media_type.clone().filter(|own| own.is_index()),
                media_type::OCI_INDEX,
            ),
            Self::Manifest(manifest) => {
                let own = manifest.media_type.clone().filter(|own| own.is_manifest());
                (own, media_type::OCI_MANIFEST)
            }
        };
        own.unwrap_or_else(|| MediaType::from(usual))
    }

    /// The index, if it is one.
    #[must_use]
    pub fn as_index(&self) -> Option<&Index> {
        match self {
            Self::Index(index) => Some(index),
            Self::Manifest(_) => None,
        }
    }

    /// The document as an index.
    ///
    /// # Errors
    /// [`DocumentError::Kind`] when it is none.
    pub fn into_index(self) -> Result<Index, DocumentError> {
        match self {
            Self::Index(index) => Ok(index),
            Self::Manifest(_) => Err(self.wrong_kind()),
        }
    }

    /// The document as a manifest.
    ///
    /// # Errors
    /// [`DocumentError::Kind`] when it is none.
    pub fn into_manifest(self) -> Result<Manifest, DocumentError> {
        match self {
            Self::Manifest(manifest) => Ok(*manifest),
            Self::Index(_) => Err(self.wrong_kind()),
        }
    }

    fn wrong_kind(&self) -> DocumentError {
        DocumentError::OtherKind {
            media_type: self.media_type().to_string(),
        }
    }
}

impl Index {
    /// An OCI index of the given manifests.
    #[must_use]
    pub fn new(manifests: Vec<Descriptor>) -> Self {
        let media_type = Some(MediaType::from(media_type::OCI_INDEX));
        Self {
            schema_version: SCHEMA_VERSION,
            media_type,
            manifests,
            annotations: BTreeMap::new(),
        }
    }
}

impl Manifest {
    /// An OCI manifest of the given parts.
    #[must_use]
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        let media_type = Some(MediaType::from(media_type::OCI_MANIFEST));
        Self {
            schema_version: SCHEMA_VERSION,
            media_type,
            config,
            layers,
            annotations: BTreeMap::new(),
        }
    }

    /// Sum of the sizes of configuration and layers, as stored.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        self.layers.iter().fold(self.config.size_bytes, |sum, layer| {
            sum.saturating_add(layer.size_bytes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use proptest::prelude::*;

    fn image(platform: &str, value: u8) -> Descriptor {
        let platform = if platform.is_empty() {
            None
        } else {
            Some(platform.parse().unwrap())
        };
        Descriptor {
            platform,
            ..Descriptor::new(media_type::OCI_MANIFEST, Digest::Sha256([value; 32]), 1)
        }
    }

    #[test]
    fn an_empty_media_type_counts_as_missing() {
        let descriptor = serde_json::to_value(image("", 1)).unwrap();
        let mut listed = descriptor.clone();
        listed["platform"] = serde_json::json!({"os": "", "architecture": ""});
        listed["annotations"] = serde_json::json!({"a": null});
        listed["urls"] = serde_json::json!([""]);
        let index = serde_json::json!({"schemaVersion":2,"mediaType":"","manifests":[listed]});
        let hint = MediaType::from("");
        let document = Document::parse(index.to_string().as_bytes(), Some(&hint)).unwrap();
        assert_eq!(document.media_type().as_ref(), media_type::OCI_INDEX);
        let index = document.into_index().unwrap();
        assert_eq!(
            (&index.manifests[0].platform, index.manifests[0].urls.len()),
            (&None, 0)
        );
        let manifest = serde_json::json!({"schemaVersion":2,"mediaType":null,"config":descriptor,"layers":null});
        let document = Document::parse(manifest.to_string().as_bytes(), Some(&hint)).unwrap();
        assert_eq!(document.media_type().as_ref(), media_type::OCI_MANIFEST);
        assert!(matches!(document.into_index(), Err(DocumentError::OtherKind { .. })));
    }

    #[test]
    fn ambiguous_foreign_and_old_documents_are_refused() {
        let descriptor = serde_json::to_value(image("", 1)).unwrap();
        let both = serde_json::json!({"schemaVersion":2,"config":descriptor,"layers":[],"manifests":[]});
        assert!(matches!(
            Document::parse(both.to_string().as_bytes(), None),
            Err(DocumentError::Kind { .. })
        ));
        let index = serde_json::json!({"schemaVersion":2,"manifests":null,"mediaType":media_type::OCI_MANIFEST});
        assert!(matches!(
            Document::parse(index.to_string().as_bytes(), None),
            Err(DocumentError::Kind { .. })
        ));
        let old = br#"{"schemaVersion":1,"fsLayers":[]}"#;
        assert!(matches!(
            Document::parse(old, None),
            Err(DocumentError::SchemaVersion { found: 1 })
        ));
        assert!(matches!(Document::parse(b"<html>", None), Err(DocumentError::Json(_))));
        let large = vec![b' '; 4 * 1024 * 1024 + 1];
        assert!(matches!(
            Document::parse(&large, None),
            Err(DocumentError::TooLarge { .. })
        ));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = Document::parse(&bytes, None);
        }

        #[test]
        fn cut_documents_are_refused(cut in 1usize..200) {
            let index = serde_json::to_vec(&Index::new(vec![image("linux/amd64", 1)])).unwrap();
            let end = index.len().saturating_sub(cut);
            prop_assert!(Document::parse(&index[..end], None).is_err());
        }
    }
}
